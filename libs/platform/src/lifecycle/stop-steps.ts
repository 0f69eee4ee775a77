/**
 * What the end of a process waits for at this moment, in words, so that a stop that takes too long
 * can say it.
 */
export class StopSteps {
  readonly #underWay = new Map<symbol, string>();

  /** Waits for a step of the end under its name; resolves and rejects as it does. */
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
