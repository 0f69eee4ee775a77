import type { SeriesKind, SeriesMetric } from '../generated/graphql.ts';

/** One measured quantity: kind, subject (`*` for the total) and what of it. */
export interface SeriesKey {
  kind: SeriesKind;
  subject: string;
  metric: SeriesMetric;
}

/**
 * Samples of one series: columns of equal length, times in ms ascending, null where not measured.
 */
export interface Samples {
  at: readonly number[];
  value: readonly (number | null)[];
}

/** Series on one time axis; `x` in seconds, as the chart wants it. */
export interface Aligned {
  x: number[];
  ys: (number | null)[][];
}

export function seriesId(key: SeriesKey): string {
  return `${key.kind}|${key.subject}|${key.metric}`;
}

/** Lag keeps its peak within a bucket, because the peak is the incident; rates are averaged. */
export function bucketed(samples: Samples, stepMs: number, metric: SeriesMetric): Samples {
  const at: number[] = [];
  const value: (number | null)[] = [];
  let count = 0;
  for (let index = 0; index < samples.at.length; index += 1) {
    const bucket = Math.floor(samples.at[index]! / stepMs) * stepMs;
    const sample = samples.value[index] ?? null;
    const last = at.length - 1;
    if (last < 0 || at[last] !== bucket) {
      at.push(bucket);
      value.push(sample);
      count = sample === null ? 0 : 1;
    } else if (sample !== null) {
      const before = value[last] ?? null;
      if (before === null) value[last] = sample;
      else if (metric === 'LAG') value[last] = Math.max(before, sample);
      else value[last] = (before * count + sample) / (count + 1);
      count += 1;
    }
  }
  return { at, value };
}

/** History first, then what came live after its last sample. */
export function joined(history: Samples | undefined, live: Samples): Samples {
  if (!history || history.at.length === 0) return live;
  const end = history.at[history.at.length - 1]!;
  const from = live.at.findIndex((time) => time > end);
  if (from < 0) return history;
  return {
    at: [...history.at, ...live.at.slice(from)],
    value: [...history.value, ...live.value.slice(from)],
  };
}

/**
 * Puts series on one axis. Where two neighbouring times lie further apart than `holeMs`, a row of
 * nulls is put between them, so that the line breaks: a gap in the data is a gap in the chart.
 */
export function align(columns: readonly Samples[], holeMs: number): Aligned {
  const times = new Set<number>();
  for (const column of columns) for (const time of column.at) times.add(time);
  const sorted = [...times].sort((a, b) => a - b);
  const axis: number[] = [];
  for (const [index, time] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before !== undefined && time - before > holeMs) axis.push(before + 1);
    axis.push(time);
  }
  const rowOf = new Map(axis.map((time, row) => [time, row]));
  const ys = columns.map((column) => {
    const y: (number | null)[] = Array.from({ length: axis.length }, () => null);
    column.at.forEach((time, index) => {
      y[rowOf.get(time)!] = column.value[index] ?? null;
    });
    return y;
  });
  return { x: axis.map((time) => time / 1000), ys };
}

/** Sum over series at each time; null only where none was measured. */
export function summed(ys: readonly (readonly (number | null)[])[]): (number | null)[] {
  const length = ys[0]?.length ?? 0;
  return Array.from({ length }, (_, row) => {
    let sum: number | null = null;
    for (const y of ys) {
      const value = y[row];
      if (value !== null && value !== undefined) sum = (sum ?? 0) + value;
    }
    return sum;
  });
}
