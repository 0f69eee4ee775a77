import { useRef, useSyncExternalStore } from 'react';
import { liveStore } from '../live/live-store.ts';
import { bucketed, type SeriesKey } from '../live/series.ts';
import { sparklinePath } from './sparkline-path.ts';

const spanMs = 900_000;
const bucketMs = 15_000;
/**
 * A sparkline shows a trend: it is drawn anew every 5 s, and each drawing is one stable snapshot.
 */
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
