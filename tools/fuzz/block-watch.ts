import { PerformanceObserver } from 'node:perf_hooks';

const INTERVAL_MS = 5;
/** Shorter gaps are of no interest. */
const NOTED_MS_MIN = 20;
/** Collections are told a little later than they happen. */
const SETTLED_MS = 1_500;

interface Gap {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly cpuMs: number;
}

/** The longest times since the last report, ms. */
export interface Blocked {
  /** The event loop computed in one go, garbage collection left out. */
  readonly busyMs: number;
  /** One garbage collection: it grows with the load of the whole machine. */
  readonly collectionMs: number;
}

/**
 * How long the event loop was kept busy in one go. Of a gap between two ticks, only the time in
 * which this thread computed counts: a machine that is busy with others makes gaps too.
 */
export class BlockWatch {
  readonly #timer: NodeJS.Timeout;
  readonly #observer: PerformanceObserver;
  #gaps: Gap[] = [];
  #collections: { startTime: number; duration: number }[] = [];
  #tickAt = performance.now();
  #cpuMs = cpuMilliseconds();

  constructor() {
    this.#timer = setInterval(() => this.#tick(), INTERVAL_MS);
    this.#observer = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) {
        this.#collections.push({ startTime, duration });
      }
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  take(): Blocked {
    const settledBefore = performance.now() - SETTLED_MS;
    const gaps = this.#gaps.filter(({ endedAt }) => endedAt < settledBefore);
    const collections = this.#collections;
    const busyMs = gaps.map(({ startedAt, endedAt, cpuMs }) => {
      const within = collections.filter(
        ({ startTime }) => startTime >= startedAt && startTime <= endedAt,
      );
      return cpuMs - within.reduce((sum, { duration }) => sum + duration, 0);
    });
    this.#gaps = this.#gaps.filter(({ endedAt }) => endedAt >= settledBefore);
    const earliest = this.#gaps[0]?.startedAt ?? settledBefore;
    this.#collections = collections.filter(({ startTime }) => startTime >= earliest);
    const done = collections.filter(({ startTime }) => startTime < earliest);
    return {
      busyMs: Math.max(0, ...busyMs),
      collectionMs: Math.max(0, ...done.map(({ duration }) => duration)),
    };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#observer.disconnect();
  }

  #tick(): void {
    const now = performance.now();
    const cpuMs = cpuMilliseconds();
    if (cpuMs - this.#cpuMs > NOTED_MS_MIN) {
      this.#gaps.push({ startedAt: this.#tickAt, endedAt: now, cpuMs: cpuMs - this.#cpuMs });
    }
    this.#tickAt = now;
    this.#cpuMs = cpuMs;
  }
}

function cpuMilliseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
