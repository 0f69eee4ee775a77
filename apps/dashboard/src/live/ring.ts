/**
 * A series' last samples: times ascend, a value that was not measured is NaN inside and null
 * outside. Bounded by `capacity`; the oldest sample is dropped first.
 */
export class Ring {
  readonly #capacity: number;
  readonly #at: Float64Array;
  readonly #value: Float64Array;
  #head = 0;
  #length = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#at = new Float64Array(capacity);
    this.#value = new Float64Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Time of the oldest sample kept, in ms; undefined while empty. */
  get oldestAt(): number | undefined {
    return this.#length === 0 ? undefined : this.#at[this.#head];
  }

  /**
   * A sample with the newest sample's time is ignored: a repeated frame must not bend a line. One
   * with an earlier time comes after the server's clock was set back, and replaces the samples from
   * that time on.
   */
  push(at: number, value: number | null): void {
    if (at === this.#newestAt) return;
    while (this.#length > 0 && at <= this.#newestAt) this.#length -= 1;
    const slot = this.#index(this.#length);
    if (this.#length === this.#capacity) this.#head = (this.#head + 1) % this.#capacity;
    else this.#length += 1;
    this.#at[slot] = at;
    this.#value[slot] = value ?? Number.NaN;
  }

  get #newestAt(): number {
    return this.#length === 0 ? -Infinity : this.#at[this.#index(this.#length - 1)]!;
  }

  clear(): void {
    this.#head = 0;
    this.#length = 0;
  }

  /** Samples with `from < at <= to`, oldest first. */
  window(from: number, to: number): { at: number[]; value: (number | null)[] } {
    const at: number[] = [];
    const value: (number | null)[] = [];
    for (let position = 0; position < this.#length; position += 1) {
      const slot = this.#index(position);
      const time = this.#at[slot]!;
      if (time <= from || time > to) continue;
      const sample = this.#value[slot]!;
      at.push(time);
      value.push(Number.isNaN(sample) ? null : sample);
    }
    return { at, value };
  }

  /** Mean of the measured samples in `(from, to]`; null when there is none. */
  mean(from: number, to: number): number | null {
    let sum = 0;
    let count = 0;
    for (let position = this.#length - 1; position >= 0; position -= 1) {
      const slot = this.#index(position);
      const time = this.#at[slot]!;
      if (time <= from) break;
      const sample = this.#value[slot]!;
      if (time > to || Number.isNaN(sample)) continue;
      sum += sample;
      count += 1;
    }
    return count === 0 ? null : sum / count;
  }

  #index(position: number): number {
    return (this.#head + position) % this.#capacity;
  }
}
