import type { LogConfig } from './log-config.ts';
import type { AppendResult, Damage, ReadResult, TimestampAndOffset } from './results.ts';

export interface AppendOptions {
  readonly leaderEpoch: number;
  /** Wall clock in ms, read once per request. */
  readonly now: number;
}

export interface ReadOptions {
  /** Stop before the batch that begins at or after this offset; default: the high watermark. */
  readonly endOffset?: number;
  /** Give the first batch even if it is longer than `maxBytes` (KIP-74). */
  readonly minOneBatch?: boolean;
}

/**
 * One partition's log.
 *
 * Invariants: logStartOffset <= highWatermark <= logEndOffset; in fsync mode
 * highWatermark = durableEndOffset; offsets are never used twice.
 */
export class PartitionLog {
  readonly topic: string;
  readonly partition: number;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get logStartOffset(): number {
    throw new Error('not built yet');
  }
  get logEndOffset(): number {
    throw new Error('not built yet');
  }
  /** Everything below is on the disk. */
  get durableEndOffset(): number {
    throw new Error('not built yet');
  }
  /** Everything below may be read: the durable end in fsync mode, the log end in os mode. */
  get highWatermark(): number {
    throw new Error('not built yet');
  }
  /** First offset of the earliest open transaction, else the high watermark. */
  get lastStableOffset(): number {
    throw new Error('not built yet');
  }
  get sizeBytes(): number {
    throw new Error('not built yet');
  }
  /** Why the partition takes no more writes; undefined while it does. */
  get offlineReason(): string | undefined {
    throw new Error('not built yet');
  }
  get damages(): readonly Damage[] {
    throw new Error('not built yet');
  }
  get config(): LogConfig {
    throw new Error('not built yet');
  }
  set config(_config: LogConfig) {
    throw new Error('not built yet');
  }

  /**
   * Checks and writes one batch, synchronously; the batch's base offset and leader epoch are
   * patched in `batch` itself.
   */
  append(_batch: Buffer, _options: AppendOptions): AppendResult {
    throw new Error('not built yet');
  }

  /**
   * Resolves when everything below `offset` is on the disk (in os mode at once). For an append,
   * pass `lastOffset + 1`. Rejects with PartitionOfflineError if it never will be.
   */
  whenDurable(_offset: number): Promise<void> {
    throw new Error('not built yet');
  }

  /** Copies whole batches, from the one that contains `offset` on, to `target` at `position`. */
  readInto(
    _target: Buffer,
    _position: number,
    _offset: number,
    _maxBytes: number,
    _options?: ReadOptions,
  ): ReadResult {
    throw new Error('not built yet');
  }

  /** Like readInto, into a buffer of its own. */
  read(
    _offset: number,
    _maxBytes: number,
    _options?: ReadOptions,
  ): { result: ReadResult; batches: Buffer } {
    throw new Error('not built yet');
  }

  /** About how many bytes lie between `offset` and the end that may be read; for min.bytes. */
  readableBytes(_offset: number, _endOffset?: number): number {
    throw new Error('not built yet');
  }

  /** Calls back after every rise of the high watermark; returns the way to stop. */
  onHighWatermark(_listener: () => void): () => void {
    throw new Error('not built yet');
  }

  /** First record with a timestamp of at least `timestamp` (ListOffsets with a time). */
  offsetForTimestamp(_timestamp: number): TimestampAndOffset {
    throw new Error('not built yet');
  }
  /** First record that has the largest timestamp of the log (ListOffsets -3). */
  maxTimestampOffset(): TimestampAndOffset {
    throw new Error('not built yet');
  }
  /** The epoch at or below `leaderEpoch` and where it ended (OffsetForLeaderEpoch); -1, -1 if none. */
  endOffsetForEpoch(_leaderEpoch: number): { leaderEpoch: number; endOffset: number } {
    throw new Error('not built yet');
  }

  /**
   * Raises the log start (DeleteRecords) to `offset`, or the high watermark for -1. Resolves with
   * the new log start once that survives a crash; undefined when out of range.
   */
  deleteRecords(_offset: number): Promise<number | undefined> {
    throw new Error('not built yet');
  }
}
