import type { Aggregation } from '../definition/pipeline-definition.ts';
import { type Emission, PoisonRecord } from './record-processing.ts';

/** Accumulators by key. Kept in checkpoints as one JSON object. */
export type Accumulators = Map<string, unknown>;

/** A checkpoint keeps all keys of a partition in one database row: more does not belong there. */
export const ACCUMULATORS_BYTES_MAX = 64 * 1024 * 1024;

/** Adds one emission to its key's accumulator. Throws PoisonRecord when a function of it throws. */
export function accumulate(
  aggregation: Aggregation,
  accumulators: Accumulators,
  { value, context }: Emission,
): void {
  try {
    const key = aggregation.key(value, context);
    if (typeof key !== 'string') {
      throw new TypeError(`the key is ${String(key)}, not a string`);
    }
    const before = accumulators.has(key) ? accumulators.get(key) : aggregation.init(key);
    accumulators.set(key, aggregation.add(before, value, context));
  } catch (cause) {
    throw new PoisonRecord(`aggregate ${aggregation.label}`, cause);
  }
}

export function serializeAccumulators(accumulators: Accumulators): string {
  const text = JSON.stringify([...accumulators]);
  if (text.length > ACCUMULATORS_BYTES_MAX) {
    throw new RangeError(
      `the aggregate holds ${accumulators.size} keys in ${text.length} bytes; ` +
        `${ACCUMULATORS_BYTES_MAX} bytes per partition is the most`,
    );
  }
  return text;
}

export function parseAccumulators(text: string | null): Accumulators {
  return new Map(text === null ? [] : (JSON.parse(text) as [string, unknown][]));
}

/** One row of a result. */
export interface ResultRow {
  readonly key: string;
  readonly row: unknown;
}

/** Joins the partitions' accumulators; rows are sorted by key, so that a rerun writes the same. */
export function resultRows(
  aggregation: Aggregation,
  partitions: readonly Accumulators[],
): ResultRow[] {
  const merged: Accumulators = new Map();
  for (const accumulators of partitions) {
    for (const [key, value] of accumulators) {
      merged.set(key, merged.has(key) ? aggregation.merge(merged.get(key), value) : value);
    }
  }
  return [...merged]
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([key, value]) => ({ key, row: aggregation.result(key, value) }));
}
