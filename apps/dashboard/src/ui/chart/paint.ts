import type uPlot from 'uplot';
import { formatRate } from '../numbers.ts';
import type { ChartData, ChartLine } from './chart-data.ts';
import { gapSpans } from './gap.ts';
import { spreadLabels } from './scale.ts';

/** What uPlot does not draw: the gap, line ends with their labels, annotations, the baseline. */

const family = '"IBM Plex Sans Variable", system-ui, sans-serif';
/** Below this width, labels at the lines' ends are short. */
export const narrowPx = 420;
export const axisFont = `11px ${family}`;

/** Value of a colour token of the present scheme, e.g. `--accf`. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A token's colour with an opacity, as 8-digit hex. */
export function tokenWithAlpha(name: string, alpha: number): string {
  const byte = Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0');
  return token(name) + byte;
}

export function paintBelow(u: uPlot, data: ChartData): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.fillStyle = token('--line2');
  ctx.fillRect(bbox.left, bbox.top + bbox.height - 1, bbox.width, devicePixelRatio);
  ctx.restore();
  if (data.gap) paintGap(u, data);
}

function paintGap(u: uPlot, data: ChartData): void {
  const arriving = data.lines[data.gap!.arriving];
  const consumed = data.lines[data.gap!.consumed];
  if (!arriving || !consumed) return;
  const { ctx } = u;
  ctx.save();
  ctx.fillStyle = tokenWithAlpha('--behindf', 0.2);
  const spans = gapSpans(data.x, arriving.values, consumed.values);
  for (const span of spans) {
    ctx.beginPath();
    for (const point of span.points) {
      ctx.lineTo(u.valToPos(point.x, 'x', true), u.valToPos(point.upper, 'y', true));
    }
    for (const point of span.points.toReversed()) {
      ctx.lineTo(u.valToPos(point.x, 'x', true), u.valToPos(point.lower, 'y', true));
    }
    ctx.fill();
  }
  ctx.restore();
  const last = spans.at(-1)?.points[0];
  if (last) paintShortfall(u, data, { arriving, consumed, from: u.valToPos(last.x, 'x', true) });
}

/** Writes the gap's size inside it, once, where the gap reaches the end and is high enough. */
function paintShortfall(
  u: uPlot,
  data: ChartData,
  span: { arriving: ChartLine; consumed: ChartLine; from: number },
): void {
  const { arriving, consumed, from } = span;
  const short = data.gap!.shortPerSecond;
  const row = data.x.length - 1;
  const upper = arriving.values[row];
  const lower = consumed.values[row];
  if (short === null || upper == null || lower == null || upper <= lower) return;
  const top = u.valToPos(upper, 'y', true);
  const bottom = u.valToPos(lower, 'y', true);
  if (bottom - top < 16 * devicePixelRatio) return;
  const { ctx, bbox } = u;
  ctx.save();
  ctx.font = `600 ${12 * devicePixelRatio}px ${family}`;
  ctx.fillStyle = token('--behind');
  ctx.textAlign = 'right';
  ctx.textBaseline = 'middle';
  const x = bbox.left + bbox.width - 24 * devicePixelRatio;
  const text = `${formatRate(short)} short`;
  if (x - ctx.measureText(text).width > from) ctx.fillText(text, x, (top + bottom) / 2);
  ctx.restore();
}

export function paintAbove(u: uPlot, data: ChartData): void {
  paintAnnotations(u, data);
  paintEnds(u, data);
}

function paintAnnotations(u: uPlot, data: ChartData): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `${11 * ratio}px ${family}`;
  ctx.textBaseline = 'middle';
  let clearFrom = bbox.left;
  for (const annotation of data.annotations ?? []) {
    const x = u.valToPos(annotation.at, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const y = bbox.top - 5 * ratio;
    ctx.strokeStyle = token('--ink3');
    ctx.lineWidth = ratio;
    ctx.setLineDash([2 * ratio, 2.5 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, y + 5 * ratio);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillStyle = token('--ink2');
    ctx.beginPath();
    for (const [dx, dy] of [
      [0, -4],
      [4, 0],
      [0, 4],
      [-4, 0],
    ] as const) {
      ctx.lineTo(x + dx * ratio, y + dy * ratio);
    }
    ctx.fill();
    const onRight = x < bbox.left + bbox.width / 4;
    const width = ctx.measureText(annotation.text).width + 14 * ratio;
    const start = onRight ? x : x - width;
    if (start < clearFrom) continue;
    clearFrom = onRight ? x + width : x;
    ctx.fillStyle = token('--ink2');
    ctx.textAlign = onRight ? 'left' : 'right';
    ctx.fillText(annotation.text, x + (onRight ? 8 : -8) * ratio, y);
  }
  ctx.restore();
}

interface LineEnd {
  line: ChartLine;
  x: number;
  y: number;
}

function paintEnds(u: uPlot, data: ChartData): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const ends: LineEnd[] = [];
  for (const line of data.lines) {
    const row = line.values.findLastIndex((value) => value !== null);
    if (row < 0) continue;
    const y = u.valToPos(line.values[row]!, 'y', true);
    ends.push({ line, x: u.valToPos(data.x[row]!, 'x', true), y });
  }
  ctx.save();
  for (const { line, x, y } of ends) {
    ctx.fillStyle = token(line.color);
    ctx.beginPath();
    ctx.arc(x, y, 2.75 * ratio, 0, 2 * Math.PI);
    ctx.fill();
  }
  const withNote = ends.some((end) => end.line.note);
  const labelled = ends.filter((end) => end.line.label);
  const places = spreadLabels(
    labelled.map((end) => end.y),
    (withNote ? 28 : 16) * ratio,
    bbox.top + 2 * ratio,
    bbox.top + bbox.height - (withNote ? 14 : 0) * ratio,
  );
  const x = bbox.left + bbox.width + 10 * ratio;
  const isNarrow = u.width < narrowPx;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  labelled.forEach(({ line }, index) => {
    const y = places[index]!;
    ctx.font = `${line.textColor === '--ink3' ? 400 : 550} ${12 * ratio}px ${family}`;
    ctx.fillStyle = token(line.textColor);
    const label = isNarrow ? (line.shortLabel ?? line.label) : line.label;
    ctx.fillText(fitted(ctx, label, (isNarrow ? 66 : 104) * ratio), x, y);
    if (!line.note) return;
    ctx.font = `${11 * ratio}px ${family}`;
    ctx.fillStyle = token('--ink3');
    ctx.fillText(line.note, x, y + 13 * ratio);
  });
  ctx.restore();
}

function fitted(ctx: CanvasRenderingContext2D, text: string, width: number): string {
  if (ctx.measureText(text).width <= width) return text;
  let length = text.length - 1;
  while (length > 4 && ctx.measureText(`${text.slice(0, length)}…`).width > width) length -= 1;
  return `${text.slice(0, length)}…`;
}
