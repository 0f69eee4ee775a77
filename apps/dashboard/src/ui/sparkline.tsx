import { useRef, useSyncExternalStore } from 'react';
import { liveStore } from '../live/live-store.ts';
import { bucketed, type Samples, type SeriesKey } from '../live/series.ts';

/**
 * Path of a sparkline over `[from, to]` ms. Its own minimum and maximum, but never less than 25 % of
 * the mean to either side, so that a steady series looks steady; null breaks the line.
 */
export function sparklinePath(
  samples: Samples,
  box: { from: number; to: number; width: number; height: number },
): { path: string; last: { x: number; y: number } | null } {
  const known = samples.value.filter((value): value is number => value !== null);
  if (known.length < 2) return { path: '', last: null };
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const slack = Math.max(mean * 0.25, 1e-9);
  const low = Math.min(mean - slack, ...known);
  const high = Math.max(mean + slack, ...known);
  let path = '';
  let drawing = false;
  let last: { x: number; y: number } | null = null;
  samples.value.forEach((value, index) => {
    if (value === null) {
      drawing = false;
      return;
    }
    const x = round(((samples.at[index]! - box.from) / (box.to - box.from)) * box.width);
    const y = round(box.height - ((value - low) / (high - low)) * box.height);
    path += `${drawing ? 'L' : 'M'}${x} ${y}`;
    drawing = true;
    last = { x, y };
  });
  return { path, last };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

const spanMs = 900_000;
const bucketMs = 15_000;
/** A sparkline shows a trend: it is drawn anew every 5 s, and each drawing is one stable snapshot. */
const redrawMs = 5_000;

/** The last 15 minutes of one live series; hidden from assistive readers. */
export function Sparkline(props: {
  series: SeriesKey;
  color?: string;
  width?: number;
  height?: number;
}) {
  const { series, color = 'var(--ctl)', width = 60, height = 16 } = props;
  const cache = useRef({ slot: Number.NaN, path: '', x: -9, y: -9 });
  const drawn = useSyncExternalStore(liveStore.subscribe, () => {
    const to = liveStore.shownAt;
    const slot = Math.floor(to / redrawMs) + liveStore.historyVersion * 1e12;
    if (slot !== cache.current.slot) {
      const samples = bucketed(liveStore.window(series, to - spanMs, to), bucketMs, series.metric);
      const box = { from: to - spanMs, to, width: width - 4, height: height - 4 };
      const { path, last } = sparklinePath(samples, box);
      cache.current = { slot, path, ...(last ?? { x: -9, y: -9 }) };
    }
    return cache.current;
  });
  return (
    <svg width={width} height={height} aria-hidden="true">
      <g transform="translate(1 2)">
        <path d={drawn.path} fill="none" stroke={color} strokeWidth="1.25" strokeLinejoin="round" />
        {drawn.path && <circle cx={drawn.x} cy={drawn.y} r="2" fill={color} />}
      </g>
    </svg>
  );
}
