import type { Clock, Timer } from './clock.ts';
import type { PartitionCheckpoints } from './partition-checkpoints.ts';

/** A log with writes that are not yet on the disk. */
export interface Flushable {
  /** Bytes written and not synced. */
  readonly unsyncedBytes: number;
  /** Starts to sync all that is written now; calls `done` once, whatever the outcome. */
  sync(done: () => void): void;
}

/** How long the disk takes: one cycle syncs everything that was written since the one before. */
export interface SyncFigures {
  cyclesTotal: number;
  /** Time in these cycles, milliseconds. */
  cycleMsTotal: number;
  /** The longest cycle since the reader of these figures last set this to 0. */
  cycleMsMax: number;
}

/** In os mode nothing waits for the disk; these only bound what a restart must check. */
const BACKGROUND_BYTES_MAX = 512 * 1024 * 1024;
const BACKGROUND_INTERVAL_MS = 30_000;

/**
 * Group commit. One cycle syncs all logs that were written to, in parallel, while new writes go on
 * and gather for the next cycle. Each log answers its own waiters as soon as its own files are
 * synced; only the start of the next cycle waits for the slowest.
 */
export class Flusher {
  readonly figures: SyncFigures = { cyclesTotal: 0, cycleMsTotal: 0, cycleMsMax: 0 };
  readonly #clock: Clock;
  readonly #checkpoints: PartitionCheckpoints;
  readonly #durability: 'fsync' | 'os';
  #dirty = new Set<Flushable>();
  #running = 0;
  #isScheduled = false;
  #timer: Timer | undefined;
  #idleWaiters: (() => void)[] = [];

  constructor(clock: Clock, checkpoints: PartitionCheckpoints, durability: 'fsync' | 'os') {
    this.#clock = clock;
    this.#checkpoints = checkpoints;
    this.#durability = durability;
  }

  /** Takes note of a log that was written to. */
  add(log: Flushable): void {
    this.#dirty.add(log);
    if (this.#durability === 'fsync') this.#scheduleCycle();
    else this.#timer ??= this.#clock.schedule(BACKGROUND_INTERVAL_MS, () => this.#background());
  }

  remove(log: Flushable): void {
    this.#dirty.delete(log);
  }

  /**
   * Called in os mode when a log has many unsynced bytes; syncs if all logs together have too many.
   */
  considerBackgroundCycle(): void {
    let bytes = 0;
    for (const log of this.#dirty) bytes += log.unsyncedBytes;
    if (bytes >= BACKGROUND_BYTES_MAX) this.#scheduleCycle();
  }

  /** Syncs everything and resolves when nothing is left to sync. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#idleWaiters.push(resolve);
      this.#scheduleCycle();
    });
  }

  close(): void {
    this.#timer?.cancel();
  }

  #background(): void {
    this.#timer = undefined;
    if (this.#dirty.size > 0) this.#scheduleCycle();
  }

  #scheduleCycle(): void {
    if (this.#isScheduled || this.#running > 0) return;
    this.#isScheduled = true;
    this.#clock.defer(() => {
      this.#isScheduled = false;
      this.#cycle();
    });
  }

  #cycle(): void {
    if (this.#dirty.size === 0) {
      const waiters = this.#idleWaiters;
      this.#idleWaiters = [];
      for (const resolve of waiters) resolve();
      return;
    }
    const logs = this.#dirty;
    const startedAt = this.#clock.monotonicNow();
    this.#dirty = new Set();
    // One more than there are logs, so that a log that is done at once does not end the cycle.
    this.#running = logs.size + 1;
    const done = (): void => {
      this.#running--;
      if (this.#running > 0) return;
      this.#note(this.#clock.monotonicNow() - startedAt);
      this.#checkpoints.write();
      const mustGoOn = this.#durability === 'fsync' && this.#dirty.size > 0;
      if (mustGoOn || this.#idleWaiters.length > 0) this.#scheduleCycle();
    };
    for (const log of logs) log.sync(done);
    done();
  }

  #note(cycleMs: number): void {
    this.figures.cyclesTotal += 1;
    this.figures.cycleMsTotal += cycleMs;
    this.figures.cycleMsMax = Math.max(this.figures.cycleMsMax, cycleMs);
  }
}
