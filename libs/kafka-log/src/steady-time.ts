import type { Clock } from './clock.ts';

/** A step of the wall clock beyond this, against the monotonic one, is a jump. */
const JUMP_MS = 10 * 60 * 1000;
/** If more than this lies between two runs, the clock counts as having jumped in between. */
const DOWN_MS = 24 * 60 * 60 * 1000;
/** How long a jump forward has to last before it is believed. */
const BELIEVED_AFTER_MS = 24 * 60 * 60 * 1000;
/** How long a time stays in doubt after it was newly believed. */
const DOUBT_MS = 60 * 60 * 1000;

/**
 * A wall clock that does not follow jumps forward at once, for deciding what is old enough to be
 * deleted: a clock set wrong for an hour must not cost a week of records. A jump back is followed
 * at once, since it only delays deletion; so is the return from it.
 */
export class SteadyTime {
  readonly #clock: Clock;
  /** The two clocks when they last agreed. */
  #wall: number;
  #monotonic: number;
  #jumpedAt: number | undefined;
  /** Wall minus monotonic clock before the last jump back. */
  #formerBase: number | undefined;
  #doubtfulUntil = -Infinity;

  /** @param lastKnown last wall time of the previous run; undefined if there was none */
  constructor(clock: Clock, lastKnown: number | undefined) {
    this.#clock = clock;
    const wall = clock.now();
    this.#monotonic = clock.monotonicNow();
    const sinceKnown = lastKnown === undefined ? 0 : wall - lastKnown;
    this.#wall = sinceKnown > DOWN_MS ? wall - sinceKnown : wall;
    if (sinceKnown > JUMP_MS) this.#doubtfulUntil = this.#monotonic + DOUBT_MS;
  }

  /** True while the wall clock is ahead of `now()`. */
  get isHeldBack(): boolean {
    return this.#jumpedAt !== undefined;
  }

  /**
   * True for a while after a step forward was believed, and after a start long after the last run.
   */
  get isDoubtful(): boolean {
    return this.#clock.monotonicNow() < this.#doubtfulUntil;
  }

  /** Milliseconds since the epoch; leaves out a jump forward that is not believed yet. */
  now(): number {
    const wall = this.#clock.now();
    const monotonic = this.#clock.monotonicNow();
    const expected = this.#wall + (monotonic - this.#monotonic);
    if (wall - expected > JUMP_MS) {
      this.#jumpedAt ??= monotonic;
      const hasLasted = monotonic - this.#jumpedAt >= BELIEVED_AFTER_MS;
      if (!hasLasted && !this.#isReturn(wall - monotonic)) return expected;
      this.#doubtfulUntil = monotonic + DOUBT_MS;
    }
    if (expected - wall > JUMP_MS) this.#formerBase = expected - monotonic;
    this.#jumpedAt = undefined;
    this.#wall = wall;
    this.#monotonic = monotonic;
    return wall;
  }

  /** Whether the clock is where it would be had it not jumped back in between. */
  #isReturn(base: number): boolean {
    return this.#formerBase !== undefined && Math.abs(base - this.#formerBase) <= JUMP_MS;
  }
}

const DATES_MAX = 10_000;

/**
 * Dates at which something ends, stamped at most a known time ahead. One that lies further ahead
 * was stamped by a clock that was ahead, or the present one is behind: that time, by the monotonic
 * clock, counts from when it was noticed. The date itself is not changed, as with `Ages`.
 */
export class Horizons {
  readonly #clock: Clock;
  /** Dates in doubt, the first noticed first, with when that was. */
  readonly #noticed = new Map<number, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param now the time from SteadyTime, ms
   * @param aheadMaxMs how far ahead of its present a date is stamped
   */
  hasPassed(date: number, now: number, aheadMaxMs: number): boolean {
    if (now >= date) return true;
    if (date - now <= aheadMaxMs) return false;
    const monotonic = this.#clock.monotonicNow();
    const noticedAt = this.#noticed.get(date);
    if (noticedAt !== undefined) return monotonic - noticedAt >= aheadMaxMs;
    const [first] = this.#noticed.keys();
    if (this.#noticed.size >= DATES_MAX && first !== undefined) this.#noticed.delete(first);
    this.#noticed.set(date, monotonic);
    return false;
  }
}

/**
 * Ages of things dated by a wall clock that may have been wrong then or may be wrong now. A date in
 * the future would never get old, so its age counts from when it was noticed, by the monotonic
 * clock. The date itself is not changed, since the clock may only have been set back for a while.
 */
export class Ages {
  readonly #clock: Clock;
  readonly #noticed = new WeakMap<object, { readonly date: number; readonly at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param now the time from SteadyTime, ms */
  ageMs(thing: object, date: number, now: number): number {
    const monotonic = this.#clock.monotonicNow();
    const known = this.#noticed.get(thing);
    if (known?.date === date) return Math.max(now - date, monotonic - known.at);
    if (date > now) this.#noticed.set(thing, { date, at: monotonic });
    return Math.max(0, now - date);
  }
}
