import { DurabilityWaiters } from './durability-waiters.ts';
import type { Flushable } from './flusher.ts';
import type { LogConfig } from './log-config.ts';
import type { LogPoint } from './log-segments.ts';
import { LogSegments } from './log-segments.ts';
import type { LogServices } from './log-services.ts';
import type { PartitionFolder } from './partition-folder.ts';
import type { RecoveredLog } from './partition-recovery.ts';
import { recoverPartition } from './partition-recovery.ts';
import { ProducerStates } from './producer-states.ts';
import { rewriteTail } from './recovered-tail.ts';
import { PartitionOfflineError } from './results.ts';
import { Segment } from './segment.ts';
import { SerialQueue } from './serial-queue.ts';
import { UnsyncedSegments } from './unsynced-segments.ts';

/** In os mode, a log with this many unsynced bytes asks the flusher to consider a cycle. */
const UNSYNCED_NOTICE_BYTES = 32 * 1024 * 1024;

/**
 * The state of one partition's log while it is in use, and the steps that appending, trimming and
 * compaction share to change it. PartitionLog states the invariants.
 */
export class LogState implements Flushable {
  readonly services: LogServices;
  readonly folder: PartitionFolder;
  segments!: LogSegments;
  producers!: ProducerStates;
  logStartOffset = 0;
  /** Everything below is on the disk. */
  durable!: LogPoint;
  /** Everything below was acknowledged, be it on the disk or not. */
  acknowledgedEnd = 0;
  /** Size of the active segment at the last producer snapshot. */
  snapshotPosition = 0;
  /** Monotonic clock when the first batch of the active segment was written, as far as is known. */
  activeSince = 0;
  /** Why the partition takes no more writes; undefined while it does. */
  offlineReason: string | undefined;
  isLoaded = false;
  isClosed = false;
  readonly unsynced: UnsyncedSegments;
  readonly waiters = new DurabilityWaiters();
  /**
   * Steps that replace or remove segments run one at a time: each must find those it began with.
   */
  readonly segmentChanges = new SerialQueue();
  readonly listeners = new Set<() => void>();
  #config: LogConfig;

  constructor(services: LogServices, folder: PartitionFolder, config: LogConfig) {
    this.services = services;
    this.folder = folder;
    this.#config = config;
    this.unsynced = new UnsyncedSegments(services, folder);
  }

  get config(): LogConfig {
    return this.#config;
  }

  set config(config: LogConfig) {
    this.#config = config;
    if (!this.isLoaded) return;
    for (const segment of this.segments.list) {
      segment.indexIntervalBytes = config.indexIntervalBytes;
    }
  }

  get active(): Segment {
    return this.segments.active;
  }

  /** Everything below may be read: the durable end in fsync mode, the log end in os mode. */
  get highWatermark(): number {
    return this.services.durability === 'fsync' ? this.durable.offset : this.active.nextOffset;
  }

  /** Where reading ends. */
  get readEnd(): LogPoint {
    return this.services.durability === 'fsync' ? this.durable : this.segments.end;
  }

  /** False once the log is offline, closed or deleted: nothing may be written then. */
  get isWritable(): boolean {
    return this.offlineReason === undefined && !this.isClosed;
  }

  get unsyncedBytes(): number {
    return this.unsynced.bytes;
  }

  /** See PartitionLog.whenDurable. */
  whenDurable(offset: number): Promise<void> {
    if (this.services.durability === 'os' || offset <= this.durable.offset) {
      return Promise.resolve();
    }
    if (!this.isWritable) return Promise.reject(this.#offlineError());
    return this.waiters.wait(offset);
  }

  /** @throws PartitionOfflineError once the log is offline, closed or deleted */
  checkWritable(): void {
    if (!this.isWritable) throw this.#offlineError();
  }

  /** Recovers the log from the disk on the first call. */
  load(): void {
    if (this.isLoaded) return;
    this.isLoaded = true;
    const { services, folder } = this;
    const checkpoint = services.checkpoints.get(folder.key);
    const { indexIntervalBytes } = this.#config;
    const directory = folder.path;
    try {
      folder.moveStrayAside();
      const { exists: hasFolder } = folder;
      this.#take(
        recoverPartition({ services, directory, hasFolder, checkpoint, indexIntervalBytes }),
      );
    } catch (error) {
      const base = checkpoint?.durableEndOffset ?? 0;
      const segment = this.#newSegment(base);
      this.segments = new LogSegments(services, folder, [segment], []);
      this.producers = new ProducerStates();
      this.logStartOffset = checkpoint?.logStartOffset ?? 0;
      this.durable = { offset: base, segment, position: 0 };
      this.goOffline(`cannot open ${directory}: ${(error as Error).message}`, error as Error);
    }
  }

