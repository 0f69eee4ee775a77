import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { liveStore } from '../../live/live-store.ts';
import { formatDate, formatFull, formatMinute, formatTime, useZone } from '../time.ts';
import type { ChartData } from './chart-data.ts';
import { useTablesShown } from './chart-table.ts';
import { axisFont, narrowPx, paintAbove, paintBelow, token, tokenWithAlpha } from './paint.ts';
import { SteadyScale, timeSplits } from './scale.ts';
import './chart.css';

export interface LineChartProps {
  /** What the chart shows, for those who do not see it. */
  title: string;
  height: number;
  rangeSeconds: number;
  /** Builds the data at the moment of drawing; called at most once per frame of the stream. */
  read: () => ChartData;
  /** Changes when `read` would give something else although no frame came. */
  version: unknown;
  formatAxis: (value: number) => string;
  formatValue: (value: number | null) => string;
  /** What one point stands for when it is not one second, e.g. `10 s mean`. */
  pointNote?: string;
  /** Said in the middle while there is nothing to draw. */
  emptyText: string;
}

/**
 * uPlot, drawn when data comes and at no other time: a frame or a new `version` marks the chart
 * dirty, one animation frame draws it. Null breaks the line. The same data as a table on `.`.
 */
export function LineChart(props: LineChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  const drawing = useRef<Drawing>(null);
  const scheme = useComputedColorScheme('light');
  const zone = useZone();
  const asTable = useTablesShown();
  const [isEmpty, setEmpty] = useState(true);
  useLayoutEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    if (!host.current || !tip.current) return;
    const current = new Drawing(host.current, tip.current, () => latest.current, setEmpty);
    drawing.current = current;
    return () => {
      drawing.current = null;
      current.destroy();
    };
  }, [scheme, zone, props.height]);
  useEffect(() => drawing.current?.markDirty(), [props.version, props.rangeSeconds, asTable]);
  return (
    <div className="chart">
      <div ref={host} role="img" aria-label={props.title} style={{ height: props.height }} />
      <div ref={tip} className="chart-tip" aria-hidden="true" />
      {isEmpty && <p className="chart-empty">{props.emptyText}</p>}
      {asTable && <DataTable {...props} />}
    </div>
  );
}

