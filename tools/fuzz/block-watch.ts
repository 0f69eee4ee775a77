import { PerformanceObserver } from 'node:perf_hooks';

const INTERVAL_MS = 5;
/** Shorter gaps are of no interest. */
const NOTED_MS_MIN = 20;
/** Collections are told a little later than they happen. */
const SETTLED_MS = 1_500;
/** How often the machine's speed is looked at, and how near to a gap that must have been. */
const SPEED_INTERVAL_MS = 100;
const SPEED_NEAR_MS = 500;
/** What is slower than this is not the machine's doing. */
const SLOWNESS_MAX = 3;

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
 * How long the event loop was kept busy in one go. A gap between two ticks counts only as far as this
 * thread computed in it: a machine that is busy with others makes gaps too. It also computes slower
 * then, by shared cores and caches; a fixed piece of work tells how much, beside its best time.
 */
export class BlockWatch {
  readonly #timer: NodeJS.Timeout;
  readonly #observer: PerformanceObserver;
  #gaps: Gap[] = [];
  #collections: { startTime: number; duration: number }[] = [];
  #speeds: { at: number; workMs: number }[] = [];
  #workMsMin = Infinity;
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
      const ownMs = cpuMs - within.reduce((sum, { duration }) => sum + duration, 0);
      return ownMs / this.#slowness(startedAt, endedAt);
    });
    this.#speeds = this.#speeds.filter(({ at }) => at >= settledBefore - SPEED_NEAR_MS);
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
    const lastLook = this.#speeds.at(-1)?.at ?? -Infinity;
    if (now - lastLook >= SPEED_INTERVAL_MS) {
      const workMs = fixedWork();
      this.#speeds.push({ at: now, workMs });
      this.#workMsMin = Math.min(this.#workMsMin, workMs);
    }
    this.#tickAt = performance.now();
    this.#cpuMs = cpuMilliseconds();
  }

  /** How many times its best the fixed work took around a gap; the median of the looks. */
  #slowness(startedAt: number, endedAt: number): number {
    const near = this.#speeds
      .filter(({ at }) => at >= startedAt - SPEED_NEAR_MS && at <= endedAt + SPEED_NEAR_MS)
      .map(({ workMs }) => workMs)
      .sort((a, b) => a - b);
    const median = near[near.length >> 1];
    if (median === undefined || this.#workMsMin <= 0) return 1;
    return Math.min(median / this.#workMsMin, SLOWNESS_MAX);
  }
}

const WORK = new Uint32Array(64 * 1024);

/** Some tenths of a millisecond of computing and of memory; returns its CPU time, ms. */
function fixedWork(): number {
  const before = cpuMilliseconds();
  let value = 1;
  for (let i = 0; i < WORK.length; i++) {
    value = (Math.imul(value, 0x9e3779b1) + WORK[i]!) >>> 0;
    WORK[value & (WORK.length - 1)] = i;
  }
  return cpuMilliseconds() - before;
}

function cpuMilliseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
