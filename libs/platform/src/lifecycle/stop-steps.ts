/**
 * The steps that a shutdown is waiting for, in words, so that one that takes too long can be named.
 */
export class StopSteps {
  readonly #underWay = new Map<symbol, string>();

  /** Waits for a step of the shutdown under its name; resolves and rejects as it does. */
  async waitFor<T>(name: string, step: Promise<T>): Promise<T> {
    const key = Symbol(name);
    this.#underWay.set(key, name);
    try {
      return await step;
    } finally {
      this.#underWay.delete(key);
    }
  }

  /** The names of the steps that have not ended, in the order in which they began. */
  underWay(): string[] {
    return [...this.#underWay.values()];
  }
}
