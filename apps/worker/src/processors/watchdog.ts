import type { MarkedWork, MarksSeen } from '@penstock/pipelines';

/**
 * Time that passes between two looks counts up to this much: when the whole process stood still,
 * nobody is to blame for it.
 */
const LOOK_MS_MAX = 1_000;
/** Of a thread in which nobody is known to work. */
const SILENT_MS = 30_000;

export interface Stuck {
  /** Null when it cannot be told. */
  readonly pipeline: string | null;
  readonly work: MarkedWork | null;
  /** How long it has not come back. */
  readonly ms: number;
}

/**
 * Finds the function that does not come back, by looking at a thread's marks again and again.
 *
 * A call that is under way is marked. The part of an asynchronous function behind its first `await`
 * is not: when it never ends, the thread's event loop does not come around, and one of those whose
 * promises are waited for is at fault.
 */
export class Watchdog {
  readonly #callMsMax: (pipeline: string) => number;
  readonly #promiseMsMax: (pipeline: string) => number;
  #seen: MarksSeen | null = null;
  #lookedAt = 0;
  #callMs = 0;
  #silentMs = 0;

  constructor(limits: {
    /** How long one call of a pipeline's function may take. */
    readonly callMsMax: (pipeline: string) => number;
    /** How long the event loop may stand still while the pipeline's promises are waited for. */
    readonly promiseMsMax: (pipeline: string) => number;
  }) {
    this.#callMsMax = limits.callMsMax;
    this.#promiseMsMax = limits.promiseMsMax;
  }

  /** @param now in ms, on a clock that does not jump */
  look(seen: MarksSeen, now: number): Stuck | null {
    const before = this.#seen;
    const passed = Math.min(now - this.#lookedAt, LOOK_MS_MAX);
    this.#seen = seen;
    this.#lookedAt = now;
    if (before === null) return null;
    const sameCall = seen.call !== null && before.call !== null && seen.calls === before.calls;
    this.#callMs = sameCall ? this.#callMs + passed : 0;
    this.#silentMs = seen.beats === before.beats ? this.#silentMs + passed : 0;
    if (seen.call !== null) {
      const { pipeline } = seen.call;
      const isOver = this.#callMs >= this.#callMsMax(pipeline);
      return isOver ? { pipeline, work: seen.call, ms: this.#callMs } : null;
    }
    return this.#silence(seen.waiting);
  }

  #silence(waiting: readonly MarkedWork[]): Stuck | null {
    const ms = this.#silentMs;
    const suspects = waiting.filter(({ pipeline }) => ms >= this.#promiseMsMax(pipeline));
    const [first] = suspects;
    if (first === undefined) {
      return waiting.length === 0 && ms >= SILENT_MS ? { pipeline: null, work: null, ms } : null;
    }
    const ofOnePipeline = suspects.every(({ pipeline }) => pipeline === first.pipeline);
    return {
      pipeline: ofOnePipeline ? first.pipeline : null,
      work: suspects.length === 1 ? first : null,
      ms,
    };
  }
}
