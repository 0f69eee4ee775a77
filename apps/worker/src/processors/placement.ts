import {
  BackOff,
  type CutOff,
  type MarkedWork,
  type PipelineDefinition,
  type StreamProcessorStatus,
  workKey,
} from '@penstock/pipelines';
import type { ProcessorThread } from './processor-thread.ts';
import type { RunOrder } from './thread-messages.ts';

/** What the main thread has to know of a definition. */
export type PlacedDefinition = Pick<
  PipelineDefinition,
  'name' | 'hash' | 'handlerTimeoutMs' | 'retry' | 'deadLetterTopic'
>;

const BACK_OFF = { minMs: 500, maxMs: 30_000 };
/** A thread that ran this long starts with the shortest back-off again. */
const RAN_WELL_MS = 60_000;
/** The oldest are forgotten beyond. */
const CUT_OFFS_MAX = 1_000;
/** Of an end that may not have been the record's fault. */
const ATTEMPTS_MIN_OF_MEMORY = 2;

const NEW: StreamProcessorStatus = {
  state: 'starting',
  consumed: 0,
  produced: 0,
  deadLettered: 0,
  partitions: 0,
  lastError: null,
  stateProblem: null,
};

/** One pipeline: in which thread it runs, and what is known of it over the ends of threads. */
export class Placement {
  definition: PlacedDefinition;
  thread: ProcessorThread | null = null;
  /** Whether it has a thread of its own. */
  isAlone = false;
  /** Alone only until it is known which pipeline ended their thread. */
  isSuspect = false;
  /** An error that nothing caught is to be traced to the record that it came from. */
  isFollowed = false;
  readonly #cutOffs: CutOff[] = [];
  /** Times that work was cut off, by `workKey`. */
  readonly #attempts = new Map<string, number>();
  readonly #backOff = new BackOff(BACK_OFF);
  #startedAt = 0;
  #status = NEW;
  /** Counts of the threads that have ended. */
  #before = { consumed: 0, produced: 0, deadLettered: 0 };
  /** Members of its group whose threads have ended. */
  #members: string[] = [];
  #member: string | null = null;
  #trouble: string | null = null;

  constructor(definition: PlacedDefinition) {
    this.definition = definition;
  }

  get name(): string {
    return this.definition.name;
  }

  get status(): StreamProcessorStatus {
    const { consumed, produced, deadLettered } = this.#status;
    const status = {
      ...this.#status,
      consumed: this.#before.consumed + consumed,
      produced: this.#before.produced + produced,
      deadLettered: this.#before.deadLettered + deadLettered,
    };
    return this.#trouble === null
      ? status
      : { ...status, state: 'failed', partitions: 0, lastError: this.#trouble };
  }

  set status(status: StreamProcessorStatus) {
    this.#status = status;
  }

  /** A thread is about to run it. */
  order(thread: ProcessorThread): RunOrder {
    this.thread = thread;
    this.#trouble = null;
    this.#startedAt = performance.now();
    return {
      pipeline: this.name,
      cutOffs: this.#cutOffs,
      oneAtATime: this.isAlone,
      isFollowed: this.isFollowed,
      replaces: this.#members,
    };
  }

  joined(memberId: string): void {
    this.#member = memberId;
    this.#members = [];
  }

  /** Its thread has ended. */
  ended(): void {
    this.thread = null;
    const { consumed, produced, deadLettered } = this.status;
    this.#before = { consumed, produced, deadLettered };
    this.#status = NEW;
    if (this.#member !== null) this.#members.push(this.#member);
    this.#member = null;
  }

  /** Its thread ended by itself. Returns how long to wait before it runs again. */
  failed(reason: string): number {
    this.#trouble = reason;
    if (performance.now() - this.#startedAt > RAN_WELL_MS) this.#backOff.reset();
    return this.#backOff.next();
  }

  /**
   * Counts an attempt on work that was cut off. Returns whether it was the last: then the next
   * start makes a dead letter of it.
   */
  cutOff(work: MarkedWork, reason: string, attemptsMin = 1): boolean {
    const key = workKey(work);
    const attempts = (this.#attempts.get(key) ?? 0) + 1;
    const isLast = attempts >= Math.max(this.definition.retry.attempts, attemptsMin);
    if (!isLast) {
      this.#attempts.set(key, attempts);
      return false;
    }
    this.#attempts.delete(key);
    this.#cutOffs.push({ ...work, reason, attempts });
    if (this.#cutOffs.length > CUT_OFFS_MAX) this.#cutOffs.shift();
    return true;
  }

  /** As `cutOff`, for work that was under way when memory was used up. */
  cutOffForMemory(work: MarkedWork, reason: string): boolean {
    return this.cutOff(work, reason, ATTEMPTS_MIN_OF_MEMORY);
  }

  /** Another definition begins without what was held against the one before. */
  redefine(definition: PlacedDefinition): void {
    const isSame = this.definition.hash === definition.hash;
    this.definition = definition;
    if (isSame) return;
    this.isAlone = false;
    this.isSuspect = false;
    this.isFollowed = false;
    this.#trouble = null;
    this.#cutOffs.length = 0;
    this.#attempts.clear();
    this.#backOff.reset();
  }
}
