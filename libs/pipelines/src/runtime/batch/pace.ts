import type { BatchTask } from './batch-task.ts';
import type { Claim } from './claim.ts';

/** Records are processed for so long before timers and sockets get their turn. */
const TURN_MS = 20;
/** Outputs, and bytes of records, that wait in memory for a commit. */
const OUTPUTS_MAX = 5_000;
const BYTES_MAX = 1024 * 1024;

/**
 * How work on many records goes on: between records others get their turn, the claim is looked at,
 * and what is done is committed, so that neither memory nor what a crash costs grows with the run.
 */
export class Pace {
  readonly #claim: Claim;
  readonly #tasks: readonly BatchTask[];
  readonly #commitEveryMs: number;
  readonly #commit: (said: 'said' | 'unsaid') => Promise<void>;
  #turnAt = performance.now();
  #committedAt = performance.now();
  #bytes = 0;

  constructor(options: {
    readonly claim: Claim;
    readonly tasks: readonly BatchTask[];
    readonly commitEveryMs: number;
    /**
     * Makes durable what the tasks have done; says so to others, too, when it has been a while.
     */
    readonly commit: (said: 'said' | 'unsaid') => Promise<void>;
  }) {
    this.#claim = options.claim;
    this.#tasks = options.tasks;
    this.#commitEveryMs = options.commitEveryMs;
    this.#commit = options.commit;
  }

  /** After each record: whether the work goes on; a promise only when something was due. */
  record(bytes: number): boolean | Promise<boolean> {
    this.#bytes += bytes;
    const now = performance.now();
    if (now - this.#committedAt > this.#commitEveryMs) return this.#commitAndGoOn('said');
    if (this.#isFull()) return this.#commitAndGoOn('unsaid');
    return now - this.#turnAt > TURN_MS ? this.#turn() : true;
  }

  async #commitAndGoOn(said: 'said' | 'unsaid'): Promise<boolean> {
    if (!this.#claim.isLost) await this.#commit(said);
    if (said === 'said') this.#committedAt = performance.now();
    this.#bytes = 0;
    return this.#turn();
  }

  async #turn(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#turnAt = performance.now();
    return this.#claim.goesOn;
  }

  #isFull(): boolean {
    return (
      this.#bytes > BYTES_MAX || this.#tasks.some(({ task }) => task.outputsWaiting > OUTPUTS_MAX)
    );
  }
}