  #take(recovered: RecoveredLog): void {
    const { segments, gaps } = recovered;
    this.segments = new LogSegments(this.services, this.folder, segments, gaps);
    this.producers = recovered.producers;
    this.logStartOffset = recovered.logStartOffset;
    this.durable = recovered.durable;
    this.snapshotPosition = this.active.sizeBytes;
    this.activeSince = this.#activeSince();
    this.folder.snapshots = recovered.snapshots;
    this.folder.noteDoubt();
    if (this.services.durability === 'fsync' && recovered.unsynced.length > 0) {
      rewriteTail(this.services, this.folder.path, recovered.unsynced, this.durable);
      this.durable = this.segments.end;
      this.checkpoint();
    }
    for (const segment of recovered.unsynced) this.noteUnsynced(segment, segment.sizeBytes);
  }

  /** A timestamp in the future counts as now; without a timestamp the segment counts as old. */
  #activeSince(): number {
    const { clock } = this.services;
    const age = clock.now() - Math.max(0, this.active.maxTimestamp);
    return clock.monotonicNow() - Math.max(0, age);
  }

  /** Age of the active segment's first batch, ms, by the monotonic clock, which nobody sets. */
  get activeAgeMs(): number {
    return this.active.isEmpty ? 0 : this.services.clock.monotonicNow() - this.activeSince;
  }

  /** Seals the active segment, which is synced with the next cycle, and begins another. */
  roll(): void {
    const base = this.active.nextOffset;
    const next = this.#newSegment(base);
    next.descriptor();
    this.folder.noteNewFile();
    this.active.index.flush();
    this.active.index.close();
    this.folder.writeSnapshot(base, this.producers);
    this.segments.list.push(next);
    this.snapshotPosition = 0;
  }

  noteUnsynced(segment: Segment, bytes: number): void {
    const { flusher, durability } = this.services;
    if (this.unsynced.add(segment, bytes)) flusher.add(this);
    else if (durability === 'os' && this.unsynced.bytes >= UNSYNCED_NOTICE_BYTES) {
      flusher.considerBackgroundCycle();
    }
  }

  /** Called by Flusher. */
  sync(done: () => void): void {
    const point = this.segments.end;
    this.unsynced.sync((error) => {
      this.#synced(point, error);
      done();
    });
  }

  #synced(point: LogPoint, error: Error | null): void {
    if (error !== null) {
      // After a failed fsync the kernel may have dropped the pages and report success next time.
      this.goOffline(`cannot make ${this.folder.path} durable: ${error.message}`, error);
    }
    if (!this.isWritable) return;
    const { offset, segment } = this.durable;
    const isFurther = point.segment.baseOffset > segment.baseOffset;
    if (point.offset > offset || (point.offset === offset && isFurther)) {
      this.durable = point;
      this.checkpoint();
    }
    this.waiters.resolve(point.offset);
    if (this.services.durability === 'fsync') this.notifyHighWatermark();
  }

  /**
   * Sets the partition's checkpoint, which is written with the next sync cycle. An offline log sets
   * none: it knows no more than the last checkpoint, and less if it could not be opened.
   */
  checkpoint(): void {
    if (this.offlineReason !== undefined) return;
    const { offset: durableEndOffset, segment, position } = this.durable;
    this.services.checkpoints.set(this.folder.key, {
      logStartOffset: this.logStartOffset,
      durableEndOffset,
      segmentBase: segment.baseOffset,
      position,
    });
  }

  /**
   * Makes sure that a producer snapshot covers all batches below `offset`, before they are removed
   * or compacted. The snapshot must be on the disk, at an offset that no power loss can cut off.
   * False if there is no disk space for it now.
   * @throws Error if the disk fails, after which the partition is offline
   * @throws PartitionOfflineError if the log is deleted or closed meanwhile
   */
  async keepProducers(offset: number): Promise<boolean> {
    this.checkWritable();
    const { folder, highWatermark } = this;
    if (!folder.snapshots.some((one) => one >= offset && one <= highWatermark)) {
      const end = this.active.nextOffset;
      if (!folder.writeSnapshot(end, this.producers)) return false;
      await this.whenDurable(end);
    }
    const isKept = await folder.syncSnapshots().catch((error: unknown) => {
      const { message } = error as Error;
      this.goOffline(`cannot make ${folder.path} durable: ${message}`, error as Error);
      throw error;
    });
    this.checkWritable();
    return isKept;
  }

  notifyHighWatermark(): void {
    for (const listener of this.listeners) listener();
  }

  goOffline(reason: string, error: Error): void {
    if (this.offlineReason !== undefined) return;
    this.offlineReason = reason;
    const { logger, flusher } = this.services;
    const { topic, partition } = this.folder;
    logger.error({ err: error, topic, partition }, 'partition offline');
    flusher.remove(this);
    this.waiters.reject(Infinity, new PartitionOfflineError(reason, { cause: error }));
    this.notifyHighWatermark();
  }

  /**
   * Writes a snapshot and the index, for a quick start, and closes the files. All must have been
   * synced.
   */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.waiters.reject(Infinity, new PartitionOfflineError('the log is closed'));
    this.listeners.clear();
    if (!this.isLoaded) return;
    if (this.offlineReason === undefined && this.folder.exists) {
      this.folder.writeSnapshot(this.active.nextOffset, this.producers);
      this.active.index.flush();
    }
    for (const segment of this.segments.list) segment.close();
  }

  /**
   * Closes without writing anything: the folder is about to be removed. The caller must await the
   * result before a new folder may take the name.
   */
  abandon(reason: string): Promise<unknown> | undefined {
    this.offlineReason ??= reason;
    this.isClosed = true;
    this.services.flusher.remove(this);
    this.waiters.reject(Infinity, new PartitionOfflineError(reason));
    if (this.isLoaded) {
      for (const segment of this.segments.list) this.unsynced.discard(segment, { remove: false });
    }
    return this.folder.release();
  }

  #offlineError(): PartitionOfflineError {
    return new PartitionOfflineError(this.offlineReason ?? 'the log is closed');
  }

  #newSegment(base: number): Segment {
    const { files, openFiles } = this.services;
    const { indexIntervalBytes } = this.#config;
    return new Segment(files, openFiles, this.folder.path, base, indexIntervalBytes);
  }
}
