import type { Clock, Logger, Timer } from '@penstock/kafka-log';

export interface WatchLimits {
  /** `connections.max.idle.ms` */
  readonly idleMs: number;
  /** A connection that has sent nothing at all is closed after this time, ms. */
  readonly firstByteMs: number;
  /** In this time an unfinished request must grow by 16 KiB or be finished, ms. */
  readonly progressMs: number;
  /** While too much waits to be sent, a client that takes nothing for this long is closed, ms. */
  readonly stalledMs: number;
  /** What may wait to be sent to all clients together, bytes. */
  readonly unsentBytesMax: number;
}

/** What is asked of a connection, and done to it. */
interface Watched {
  readonly unsentBytes: number;
  /** Why it has to be closed; undefined when it does not. */
  review(now: number, limits: WatchLimits): string | undefined;
  /** How long its client has taken nothing of what waits to be sent, ms. */
  stalledMs(now: number): number;
  close(reason: string): void;
}

export interface WatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: WatchLimits;
  readonly connections: ReadonlySet<Watched>;
  /** Called at each look. */
  readonly onLook: () => void;
}

/** How often connections are looked at, ms; more often only when a limit is shorter. */
const LOOK_INTERVAL_MS = 1_000;

/**
 * Closes connections that hold what others need: idle ones, those that never say anything, those
 * that send a request too slowly ever to be finished, and, when too much waits to be sent, those
 * that do not read. One look at all of them a second costs less than a timer for each.
 */
export class ConnectionWatch {
  readonly #options: WatchOptions;
  readonly #intervalMs: number;
  #timer: Timer | undefined;
  #now: number;

  constructor(options: WatchOptions) {
    this.#options = options;
    const { idleMs, firstByteMs, progressMs, stalledMs } = options.limits;
    const shortest = Math.min(idleMs, firstByteMs, progressMs, stalledMs);
    this.#intervalMs = Math.max(10, Math.min(LOOK_INTERVAL_MS, shortest / 4));
    this.#now = options.clock.monotonicNow();
  }

  /** The time of the last look: exact enough to date what connections do, and free. */
  get now(): number {
    return this.#now;
  }

  /** Looks from now on, for as long as there are connections. */
  start(): void {
    if (this.#timer) return;
    this.#now = this.#options.clock.monotonicNow();
    this.#timer = this.#options.clock.schedule(this.#intervalMs, () => this.#look());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = undefined;
    const { clock, connections, limits, onLook } = this.#options;
    this.#now = clock.monotonicNow();
    onLook();
    let unsentBytes = 0;
    for (const connection of connections) {
      const reason = connection.review(this.#now, limits);
      if (reason !== undefined) connection.close(reason);
      else unsentBytes += connection.unsentBytes;
    }
    if (unsentBytes > limits.unsentBytesMax) {
      this.#closeStalled(unsentBytes - limits.unsentBytesMax);
    }
    if (connections.size > 0) this.start();
  }

  /** Closes those that have taken nothing for longest, until `excess` bytes are free. */
  #closeStalled(excess: number): void {
    const { connections, limits, logger } = this.#options;
    const stalled = [...connections]
      .filter((each) => each.stalledMs(this.#now) >= limits.stalledMs)
      .toSorted((a, b) => b.stalledMs(this.#now) - a.stalledMs(this.#now));
    let freed = 0;
    let closed = 0;
    for (const connection of stalled) {
      if (freed >= excess) break;
      freed += connection.unsentBytes;
      closed += 1;
      connection.close('does not read its answers');
    }
    if (closed > 0) {
      logger.warn({ connections: closed, bytes: freed }, 'closed clients that do not read');
    }
  }
}
