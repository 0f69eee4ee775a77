import type { Clock } from './clock.ts';

/** A step of the wall clock beyond this, against the monotonic one, is a jump. */
const JUMP_MS = 10 * 60 * 1000;
/** A clock that was off at the start by more than this counts as having jumped while we were down. */
const DOWN_MS = 24 * 60 * 60 * 1000;
/** How long a jump forward has to last before it is believed. */
const BELIEVED_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * A wall clock that does not follow jumps forward at once, for deciding what is old enough to be
 * deleted: a clock set wrong for an hour must not cost a week of records. A jump back is followed
 * immediately, since it only delays.
 */
export class SteadyTime {
  readonly #clock: Clock;
  /** The last pair of clocks that agreed. */
  #wall: number;
  #monotonic: number;
  #jumpedAt: number | undefined;

  /** @param lastKnown wall time a former run saw last; undefined if there was none */
  constructor(clock: Clock, lastKnown: number | undefined) {
    this.#clock = clock;
    const wall = clock.now();
    this.#monotonic = clock.monotonicNow();
    const isDoubtful = lastKnown !== undefined && wall - lastKnown > DOWN_MS;
    this.#wall = isDoubtful ? lastKnown : wall;
  }

  /** True while the wall clock is ahead of what is believed. */
  get isHeldBack(): boolean {
    return this.#jumpedAt !== undefined;
  }

  /** Milliseconds since the epoch, as far as they are believed. */
  now(): number {
    const wall = this.#clock.now();
    const monotonic = this.#clock.monotonicNow();
    const expected = this.#wall + (monotonic - this.#monotonic);
    if (wall - expected > JUMP_MS) {
      this.#jumpedAt ??= monotonic;
      if (monotonic - this.#jumpedAt < BELIEVED_AFTER_MS) return expected;
    }
    this.#jumpedAt = undefined;
    this.#wall = wall;
    this.#monotonic = monotonic;
    return wall;
  }
}
