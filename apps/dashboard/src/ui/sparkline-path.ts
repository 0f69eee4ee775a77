import type { Samples } from '../live/series.ts';

/**
 * Path of a sparkline over `[from, to]` ms. Its own minimum and maximum, but never less than 25 %
 * of the mean to either side, so that a steady series looks steady; null breaks the line.
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
