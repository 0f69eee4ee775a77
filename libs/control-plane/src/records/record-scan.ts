import type { KafkaRecord } from '@platformatic/kafka';
import type { ClusterClient } from '../cluster/index.ts';
import { fetchPart, type PartitionPlace } from './partition-reader.ts';
import {
  isControlBatch,
  offsetAfter,
  recordOffset,
  type RecordView,
  shownBytes,
  toRecordView,
} from './record-view.ts';

const FETCH_BYTES = 1024 * 1024;

/** What one query may look at and keep, over all its partitions. */
export class ScanBudget {
  scanned = 0;
  #keptBytes = 0;
  readonly #deadline: number;
  readonly #limits: { readonly records: number; readonly keptBytes: number };

  constructor(limits: { records: number; keptBytes: number; durationMs: number }) {
    this.#limits = limits;
    this.#deadline = performance.now() + limits.durationMs;
  }

  keep(record: RecordView): void {
    this.#keptBytes += shownBytes(record);
  }

  get exhausted(): boolean {
    return (
      this.scanned >= this.#limits.records ||
      this.#keptBytes >= this.#limits.keptBytes ||
      performance.now() >= this.#deadline
    );
  }
}

export interface ScanResult {
  /** Ascending by offset. */
  readonly records: RecordView[];
  /** Where to go on: everything before it was looked at. */
  readonly nextOffset: number;
}

/**
 * Looks at the records of [from, to) in order and keeps up to `limit` that match.
 *
 * It ends on position, not on record: the last offsets of the range may be a marker of a
 * transaction or may have been compacted away, and then no record ever reaches them.
 */
export async function scanForward(
  client: ClusterClient,
  place: PartitionPlace,
  range: { from: number; to: number; limit: number },
  options: { budget: ScanBudget; matches: (record: KafkaRecord) => boolean },
): Promise<ScanResult> {
  const { budget, matches } = options;
  const records: RecordView[] = [];
  let position = range.from;
  while (position < range.to && records.length < range.limit && !budget.exhausted) {
    const part = await fetchPart(client, place, {
      offset: position,
      bytesMax: FETCH_BYTES,
      waitMs: 0,
    });
    if (part.outOfRange && part.logStartOffset > position) {
      // Retention has moved the log start past us since the range was made.
      position = part.logStartOffset;
      continue;
    }
    if (part.batches.length === 0) {
      return { records, nextOffset: range.to };
    }
    for (const batch of part.batches) {
      for (const record of isControlBatch(batch) ? [] : batch.records) {
        const offset = recordOffset(batch, record);
        if (offset < position || offset >= range.to) {
          continue;
        }
        if (records.length >= range.limit || budget.exhausted) {
          return { records, nextOffset: offset };
        }
        budget.scanned += 1;
        if (matches(record)) {
          const view = toRecordView(place, batch, record);
          budget.keep(view);
          records.push(view);
        }
      }
      position = Math.max(position, offsetAfter(batch));
    }
  }
  return { records, nextOffset: Math.min(position, range.to) };
}

/** The first window of a backward scan: few enough to stay within the budget if each is large. */
const BACKWARD_WINDOW = 32;

/**
 * Keeps the last `limit` matching records before `to`, in windows that go back from the end, each
 * twice as wide as the one before (offsets may be compacted away, records may not match). A window
 * that the budget cut short is left out: what is shown has no hole in it.
 */
export async function scanBackward(
  client: ClusterClient,
  place: PartitionPlace,
  range: { from: number; to: number; limit: number },
  options: { budget: ScanBudget; matches: (record: KafkaRecord) => boolean },
): Promise<RecordView[]> {
  let records: RecordView[] = [];
  let end = range.to;
  let width = Math.min(range.limit, BACKWARD_WINDOW);
  while (end > range.from && records.length < range.limit && !options.budget.exhausted) {
    const start = Math.max(range.from, end - width);
    const window = { from: start, to: end, limit: Number.MAX_SAFE_INTEGER };
    const found = await scanForward(client, place, window, options);
    if (found.nextOffset < end && records.length > 0) {
      break;
    }
    records = [...found.records, ...records].slice(-range.limit);
    end = start;
    width *= 2;
  }
  return records;
}
