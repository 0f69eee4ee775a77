/**
 * Steps that wait for the disk and must not overlap: each begins when the one before it has ended.
 */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs a step after those that came before it, whether they failed or not; settles as it does.
   */
  run<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#last.then(step);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
