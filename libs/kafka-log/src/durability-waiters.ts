interface Waiter {
  readonly offset: number;
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The waits for offsets to become durable, mostly in rising order: offsets are assigned in order,
 * and a wait follows its append.
 */
export class DurabilityWaiters {
  #waiters: Waiter[] = [];

  wait(offset: number): Promise<void> {
    const last = this.#waiters.at(-1);
    if (last !== undefined && last.offset === offset) return last.promise;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiters.push({ offset, promise, resolve, reject });
    return promise;
  }

  /** Answers all that wait for `offset` or less. */
  resolve(offset: number): void {
    for (const waiter of this.#take(offset)) waiter.resolve();
  }

  reject(offset: number, error: Error): void {
    for (const waiter of this.#take(offset)) waiter.reject(error);
  }

  #take(offset: number): Waiter[] {
    if (this.#waiters.length === 0) return this.#waiters;
    const taken = this.#waiters.filter((waiter) => waiter.offset <= offset);
    if (taken.length === this.#waiters.length) this.#waiters = [];
    else if (taken.length > 0) this.#waiters = this.#waiters.filter((one) => one.offset > offset);
    return taken;
  }
}
