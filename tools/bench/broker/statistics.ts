/** The mean of ratios and how far they lie apart. */
export interface Ratio {
  /** Geometric mean. */
  readonly mean: number;
  /** Standard deviation of their logarithms as a fraction: 0.1 means ± 10 %. */
  readonly spread: number;
}

/** Of ratios a mean is geometric: 2 and ½ are as far from 1. */
export function ratioOf(
  pairs: readonly (readonly [numerator: number, denominator: number])[],
): Ratio {
  const logs = pairs.map(([numerator, denominator]) => Math.log(numerator / denominator));
  const mean = logs.reduce((sum, each) => sum + each, 0) / logs.length;
  const squares = logs.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  const deviation = logs.length < 2 ? 0 : Math.sqrt(squares / (logs.length - 1));
  return { mean: Math.exp(mean), spread: Math.exp(deviation) - 1 };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The smallest value that is not below `percent` % of them. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!;
}

/** In which order a pair is measured: ABBA, so that a drift of the machine cancels out. */
export function inTurn<T>(first: readonly T[], pair: number): T[] {
  return pair % 2 === 0 ? [...first] : first.toReversed();
}
