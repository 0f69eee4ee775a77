import { assignBaseOffset, stampLogAppendTime } from '@penstock/kafka-protocol';
import type { RecordBatchHeader } from '@penstock/kafka-protocol';
import type { Refusal } from './append-check.ts';
import { checkBatch } from './append-check.ts';
import { DurabilityWaiters } from './durability-waiters.ts';
import type { Flushable } from './flusher.ts';
import type { LogConfig } from './log-config.ts';
import type { LogPoint } from './log-segments.ts';
import { LogSegments } from './log-segments.ts';
import type { LogServices } from './log-services.ts';
import { PartitionFolder } from './partition-folder.ts';
import { countDeletable } from './retention-rule.ts';
import type { RecoveredLog } from './partition-recovery.ts';
import { recoverPartition } from './partition-recovery.ts';
import { ProducerStates } from './producer-states.ts';
import type {
  AppendOptions,
  AppendResult,
  Damage,
  ReadOptions,
  ReadResult,
  TimestampAndOffset,
} from './results.ts';
import { APPEND_ERROR_CODES, PartitionOfflineError } from './results.ts';
import { Segment } from './segment.ts';
import { UnsyncedSegments } from './unsynced-segments.ts';

/** Bytes of batches between two snapshots of producers: what a restart reads again at most. */
const SNAPSHOT_INTERVAL_BYTES = 64 * 1024 * 1024;
/** In os mode a log with this much unsynced asks whether all together is too much. */
const UNSYNCED_NOTICE_BYTES = 32 * 1024 * 1024;
/** Kafka's relative offsets are int32. */
const RELATIVE_OFFSET_MAX = 0x7fffffff;
const NO_OPTIONS: ReadOptions = {};
const NOT_FOUND: TimestampAndOffset = { offset: -1, timestamp: -1 };

/**
 * One partition's log.
 *
 * Invariants: logStartOffset <= highWatermark <= logEndOffset; in fsync mode
 * highWatermark = durableEndOffset; an offset is never given out twice; bytes below the durable end
 * are never changed or cut, only whole segments below the log start are removed.
 *
 * It costs next to nothing until it is used: what is on the disk is looked at on the first call
 * that needs it, and a new partition has no file before its first batch.
 */
export class PartitionLog implements Flushable {
  readonly topic: string;
  readonly partition: number;
  readonly #services: LogServices;
  readonly #folder: PartitionFolder;
  #config: LogConfig;
  #isLoaded = false;
  #segments!: LogSegments;
  #producers!: ProducerStates;
  #logStartOffset = 0;
  #durable!: LogPoint;
  readonly #unsynced: UnsyncedSegments;
  #snapshotPosition = 0;
  #offlineReason: string | undefined;
  #isClosed = false;
  readonly #waiters = new DurabilityWaiters();
  readonly #listeners = new Set<() => void>();

  /** @internal Logs are opened by LogManager. */
  constructor(services: LogServices, folder: PartitionFolder, config: LogConfig) {
    this.topic = folder.topic;
    this.partition = folder.partition;
    this.#services = services;
    this.#folder = folder;
    this.#config = config;
    this.#unsynced = new UnsyncedSegments(services, folder);
  }

  get logStartOffset(): number {
    this.load();
    return this.#logStartOffset;
  }

  get logEndOffset(): number {
    this.load();
    return this.#active.nextOffset;
  }

  /** Everything below is on the disk. */
  get durableEndOffset(): number {
    this.load();
    return this.#durable.offset;
  }

  /** Everything below may be read: the durable end in fsync mode, the log end in os mode. */
  get highWatermark(): number {
    this.load();
    return this.#services.durability === 'fsync' ? this.#durable.offset : this.#active.nextOffset;
  }

  /** First offset of the earliest open transaction, else the high watermark. */
  get lastStableOffset(): number {
    return this.highWatermark;
  }

  get sizeBytes(): number {
    this.load();
    return this.#segments.sizeBytes;
  }

  get unsyncedBytes(): number {
    return this.#unsynced.bytes;
  }

  get segmentCount(): number {
    this.load();
    return this.#segments.list.length;
  }

  /** Why the partition takes no more writes; undefined while it does. */
  get offlineReason(): string | undefined {
    return this.#offlineReason;
  }

