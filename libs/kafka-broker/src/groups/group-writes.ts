import type { GroupChange } from '../metadata/metadata-store.ts';

/**
 * Groups changes per turn: while one transaction is being made durable, everything that comes up is
 * collected for the next. Alone, a commit waits for nothing; under load, one sync serves many.
 */
export class GroupWrites {
  readonly #writeGroups: (changes: readonly GroupChange[]) => Promise<void>;
  #pending: GroupChange[] = [];
  #waiters: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  #running: Promise<void> | null = null;

  constructor(writeGroups: (changes: readonly GroupChange[]) => Promise<void>) {
    this.#writeGroups = writeGroups;
  }

  /** Resolves once the changes are durable; rejects when their transaction failed. */
  write(changes: readonly GroupChange[]): Promise<void> {
    return new Promise((resolve, reject) => {
      for (const change of changes) this.#pending.push(change);
      this.#waiters.push({ resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is waiting to be written. */
  async drain(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // One turn later: requests that arrived in the same read are written together.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiters.length > 0) {
      const changes = this.#pending;
      const waiters = this.#waiters;
      this.#pending = [];
      this.#waiters = [];
      try {
        await this.#writeGroups(changes);
        for (const waiter of waiters) waiter.resolve();
      } catch (error) {
        for (const waiter of waiters) waiter.reject(error);
      }
    }
    this.#running = null;
  }
}
