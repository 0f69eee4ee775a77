/**
 * Lag in records: what lies between the committed offset and the log end. Null is "unknown": no
 * commit yet, or the end could not be read. A commit beyond the end (read a moment before a
 * truncation, or left from a deleted topic of the same name) is lag 0, never negative.
 */
export function partitionLag(
  committedOffset: number | null | undefined,
  endOffset: number | null | undefined,
): number | null {
  if (committedOffset == null || endOffset == null) {
    return null;
  }
  return Math.max(0, endOffset - committedOffset);
}

/** Sum of what is known; null when nothing is. An unknown part never turns a sum into nonsense. */
export function sumKnown(values: Iterable<number | null>): number | null {
  let sum: number | null = null;
  for (const value of values) {
    if (value !== null && Number.isFinite(value)) {
      sum = (sum ?? 0) + value;
    }
  }
  return sum;
}
