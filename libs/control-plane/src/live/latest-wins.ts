export interface LatestWinsOptions<Value> {
  /** Whether a new reader starts with the value of now, if there is one. */
  readonly replay?: 'latest' | 'none';
  /** What a reader that was too slow gets instead of only the newer value. */
  readonly merge?: (earlier: Value, later: Value) => Value;
  /** Called when the last reader has left. */
  readonly onUnread?: () => void;
}

/**
 * Hands each value to every reader, and to a slow reader only the newest: a reader holds one slot,
 * not a queue, so memory does not depend on how slow it is.
 */
export class LatestWins<Value> {
  readonly #options: LatestWinsOptions<Value>;
  readonly #readers = new Set<Reader<Value>>();
  #latest: { readonly value: Value } | null = null;
  #closed = false;

  constructor(options: LatestWinsOptions<Value> = {}) {
    this.#options = options;
  }

  get latest(): Value | null {
    return this.#latest?.value ?? null;
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  publish(value: Value): void {
    this.#latest = { value };
    for (const reader of this.#readers) {
      reader.offer(value);
    }
  }

  /** Ends every reader. */
  close(): void {
    this.#closed = true;
    for (const reader of [...this.#readers]) {
      void reader.return();
    }
  }

  read(): AsyncIterableIterator<Value> {
    const merge = this.#options.merge ?? ((_earlier: Value, later: Value) => later);
    const reader = new Reader<Value>(merge, () => {
      if (this.#readers.delete(reader) && this.#readers.size === 0 && !this.#closed) {
        this.#options.onUnread?.();
      }
    });
    if (this.#closed) {
      void reader.return();
      return reader;
    }
    this.#readers.add(reader);
    if (this.#latest !== null && this.#options.replay !== 'none') {
      reader.offer(this.#latest.value);
    }
    return reader;
  }
}

class Reader<Value> implements AsyncIterableIterator<Value> {
  readonly #merge: (earlier: Value, later: Value) => Value;
  readonly #onEnd: () => void;
  #slot: { readonly value: Value } | null = null;
  #waiting: ((result: IteratorResult<Value>) => void) | null = null;
  #ended = false;

  constructor(merge: (earlier: Value, later: Value) => Value, onEnd: () => void) {
    this.#merge = merge;
    this.#onEnd = onEnd;
  }

  offer(value: Value): void {
    if (this.#waiting !== null) {
      const resolve = this.#waiting;
      this.#waiting = null;
      resolve({ done: false, value });
      return;
    }
    this.#slot = { value: this.#slot === null ? value : this.#merge(this.#slot.value, value) };
  }

  /** One call at a time, as `for await` and graphql-ws do. */
  next(): Promise<IteratorResult<Value>> {
    if (this.#slot !== null) {
      const { value } = this.#slot;
      this.#slot = null;
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) {
      return Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<Value>> {
    this.#ended = true;
    this.#slot = null;
    this.#onEnd();
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = null;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Value> {
    return this;
  }
}
