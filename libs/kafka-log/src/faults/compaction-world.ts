import type { LogRecord, RecordBatchInput } from '@penstock/kafka-protocol';
import { decodeRecords, encodeRecordBatch, recordBatches } from '@penstock/kafka-protocol';
import { compressionCodecs } from '../codecs.ts';
import { LogWorld, readAllBatches } from './log-world.ts';
import type { LogConfig } from '../log-config.ts';
import type { LogManagerOptions } from '../log-manager.ts';
import type { PartitionLog } from '../partition-log.ts';
import type { AppendAccepted } from '../results.ts';

/** A key and its value; null is a tombstone. */
export type Entry = readonly [key: string | null, value: string | null];

/** A compacted topic on a simulated machine, with segments of a few records each. */
export class CompactionWorld extends LogWorld {
  constructor(config: Partial<LogConfig> = {}, options: Partial<LogManagerOptions> = {}) {
    const small = { segmentBytes: 400, indexIntervalBytes: 100 };
    super({ ...options, config: { cleanupPolicy: ['compact'], ...small, ...config } });
  }

  configure(config: Partial<LogConfig>): void {
    this.config = { ...this.config, ...config };
    this.manager.configureTopic('orders', this.config);
  }

  /** Appends one batch. */
  put(entries: readonly Entry[], more: Partial<RecordBatchInput> = {}): AppendAccepted {
    const records = entries.map(([key, value]) => ({
      timestamp: this.clock.now(),
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
    }));
    const batch = encodeRecordBatch({ records, codecs: compressionCodecs, ...more });
    const result = this.tryAppend(this.log(), batch);
    if (!result.ok) throw new Error(result.message);
    return result;
  }

  /**
   * Seals what was written, since the active segment is never compacted; that holds one record
   * then.
   */
  async seal(): Promise<void> {
    for (let i = 0; i < 2; i++) this.put([['seal', 'x'.repeat(250)]]);
    await this.settle();
  }

  async compact(): Promise<void> {
    let isDone = false;
    void this.manager.compact().then(() => (isDone = true));
    while (!isDone) await this.settle();
  }

  get segmentPaths(): string[] {
    return this.files.paths.filter((path) => path.endsWith('.log')).sort();
  }

  /** Base offset of the active segment. */
  get activeBase(): number {
    return Number(/(\d+)\.log$/.exec(this.segmentPaths.at(-1)!)![1]);
  }

  /** Files of an unfinished compaction. */
  get leftovers(): string[] {
    return this.files.paths.filter((path) => /cleaned|swap/.test(path));
  }
}

/** All records that can be read. */
export function recordsOf(log: PartitionLog): LogRecord[] {
  const bytes = readAllBatches(log, log.logStartOffset);
  return [...recordBatches(bytes)].flatMap((slice) => [
    ...decodeRecords(bytes, slice, compressionCodecs),
  ]);
}

/** All records as `offset key=value`, except those that seal segments. */
export function contents(log: PartitionLog): string[] {
  return recordsOf(log)
    .filter(({ key }) => String(key) !== 'seal')
    .map(
      ({ offset, key, value }) =>
        `${offset} ${String(key)}=${value === null ? '-' : String(value)}`,
    );
}
