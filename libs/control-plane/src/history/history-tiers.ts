export interface Tier {
  readonly seconds: number;
  /** How long its samples are kept, ms. */
  readonly keptMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Finest first. Each but the first is made from the one before. */
export const TIERS = [
  { seconds: 1, keptMs: 15 * MINUTE_MS },
  { seconds: 10, keptMs: 6 * HOUR_MS },
  { seconds: 60, keptMs: 7 * 24 * HOUR_MS },
] as const satisfies readonly Tier[];

export type SeriesKind = 'total' | 'topic' | 'group' | 'group-partition';
export type SeriesMetric = 'in' | 'out' | 'lag';

export interface Grid {
  readonly tierSeconds: number;
  /** Start of the first bucket, ms since epoch. */
  readonly from: number;
  /** Width of a bucket: a multiple of the tier. */
  readonly stepMs: number;
  readonly points: number;
}

/**
 * The finest tier that still holds the start of the range and needs at most `maxPoints` of its
 * samples; when no tier is coarse enough, buckets of the coarsest are merged.
 *
 * @param range ms since epoch, `to` excluded
 */
export function chooseGrid(range: {
  from: number;
  to: number;
  now: number;
  maxPoints: number;
}): Grid {
  const { from, to, now, maxPoints } = range;
  const holding = TIERS.filter((tier) => from >= now - tier.keptMs - tier.seconds * 1_000);
  const candidates = holding.length > 0 ? holding : TIERS.slice(-1);
  const fitting = candidates.find((tier) => countOf(from, to, tier.seconds * 1_000) <= maxPoints);
  const tier = fitting ?? candidates.at(-1) ?? TIERS[0];
  const tierMs = tier.seconds * 1_000;
  let stepMs = tierMs;
  while (countOf(from, to, stepMs) > maxPoints) {
    stepMs += tierMs;
  }
  const start = Math.floor(from / stepMs) * stepMs;
  return { tierSeconds: tier.seconds, from: start, stepMs, points: countOf(from, to, stepMs) };
}

/** Buckets that touch [from, to). */
function countOf(from: number, to: number, stepMs: number): number {
  return Math.max(0, Math.ceil(to / stepMs) - Math.floor(from / stepMs));
}

export interface SamplePoint {
  /** ms since epoch */
  readonly at: number;
  readonly value: number;
}

/**
 * Samples on a grid: the mean of a rate, the maximum of a lag (its peak is the incident), null
 * where nothing was measured, so that a gap stays a gap.
 */
export function toColumns(
  samples: Iterable<SamplePoint>,
  grid: Grid,
  metric: SeriesMetric,
): { at: number[]; value: (number | null)[] } {
  const at = Array.from({ length: grid.points }, (_, index) => grid.from + index * grid.stepMs);
  const value = new Array<number | null>(grid.points).fill(null);
  const counts = new Array<number>(grid.points).fill(0);
  for (const sample of samples) {
    const index = Math.floor((sample.at - grid.from) / grid.stepMs);
    if (index < 0 || index >= grid.points) {
      continue;
    }
    const before = value[index] ?? null;
    const count = (counts[index] ?? 0) + 1;
    counts[index] = count;
    if (before === null) {
      value[index] = sample.value;
    } else if (metric === 'lag') {
      value[index] = Math.max(before, sample.value);
    } else {
      value[index] = before + (sample.value - before) / count;
    }
  }
  return { at, value };
}
