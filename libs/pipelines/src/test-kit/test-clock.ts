/** A clock that goes on when it is told. */
export class TestClock {
  #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  get now(): number {
    return this.#now;
  }

  set(now: number): void {
    if (now < this.#now) {
      throw new RangeError(`the clock shows ${this.#now} already and cannot go back to ${now}`);
    }
    this.#now = now;
  }

  /** Events are not recorded before they happen. */
  follow(time: number): void {
    this.#now = Math.max(this.#now, time);
  }
}
