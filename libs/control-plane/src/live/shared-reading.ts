/** What was read, and how old it is. */
export interface Reading<Value> {
  readonly value: Value;
  readonly ageMs: number;
}

export interface SharedReadingOptions<Input, Value> {
  readonly read: (input: Input) => Promise<Value>;
  /** A reading of at most this age is given again, if it has what is asked for. */
  readonly ageMaxMs: number;
  readonly covers: (value: Value, input: Input) => boolean;
  readonly monotonicMs: () => number;
}

/**
 * Reads something dear for many who ask: at most once at a time and, unless something new is asked
 * for, once in `ageMaxMs`, however often they ask. A reading that failed is not kept.
 */
export class SharedReading<Input, Value> {
  readonly #options: SharedReadingOptions<Input, Value>;
  #last: { readonly value: Value; readonly at: number } | null = null;
  #reading: Promise<Value> | null = null;

  constructor(options: SharedReadingOptions<Input, Value>) {
    this.#options = options;
  }

  /** @param input of a reading that is begun for this call */
  async get(input: Input): Promise<Reading<Value>> {
    const { ageMaxMs, covers, monotonicMs } = this.#options;
    const ageMs = monotonicMs() - (this.#last?.at ?? -Infinity);
    if (this.#last !== null && ageMs <= ageMaxMs && covers(this.#last.value, input)) {
      return { value: this.#last.value, ageMs };
    }
    this.#reading ??= this.#read(input).finally(() => {
      this.#reading = null;
    });
    return { value: await this.#reading, ageMs: 0 };
  }

  async #read(input: Input): Promise<Value> {
    const { read, monotonicMs } = this.#options;
    const at = monotonicMs();
    const value = await read(input);
    this.#last = { value, at };
    return value;
  }
}
