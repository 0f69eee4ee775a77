import type { RecordView } from './record-view.ts';

/**
 * The first `limit` records of several partitions, by time, keeping each partition's own order (its
 * timestamps need not ascend, its offsets do).
 */
export function mergeOldest(parts: readonly RecordView[][], limit: number): RecordView[] {
  const heads = parts.map(() => 0);
  return take(
    parts,
    limit,
    (part, index) => part[heads[index] ?? 0],
    (index) => {
      heads[index] = (heads[index] ?? 0) + 1;
    },
    (a, b) => a.timestamp < b.timestamp,
  );
}

/** The last `limit` records of several partitions, newest first, keeping each partition's order. */
export function mergeNewest(parts: readonly RecordView[][], limit: number): RecordView[] {
  const tails = parts.map((part) => part.length - 1);
  return take(
    parts,
    limit,
    (part, index) => part[tails[index] ?? -1],
    (index) => {
      tails[index] = (tails[index] ?? 0) - 1;
    },
    (a, b) => a.timestamp > b.timestamp,
  );
}

function take(
  parts: readonly RecordView[][],
  limit: number,
  candidateOf: (part: RecordView[], index: number) => RecordView | undefined,
  advance: (index: number) => void,
  goesBefore: (a: RecordView, b: RecordView) => boolean,
): RecordView[] {
  const taken: RecordView[] = [];
  while (taken.length < limit) {
    let best: { record: RecordView; index: number } | null = null;
    for (const [index, part] of parts.entries()) {
      const record = candidateOf(part, index);
      if (record !== undefined && (best === null || goesBefore(record, best.record))) {
        best = { record, index };
      }
    }
    if (best === null) {
      break;
    }
    taken.push(best.record);
    advance(best.index);
  }
  return taken;
}
