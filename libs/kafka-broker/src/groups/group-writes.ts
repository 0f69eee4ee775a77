import type { Clock } from '@penstock/kafka-log';
import type { GroupChange, MetadataStore } from '../metadata/metadata-store.ts';
import type { BrokerMetrics } from '../metrics.ts';

export interface GroupWritesOptions {
  store: Pick<MetadataStore, 'writeGroups'>;
  clock: Clock;
  metrics: BrokerMetrics;
}

interface Write {
  readonly changes: readonly GroupChange[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: changes that arrive while one transaction is being made durable are collected for
 * the next. A single commit does not wait for others; under load one sync serves many.
 */
export class GroupWrites {
  readonly #options: GroupWritesOptions;
  #waiting: Write[] = [];
  #running: Promise<void> | null = null;

  constructor(options: GroupWritesOptions) {
    this.#options = options;
  }

  /**
   * Resolves once the changes are durable; rejects when their transaction failed. Promises settle
   * in the order of the calls; a call without changes settles once the calls before it have.
   */
  write(changes: readonly GroupChange[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is waiting to be written. */
  async drain(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // One turn later: requests that arrived in the same read are written together.
    await new Promise<void>((resolve) => this.#options.clock.defer(resolve));
    while (this.#waiting.length > 0) {
      const writes = this.#waiting;
      this.#waiting = [];
      try {
        await this.#commit(writes.flatMap(({ changes }) => changes));
        for (const { resolve } of writes) resolve();
      } catch (error) {
        for (const { reject } of writes) reject(error);
      }
    }
    this.#running = null;
  }

  async #commit(changes: GroupChange[]): Promise<void> {
    if (changes.length === 0) return;
    const { store, clock, metrics } = this.#options;
    const startedAt = clock.monotonicNow();
    try {
      await store.writeGroups(changes);
      metrics.groupCommitsTotal += 1;
      metrics.groupChangesTotal += changes.length;
    } catch (error) {
      metrics.groupCommitErrorsTotal += 1;
      throw error;
    }
    const elapsedMs = clock.monotonicNow() - startedAt;
    metrics.groupCommitMsTotal += elapsedMs;
    metrics.groupCommitMsMax = Math.max(metrics.groupCommitMsMax, elapsedMs);
  }
}
