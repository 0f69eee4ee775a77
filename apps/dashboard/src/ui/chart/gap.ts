/**
 * A stretch where arriving exceeds consumed: its outline, arriving side forth, consumed side back.
 */
export interface GapSpan {
  points: { x: number; upper: number; lower: number }[];
}

/**
 * The stretches where `arriving` lies above `consumed`. The crossing of the lines is interpolated,
 * so a stretch begins and ends in a point, except where a null on either side ends it.
 */
export function gapSpans(
  x: readonly number[],
  arriving: readonly (number | null)[],
  consumed: readonly (number | null)[],
): GapSpan[] {
  const spans: GapSpan[] = [];
  let open: GapSpan | null = null;
  let before: { x: number; upper: number; lower: number } | null = null;
  for (let index = 0; index < x.length; index += 1) {
    const upper = arriving[index] ?? null;
    const lower = consumed[index] ?? null;
    if (upper === null || lower === null) {
      open = null;
      before = null;
      continue;
    }
    const point = { x: x[index]!, upper, lower };
    const above = upper > lower;
    if (above !== (before !== null && before.upper > before.lower) && before !== null) {
      const crossing = cross(before, point);
      if (above) spans.push((open = { points: [crossing] }));
      else open?.points.push(crossing);
    }
    if (above) {
      if (!open) spans.push((open = { points: [] }));
      open.points.push(point);
    } else {
      open = null;
    }
    before = point;
  }
  return spans.filter((span) => span.points.length > 1);
}

type Point = GapSpan['points'][number];

function cross(a: Point, b: Point): Point {
  const from = a.upper - a.lower;
  const to = b.upper - b.lower;
  const share = from === to ? 0 : from / (from - to);
  const value = a.upper + (b.upper - a.upper) * share;
  return { x: a.x + (b.x - a.x) * share, upper: value, lower: value };
}