  /** Stretches that cannot be read, as far as they were found yet. */
  get damages(): readonly Damage[] {
    return this.#isLoaded ? this.#segments.damages(this.#logStartOffset) : [];
  }

  get config(): LogConfig {
    return this.#config;
  }

  set config(config: LogConfig) {
    this.#config = config;
    if (!this.#isLoaded) return;
    for (const segment of this.#segments.list) {
      segment.indexIntervalBytes = config.indexIntervalBytes;
    }
  }

  /**
   * Checks and writes one batch, synchronously; the batch's base offset and leader epoch are
   * patched in `batch` itself. In fsync mode it is readable once `whenDurable(lastOffset + 1)`.
   */
  append(batch: Buffer, options: AppendOptions): AppendResult {
    this.load();
    if (this.#offlineReason !== undefined) {
      return this.#refuse({ error: 'storage', message: this.#offlineReason, recordErrors: [] });
    }
    const check = checkBatch(batch, this.#config, options.now, options.apiVersion);
    if (!check.ok) return this.#refuse(check.refusal);
    const { header } = check;
    if (header.producerId >= 0) {
      const sequence = this.#producers.check(header);
      if (sequence.kind === 'duplicate') {
        const { baseOffset, lastOffset, timestamp } = sequence.batch;
        return this.#accept(true, baseOffset, lastOffset, timestamp);
      }
      if (sequence.kind !== 'next') {
        const { kind: error, message } = sequence;
        return this.#refuse({ error, message, recordErrors: [] });
      }
    }
    return this.#write(batch, header, options);
  }

  /**
   * Resolves when everything below `offset` is on the disk (in os mode at once). For an append,
   * pass `lastOffset + 1`. Rejects with PartitionOfflineError if it never will be.
   */
  whenDurable(offset: number): Promise<void> {
    this.load();
    if (this.#services.durability === 'os' || offset <= this.#durable.offset) {
      return Promise.resolve();
    }
    if (this.#offlineReason !== undefined || this.#isClosed) {
      const reason = this.#offlineReason ?? 'the log is closed';
      return Promise.reject(new PartitionOfflineError(reason));
    }
    return this.#waiters.wait(offset);
  }

  /**
   * Copies whole batches, from the one that contains `offset` on, to `target` at `position`. What it
   * gives ends with a segment, so a caller that wants more asks again.
   */
  readInto(
    target: Buffer,
    position: number,
    offset: number,
    maxBytes: number,
    options: ReadOptions = NO_OPTIONS,
  ): ReadResult {
    this.load();
    if (this.#offlineReason !== undefined) {
      return { ok: false, error: 'storage', errorCode: 56, message: this.#offlineReason };
    }
    if (offset < this.#logStartOffset || offset > this.#active.nextOffset) {
      return { ok: false, error: 'offsetOutOfRange', errorCode: 1 };
    }
    const highWatermark = this.highWatermark;
    const endOffset = Math.min(options.endOffset ?? highWatermark, highWatermark);
    if (offset >= endOffset) return { ok: true, bytes: 0, nextOffset: offset };
    try {
      return this.#segments.read({
        target,
        start: position,
        offset,
        maxBytes,
        minOneBatch: options.minOneBatch ?? false,
        endOffset,
        end: this.#endPoint(),
      });
    } catch (error) {
      const message = `cannot read ${this.#folder.path}: ${(error as Error).message}`;
      this.#services.logger.error(
        { err: error, topic: this.topic, partition: this.partition },
        message,
      );
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
    if (!result.ok && result.error === 'bufferTooSmall') {
      target = Buffer.allocUnsafe(result.neededBytes);
      result = this.readInto(target, 0, offset, maxBytes, options);
    }
    return { result, batches: target.subarray(0, result.ok ? result.bytes : 0) };
  }

  /**
   * About how many bytes lie between `offset` and the end that may be read: exact where a reader
   * goes on that was here before, else too much by at most what lies between two index entries.
   */
  readableBytes(offset: number, endOffset: number = Infinity): number {
    this.load();
    const highWatermark = this.highWatermark;
    if (offset >= Math.min(endOffset, highWatermark) || offset < this.#logStartOffset) return 0;
    return this.#segments.bytesBetween(offset, endOffset, this.#endPoint());
  }

  /** Calls back after every rise of the high watermark; returns the way to stop. */
  onHighWatermark(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** First record with a timestamp of at least `timestamp` (ListOffsets with a time). */
  offsetForTimestamp(timestamp: number): TimestampAndOffset {
    this.load();
    const found = this.#segments.findTimestamp(timestamp, this.#logStartOffset);
    return found === undefined || found.offset >= this.highWatermark ? NOT_FOUND : found;
  }

  /** First record that has the largest timestamp of the log (ListOffsets -3). */
  maxTimestampOffset(): TimestampAndOffset {
    this.load();
    const timestamp = Math.max(-1, ...this.#segments.list.map((segment) => segment.maxTimestamp));
    return timestamp < 0 ? NOT_FOUND : this.offsetForTimestamp(timestamp);
  }

  /** The epoch at or below `leaderEpoch` and where it ended (OffsetForLeaderEpoch); -1, -1 if none. */
  endOffsetForEpoch(leaderEpoch: number): { leaderEpoch: number; endOffset: number } {
    this.load();
    return this.#producers.endOffsetForEpoch(leaderEpoch, this.#active.nextOffset);
  }

  /**
   * Raises the log start (DeleteRecords) to `offset`, or the high watermark for -1. Resolves with
   * the new log start once that survives a crash; undefined when out of range.
   */
  async deleteRecords(offset: number): Promise<number | undefined> {
    this.load();
    const target = offset === -1 ? this.highWatermark : offset;
    if (target < 0 || target > this.highWatermark) return undefined;
    // Even if it has been raised as far before: that may not be on the disk yet.
    const raised =
      target > this.#logStartOffset
        ? this.#raiseLogStart(target)
        : this.#services.checkpoints.whenSynced();
    const start = this.#logStartOffset;
    await raised;
    return start;
  }

  /**
   * Removes whole segments that retention no longer asks for; the oldest first, at most
   * `segmentsMax`. Returns how many went.
   * @param now the time to measure age by
   */
  async applyRetention(now: number, segmentsMax: number): Promise<number> {
    this.load();
    if (this.#offlineReason !== undefined || this.#isClosed) return 0;
    const { list } = this.#segments;
    const count = countDeletable(list, this.#config, {
      now,
      highWatermark: this.highWatermark,
      segmentsMax,
    });
    if (count === 0) return 0;
    await this.#raiseLogStart(list[count - 1]!.nextOffset);
    return count;
  }

  /** Forgets idempotent producers not heard of since `time`. */
  expireProducers(time: number): void {
    if (this.#isLoaded) this.#producers.expire(time);
  }

  /** @internal Under which its checkpoint is kept. */
  get checkpointKey(): string {
    return this.#folder.key;
  }

  /** @internal Looks at what is on the disk, unless that was done before. */
  load(): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    const { checkpoints, files, openFiles } = this.#services;
    const checkpoint = checkpoints.get(this.#folder.key);
    const { indexIntervalBytes } = this.#config;
    const directory = this.#folder.path;
    try {
      this.#folder.moveStrangerAside();
      const services = this.#services;
      this.#take(recoverPartition({ services, directory, checkpoint, indexIntervalBytes }));
    } catch (error) {
      const base = checkpoint?.durableEndOffset ?? 0;
      const segment = new Segment(files, openFiles, directory, base, indexIntervalBytes);
      this.#segments = new LogSegments(this.#services, this.#folder, [segment], []);
      this.#producers = new ProducerStates();
      this.#logStartOffset = checkpoint?.logStartOffset ?? 0;
      this.#durable = { offset: base, segment, position: 0 };
      this.#goOffline(`cannot open ${directory}: ${(error as Error).message}`, error as Error);
    }
  }

  #take(recovered: RecoveredLog): void {
    const { segments, gaps } = recovered;
    this.#segments = new LogSegments(this.#services, this.#folder, segments, gaps);
    this.#producers = recovered.producers;
    this.#logStartOffset = recovered.logStartOffset;
    this.#durable = recovered.durable;
    this.#snapshotPosition = this.#active.sizeBytes;
    this.#folder.snapshots = recovered.snapshots;
    this.#folder.noteDoubt();
    for (const segment of recovered.unsynced) this.#noteUnsynced(segment, segment.sizeBytes);
  }

  /** @internal Called by Flusher. */
  sync(done: () => void): void {
    const point = this.#segments.end;
    this.#unsynced.sync((error) => {
      this.#synced(point, error);
      done();
    });
  }

  /**
   * @internal Writes what makes the next start quick, and closes the files. Everything must have
   * been synced.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiters.reject(Infinity, new PartitionOfflineError('the log is closed'));
    this.#listeners.clear();
    if (!this.#isLoaded) return;
    if (this.#offlineReason === undefined && this.#folder.exists) {
      this.#folder.writeSnapshot(this.#active.nextOffset, this.#producers);
      this.#active.index.flush();
    }
    for (const segment of this.#segments.list) segment.close();
  }

  /** @internal Closes without writing anything: the folder is going away. */
  abandon(reason: string): void {
    this.#offlineReason ??= reason;
    this.#isClosed = true;
    this.#services.flusher.remove(this);
    this.#waiters.reject(Infinity, new PartitionOfflineError(reason));
    if (!this.#isLoaded) return;
    for (const segment of this.#segments.list) this.#unsynced.discard(segment, { remove: false });
  }

  #write(batch: Buffer, header: RecordBatchHeader, options: AppendOptions): AppendResult {
    const config = this.#config;
    const baseOffset = this.#active.nextOffset;
    const lastOffset = baseOffset + header.lastOffsetDelta;
    const usesAppendTime = config.messageTimestampType === 'LogAppendTime';
    const maxTimestamp = usesAppendTime ? options.now : header.maxTimestamp;
    if (usesAppendTime) stampLogAppendTime(batch, options.now);
    const { leaderEpoch } = options;
    assignBaseOffset(batch, { baseOffset, partitionLeaderEpoch: leaderEpoch });
    try {
      this.#folder.create();
      if (this.#mustRoll(batch.length, lastOffset, maxTimestamp)) this.#roll();
      this.#active.write(batch);
    } catch (error) {
      return this.#writeFailed(error as NodeJS.ErrnoException);
    }
    const active = this.#active;
    active.noteBatch(active.sizeBytes, batch.length, baseOffset, lastOffset, maxTimestamp);
    this.#producers.noteEpoch(leaderEpoch, baseOffset);
    if (header.producerId >= 0) this.#producers.note(header, baseOffset, options.now);
    this.#noteUnsynced(active, batch.length);
    if (active.sizeBytes - this.#snapshotPosition >= SNAPSHOT_INTERVAL_BYTES) {
      this.#snapshotPosition = active.sizeBytes;
      this.#folder.writeSnapshot(active.nextOffset, this.#producers);
    }
    if (this.#services.durability === 'os') this.#notifyHighWatermark();
    return this.#accept(false, baseOffset, lastOffset, usesAppendTime ? options.now : -1);
  }

  #mustRoll(size: number, lastOffset: number, maxTimestamp: number): boolean {
    const active = this.#active;
    if (active.isEmpty) return false;
    const { segmentBytes, segmentMs, segmentIndexBytes } = this.#config;
    return (
      active.sizeBytes + size > segmentBytes ||
      lastOffset - active.baseOffset > RELATIVE_OFFSET_MAX ||
      active.index.sizeBytes >= segmentIndexBytes ||
      maxTimestamp - active.firstTimestamp() > segmentMs
    );
  }

  /** Leaves the active segment, which is synced with the next cycle, and begins another. */
  #roll(): void {
    const { files, openFiles } = this.#services;
    const base = this.#active.nextOffset;
    const { indexIntervalBytes } = this.#config;
    const next = new Segment(files, openFiles, this.#folder.path, base, indexIntervalBytes);
    next.descriptor();
    this.#folder.noteNewFile();
    this.#active.index.flush();
    this.#active.index.close();
    this.#folder.writeSnapshot(base, this.#producers);
    this.#segments.list.push(next);
    this.#snapshotPosition = 0;
  }

  /** A full disk refuses this batch and no more; any other failure takes the partition offline. */
  #writeFailed(error: NodeJS.ErrnoException): AppendResult {
    const isFull = error.code === 'ENOSPC' || error.code === 'EDQUOT';
    let reason = `${error.code ?? 'error'} while writing to ${this.#folder.path}: ${error.message}`;
    if (isFull) {
      try {
        if (this.#folder.exists && !this.#active.isEmpty) this.#active.cutTail();
        const message = `the disk is full: ${error.message}`;
        return this.#refuse({ error: 'storage', message, recordErrors: [] });
      } catch (cause) {
        reason += `; what was written could not be taken back: ${(cause as Error).message}`;
      }
    }
    this.#goOffline(reason, error);
    return this.#refuse({ error: 'storage', message: reason, recordErrors: [] });
  }

  #noteUnsynced(segment: Segment, bytes: number): void {
    if (this.#unsynced.add(segment, bytes)) this.#services.flusher.add(this);
    else if (this.#services.durability === 'os' && this.#unsynced.bytes >= UNSYNCED_NOTICE_BYTES) {
      this.#services.flusher.considerBackgroundCycle();
    }
  }

  #synced(point: LogPoint, error: Error | null): void {
    if (error !== null) {
      // After a failed fsync the kernel may have dropped the pages and report success next time.
      this.#goOffline(`cannot make ${this.#folder.path} durable: ${error.message}`, error);
    }
    if (this.#offlineReason !== undefined || this.#isClosed) return;
    const { offset, segment } = this.#durable;
    const isFurther = point.segment.baseOffset > segment.baseOffset;
    if (point.offset > offset || (point.offset === offset && isFurther)) {
      this.#durable = point;
      this.#checkpoint();
    }
    this.#waiters.resolve(point.offset);
    if (this.#services.durability === 'fsync') this.#notifyHighWatermark();
  }

  #checkpoint(): void {
    const { offset: durableEndOffset, segment, position } = this.#durable;
    this.#services.checkpoints.set(this.#folder.key, {
      logStartOffset: this.#logStartOffset,
      durableEndOffset,
      segmentBase: segment.baseOffset,
      position,
    });
  }

  #goOffline(reason: string, error: Error): void {
    if (this.#offlineReason !== undefined) return;
    this.#offlineReason = reason;
    const { logger, flusher } = this.#services;
    logger.error({ err: error, topic: this.topic, partition: this.partition }, 'partition offline');
    flusher.remove(this);
    this.#waiters.reject(Infinity, new PartitionOfflineError(reason, { cause: error }));
    this.#notifyHighWatermark();
  }

  /**
   * Segments are removed after the new start is on the disk: the other way round a crash in between
   * would make them look lost.
   */
  async #raiseLogStart(offset: number): Promise<void> {
    const { checkpoints } = this.#services;
    if (offset >= this.#active.nextOffset && !this.#active.isEmpty) this.#roll();
    this.#logStartOffset = Math.max(this.#logStartOffset, offset);
    this.#checkpoint();
    await checkpoints.whenSynced();
    if (this.#isClosed || this.#offlineReason !== undefined) return;
    const { list } = this.#segments;
    while (list.length > 1 && list[1]!.baseOffset <= this.#logStartOffset) {
      this.#unsynced.discard(list.shift()!, { remove: true });
    }
    const first = list[0]!;
    if (this.#durable.segment.baseOffset < first.baseOffset) {
      const durable = Math.max(this.#durable.offset, first.baseOffset);
      this.#durable = { offset: durable, segment: first, position: 0 };
    }
    this.#segments.gaps = this.#segments.gaps.filter((gap) => gap.toOffset > this.#logStartOffset);
    this.#folder.removeSnapshots(first.baseOffset);
  }

  get #active(): Segment {
    return this.#segments.active;
  }

  /** Where reading ends. */
  #endPoint(): LogPoint {
    return this.#services.durability === 'fsync' ? this.#durable : this.#segments.end;
  }

  #notifyHighWatermark(): void {
    for (const listener of this.#listeners) listener();
  }

  #accept(
    duplicate: boolean,
    baseOffset: number,
    lastOffset: number,
    logAppendTime: number,
  ): AppendResult {
    const { messageTimestampType } = this.#config;
    return {
      ok: true,
      duplicate,
      baseOffset,
      lastOffset,
      logAppendTime: messageTimestampType === 'LogAppendTime' ? logAppendTime : -1,
      logStartOffset: this.#logStartOffset,
    };
  }

  #refuse(refusal: Refusal): AppendResult {
    const { error, message, recordErrors } = refusal;
    return {
      ok: false,
      error,
      errorCode: APPEND_ERROR_CODES[error],
      message,
      recordErrors,
      logStartOffset: this.#logStartOffset,
    };
  }
}
