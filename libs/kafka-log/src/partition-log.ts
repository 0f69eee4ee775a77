import type { LogConfig } from './log-config.ts';
import { LogAppender } from './log-appender.ts';
import type { LogServices } from './log-services.ts';
import { LogState } from './log-state.ts';
import { LogTrimmer } from './log-trimmer.ts';
import type { PartitionFolder } from './partition-folder.ts';
import type { Ages } from './steady-time.ts';
import type { RetentionSweep } from './retention-rule.ts';
import type {
  AppendOptions,
  AppendResult,
  Damage,
  ReadOptions,
  ReadResult,
  TimestampAndOffset,
} from './results.ts';

const NO_OPTIONS: ReadOptions = {};
const NOT_FOUND: TimestampAndOffset = { offset: -1, timestamp: -1 };

/**
 * One partition's log.
 *
 * Invariants: logStartOffset <= highWatermark <= logEndOffset; in fsync mode
 * highWatermark = durableEndOffset; an offset is never given out twice; bytes below the durable end
 * are never changed or cut: whole segments below the log start are removed, and compaction puts
 * others in the place of sealed ones. A segment ends where the next begins; within one, offsets may
 * be missing.
 *
 * It costs next to nothing until it is used: the disk is read on the first call that needs it, and
 * a new partition has no file before its first batch.
 */
export class PartitionLog {
  readonly topic: string;
  readonly partition: number;
  readonly #state: LogState;
  readonly #appender: LogAppender;
  readonly #trimmer: LogTrimmer;

  /** @internal Logs are opened by LogManager. */
  constructor(services: LogServices, folder: PartitionFolder, config: LogConfig) {
    this.topic = folder.topic;
    this.partition = folder.partition;
    this.#state = new LogState(services, folder, config);
    this.#appender = new LogAppender(this.#state);
    this.#trimmer = new LogTrimmer(this.#state);
  }

  get logStartOffset(): number {
    return this.#loaded().logStartOffset;
  }

  get logEndOffset(): number {
    return this.#loaded().active.nextOffset;
  }

  /** Everything below is on the disk. */
  get durableEndOffset(): number {
    return this.#loaded().durable.offset;
  }

  /** Everything below may be read: the durable end in fsync mode, the log end in os mode. */
  get highWatermark(): number {
    return this.#loaded().highWatermark;
  }

  /** First offset of the earliest open transaction, else the high watermark. */
  get lastStableOffset(): number {
    return this.highWatermark;
  }

  get sizeBytes(): number {
    return this.#loaded().segments.sizeBytes;
  }

  get segmentCount(): number {
    return this.#loaded().segments.list.length;
  }

  /** Why the partition takes no more writes; undefined while it does. */
  get offlineReason(): string | undefined {
    return this.#state.offlineReason;
  }

  /** Whether the partition is offline; loads the log first if that was not done yet. */
  get isOffline(): boolean {
    return this.#loaded().offlineReason !== undefined;
  }

  /** Damage found so far; none before the log is loaded. */
  get damages(): readonly Damage[] {
    const { isLoaded, segments, logStartOffset } = this.#state;
    return isLoaded ? segments.damages(logStartOffset) : [];
  }

  get config(): LogConfig {
    return this.#state.config;
  }

  set config(config: LogConfig) {
    this.#state.config = config;
  }

  /**
   * Checks and writes one batch, synchronously; the batch's base offset and leader epoch are
   * patched in `batch` itself. In fsync mode it is readable once `whenDurable(lastOffset + 1)`.
   */
  append(batch: Buffer, options: AppendOptions): AppendResult {
    this.#loaded();
    return this.#appender.append(batch, options);
  }

  /**
   * Resolves when everything below `offset` is on the disk (in os mode at once). For an append,
   * pass `lastOffset + 1`. Rejects with PartitionOfflineError if it never will be.
   */
  whenDurable(offset: number): Promise<void> {
    return this.#loaded().whenDurable(offset);
  }

  /** Takes note that writes up to `offset` were acknowledged without waiting for the disk. */
  noteAcknowledged(offset: number): void {
    const state = this.#state;
    state.acknowledgedEnd = Math.max(state.acknowledgedEnd, offset);
  }

  /** True while a record that was acknowledged lies at or after the high watermark. */
  get isBehindAcknowledged(): boolean {
    const { acknowledgedEnd, highWatermark } = this.#loaded();
    return acknowledgedEnd > highWatermark;
  }