function DataTable({ title, read, formatValue }: LineChartProps) {
  const data = read();
  const rows = data.x.length;
  const step = Math.max(1, Math.ceil(rows / 20));
  const shown = data.x.map((_, row) => row).filter((row) => (rows - 1 - row) % step === 0);
  return (
    <div className="chart-table" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
      <table className="table dense">
        <thead>
          <tr>
            <th scope="col">Time</th>
            {data.lines.map((line) => (
              <th scope="col" className="num" key={line.key}>
                {line.key}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={data.x[row]}>
              <th scope="row">{formatTime(data.x[row]! * 1000)}</th>
              {data.lines.map((line) => (
                <td className="num" key={line.key}>
                  {formatValue(line.values[row] ?? null)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The uPlot behind one chart, rebuilt only when its set of lines changes. */
class Drawing {
  readonly #host: HTMLElement;
  readonly #tip: HTMLElement;
  readonly #props: () => LineChartProps;
  readonly #setEmpty: (empty: boolean) => void;
  readonly #scale = new SteadyScale();
  readonly #resize: ResizeObserver;
  readonly #unsubscribe: () => void;
  #plot: uPlot | undefined;
  #signature = '';
  #data: ChartData = { x: [], lines: [] };
  #frame = 0;
  #shownAt = 0;

  constructor(
    host: HTMLElement,
    tip: HTMLElement,
    props: () => LineChartProps,
    setEmpty: (empty: boolean) => void,
  ) {
    this.#host = host;
    this.#tip = tip;
    this.#props = props;
    this.#setEmpty = setEmpty;
    this.#resize = new ResizeObserver(() => {
      this.#plot?.setSize({ width: host.clientWidth, height: props().height });
    });
    this.#resize.observe(host);
    this.#unsubscribe = liveStore.subscribe(() => {
      if (liveStore.shownAt !== this.#shownAt) this.markDirty();
    });
    void document.fonts.ready.then(() => this.markDirty());
    this.markDirty();
  }

  markDirty(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = -1;
    this.#unsubscribe();
    this.#resize.disconnect();
    this.#plot?.destroy();
  }

  #draw(): void {
    const { read, rangeSeconds, title, formatValue } = this.#props();
    this.#shownAt = liveStore.shownAt;
    this.#data = read();
    const { x, lines } = this.#data;
    const values = lines.map((line) => line.values as (number | null)[]);
    const signature = lines.map((line) => `${line.key}${line.color}${line.width}`).join('|');
    if (!this.#plot || signature !== this.#signature) {
      this.#plot?.destroy();
      this.#signature = signature;
      this.#plot = new uPlot(this.#options(), [[], ...values.map(() => [])], this.#host);
    }
    const plot = this.#plot;
    let max = 0;
    for (const column of values) for (const value of column) max = Math.max(max, value ?? 0);
    const { max: top } = this.#scale.next(max, performance.now());
    const to = this.#shownAt / 1000;
    plot.batch(() => {
      plot.setData([x as number[], ...values], false);
      plot.setScale('x', { min: to - rangeSeconds, max: to });
      plot.setScale('y', { min: 0, max: top });
    });
    this.#setEmpty(!values.some((column) => column.some((value) => value !== null)));
    const last = lines.map((line) => `${line.key} ${formatValue(lastOf(line.values))}`);
    this.#host.setAttribute('aria-label', `${title}. Now: ${last.join(', ') || 'nothing yet'}.`);
  }

  #options(): uPlot.Options {
    const { height, formatAxis } = this.#props();
    const width = this.#host.clientWidth;
    const labelWidth = width < narrowPx ? 76 : 114;
    const scale = this.#scale;
    return {
      width,
      height,
      padding: [14, labelWidth, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: false, y: false },
        sync: { key: 'penstock', scales: ['x', null] },
      },
      scales: {
        x: { time: true, auto: false },
        y: { auto: false, range: (_u, min, max) => [min, max] },
      },
      axes: [
        {
          stroke: () => token('--ink3'),
          font: axisFont,
          size: 24,
          gap: 7,
          grid: { show: false },
          ticks: { show: false },
          splits: (u, _axis, min, max) =>
            timeSplits(min, max, Math.max(2, Math.floor(u.bbox.width / devicePixelRatio / 70))),
          values: (u, splits) => splits.map((at) => axisTime(at, u)),
        },
        {
          stroke: () => token('--ink3'),
          font: axisFont,
          size: 36,
          gap: 8,
          grid: { stroke: () => token('--line'), width: 1 },
          ticks: { show: false },
          splits: (_u, _axis, _min, max) => {
            const { step } = scale.current;
            return Array.from({ length: Math.round(max / step) + 1 }, (_, line) => line * step);
          },
          values: (_u, splits) => splits.map(formatAxis),
        },
      ],
      series: [
        {},
        ...this.#props()
          .read()
          .lines.map((line) => ({
            label: line.key,
            stroke: () => token(line.color),
            ...(line.filled ? { fill: () => tokenWithAlpha(line.color, 0.1) } : {}),
            width: line.width,
            points: { show: false },
            spanGaps: false,
          })),
      ],
      hooks: {
        drawAxes: [(u) => paintBelow(u, this.#data)],
        draw: [(u) => paintAbove(u, this.#data)],
        setCursor: [(u) => this.#showTip(u)],
      },
    };
  }

  /** Only the chart under the pointer opens a tip; the others share its crosshair. */
  #showTip(u: uPlot): void {
    const { idx, left } = u.cursor;
    const hovered = u.over.matches(':hover');
    const open = hovered && idx !== null && idx !== undefined && (left ?? -1) >= 0;
    this.#tip.dataset['open'] = String(open);
    if (!open) return;
    const { formatValue } = this.#props();
    const time = document.createElement('time');
    const { pointNote } = this.#props();
    time.textContent = formatFull(this.#data.x[idx]! * 1000) + (pointNote ? `, ${pointNote}` : '');
    const rows = this.#data.lines.map((line) => {
      const row = document.createElement('div');
      const name = document.createElement('span');
      name.textContent = line.key;
      name.style.color = `var(${line.textColor})`;
      const value = document.createElement('b');
      value.textContent = formatValue(line.values[idx] ?? null);
      row.append(name, value);
      return row;
    });
    this.#tip.replaceChildren(time, ...rows);
    const x = (left ?? 0) + u.over.offsetLeft;
    const flip = x > this.#host.clientWidth / 2;
    this.#tip.style.transform = `translate(${flip ? x - this.#tip.offsetWidth - 12 : x + 12}px, 16px)`;
  }
}

function axisTime(at: number, u: uPlot): string {
  const range = (u.scales['x']!.max ?? 0) - (u.scales['x']!.min ?? 0);
  return range > 172_800 ? formatDate(at * 1000) : formatMinute(at * 1000);
}

function lastOf(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}
