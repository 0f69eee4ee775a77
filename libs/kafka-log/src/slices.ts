import type { Clock } from './clock.ts';

/** Longest time the event loop is held at a stretch; a batch that takes longer is the exception. */
const SLICE_MS = 4;
/** Time that clients have to themselves between two slices. */
const PAUSE_MS = 2;
const SLICE_BYTES = 1024 * 1024;

/** Cuts long work into slices, so that produce and fetch are served in between. */
export class Slices {
  readonly #clock: Clock;
  #endsAt: number;
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#endsAt = clock.monotonicNow() + SLICE_MS;
  }

  /** Takes note of work done on `bytes`; true if it is time for a pause. */
  isOver(bytes: number): boolean {
    this.#bytes += bytes;
    return this.#bytes >= SLICE_BYTES || this.#clock.monotonicNow() >= this.#endsAt;
  }

  async pause(): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.schedule(PAUSE_MS, resolve));
    this.#bytes = 0;
    this.#endsAt = this.#clock.monotonicNow() + SLICE_MS;
  }
}