  /**
   * Resolves when what was acknowledged by now lies below the high watermark. Rejects with
   * PartitionOfflineError if it never will.
   */
  whenAcknowledgedIsVisible(): Promise<void> {
    return this.whenDurable(this.#state.acknowledgedEnd);
  }

  /**
   * Copies whole batches, from the one that contains `offset` on, to `target` at `position`. The
   * result ends with a segment, so a caller that wants more reads again. It holds a record at or
   * after `offset` unless there is none below the end.
   */
  readInto(
    target: Buffer,
    position: number,
    offset: number,
    maxBytes: number,
    options: ReadOptions = NO_OPTIONS,
  ): ReadResult {
    const state = this.#loaded();
    if (state.offlineReason !== undefined) {
      return { ok: false, error: 'storage', errorCode: 56, message: state.offlineReason };
    }
    if (offset < state.logStartOffset || offset > state.active.nextOffset) {
      return { ok: false, error: 'offsetOutOfRange', errorCode: 1 };
    }
    const { highWatermark } = state;
    const endOffset = Math.min(options.endOffset ?? highWatermark, highWatermark);
    if (offset >= endOffset) return { ok: true, bytes: 0, nextOffset: offset };
    try {
      return state.segments.read({
        target,
        start: position,
        offset,
        maxBytes,
        minOneBatch: options.minOneBatch ?? false,
        endOffset,
        end: state.readEnd,
      });
    } catch (error) {
      const { topic, partition } = this;
      const message = `cannot read ${state.folder.path}: ${(error as Error).message}`;
      state.services.logger.error({ err: error, topic, partition }, message);
      return { ok: false, error: 'storage', errorCode: 56, message };
    }
  }

  /** Like readInto, into a buffer of its own that grows to what the first batch needs. */
  read(
    offset: number,
    maxBytes: number,
    options?: ReadOptions,
  ): { result: ReadResult; batches: Buffer } {
    let target = Buffer.allocUnsafe(Math.min(maxBytes, this.readableBytes(offset)));
    let result = this.readInto(target, 0, offset, maxBytes, options);
    // Repeated if the first batch holds no record for the reader and the next one is larger.
    while (!result.ok && result.error === 'bufferTooSmall') {
      target = Buffer.allocUnsafe(result.neededBytes);
      result = this.readInto(target, 0, offset, maxBytes, options);
    }
    return { result, batches: target.subarray(0, result.ok ? result.bytes : 0) };
  }

  /**
   * Approximate number of readable bytes from `offset` on: exact where an earlier read ended,
   * otherwise too large by at most the distance of two index entries. If the disk fails it is 1, so
   * that the caller reads and gets the error.
   */
  readableBytes(offset: number, endOffset: number = Infinity): number {
    const { highWatermark, logStartOffset, segments, readEnd } = this.#loaded();
    if (offset >= Math.min(endOffset, highWatermark) || offset < logStartOffset) return 0;
    try {
      return segments.bytesBetween(offset, endOffset, readEnd);
    } catch {
      return 1;
    }
  }

  /**
   * The same for a reader that waits for records: 0 once a read has found no record from `offset`
   * to the end.
   */
  recordBytes(offset: number): number {
    return this.readableBytes(this.#loaded().segments.behindHollowTail(offset));
  }

  /** Calls back after every rise of the high watermark; returns a function that stops it. */
  onHighWatermark(listener: () => void): () => void {
    const { listeners } = this.#state;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** First record with a timestamp of at least `timestamp` (ListOffsets with a time). */
  offsetForTimestamp(timestamp: number): TimestampAndOffset {
    const { segments, logStartOffset, highWatermark } = this.#loaded();
    const found = segments.findTimestamp(timestamp, logStartOffset);
    return found === undefined || found.offset >= highWatermark ? NOT_FOUND : found;
  }

  /** First record that has the largest timestamp of the log (ListOffsets -3). */
  maxTimestampOffset(): TimestampAndOffset {
    const { segments, logStartOffset, highWatermark } = this.#loaded();
    const found = segments.findLargestTimestamp(logStartOffset);
    return found === undefined || found.offset >= highWatermark ? NOT_FOUND : found;
  }

  /**
   * The epoch at or below `leaderEpoch` and where it ended (OffsetForLeaderEpoch); -1, -1 if none.
   */
  endOffsetForEpoch(leaderEpoch: number): { leaderEpoch: number; endOffset: number } {
    const { producers, active } = this.#loaded();
    return producers.endOffsetForEpoch(leaderEpoch, active.nextOffset);
  }

  /**
   * Raises the log start (DeleteRecords) to `offset`, or the high watermark for -1. Resolves with
   * the new log start once that survives a crash; undefined when out of range. Rejects with
   * PartitionOfflineError.
   */
  deleteRecords(offset: number): Promise<number | undefined> {
    this.#loaded();
    return this.#trimmer.deleteRecords(offset);
  }

  /** Removes whole segments past the retention limits, oldest first. Resolves with their number. */
  applyRetention(sweep: RetentionSweep): Promise<number> {
    this.#loaded();
    return this.#trimmer.applyRetention(sweep);
  }

  /** Largest producer id known from the log; -1 if there is none. */
  get producerIdMax(): number {
    return this.#loaded().producers.idMax;
  }

  /** Forgets idempotent producers not heard of for `idleMs`. */
  expireProducers(ages: Ages, now: number, idleMs: number): void {
    if (this.#state.isLoaded) this.#state.producers.expire(ages, now, idleMs);
  }

  /** @internal Key of its checkpoint. */
  get checkpointKey(): string {
    return this.#state.folder.key;
  }

  /** @internal What compaction works on. */
  get state(): LogState {
    return this.#state;
  }

  /** @internal Recovers the log from the disk on the first call. */
  load(): void {
    this.#state.load();
  }

  /** @internal Ends its use in order; everything must have been synced. */
  close(): void {
    this.#state.close();
  }

  /** @internal See LogState.abandon. */
  abandon(reason: string): Promise<unknown> | undefined {
    return this.#state.abandon(reason);
  }

  #loaded(): LogState {
    this.#state.load();
    return this.#state;
  }
}
