import type { Acks } from './produce-api.ts';
import type { ProduceFailure } from './produce-failure.ts';
import type { ProducerIdentity } from './producer-identity.ts';
import type { IncomingRecord } from './record.ts';

/** What became of records that were handed over together. */
export type AppendResult =
  | { readonly ok: true; /** -1: not known. */ readonly baseOffset: number }
  | { readonly ok: false; readonly failure: ProduceFailure };

/** Records of one request for one partition: appended together, in order, or not at all. */
export interface Append {
  readonly records: readonly IncomingRecord[];
  readonly bytes: number;
  /** ms since epoch: after it, no further attempt is made. */
  readonly deadline: number;
  /** The first call counts; later ones are ignored. */
  readonly settle: (result: AppendResult) => void;
}

/** A batch on its way; kept, byte for byte, until the broker has answered for good. */
export interface SentBatch {
  readonly appends: readonly Append[];
  readonly bytes: Buffer;
  readonly recordCount: number;
  readonly identity: ProducerIdentity | undefined;
  /** Whether an attempt may have appended it without an answer that says so. */
  fateUnknown: boolean;
}

const ANSWER_GRACE_MS = 250;

/**
 * The appends that wait for one partition. At most one batch of a queue is under way, so that
 * retries cannot change the order of records. Everything that arrives meanwhile makes up the next
 * batch: batches grow with the load, and nothing waits when there is none. A queue lives until it
 * is empty.
 */
export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  readonly acks: Acks;
  /** Names the partition to a producer identity. */
  readonly key: string;
  batch: SentBatch | undefined;
  underWay = false;
  /** ms since epoch before which the batch is not sent again. */
  retryAt = 0;
  /** Why the last attempt failed. */
  lastFailure: ProduceFailure | undefined;
  #waiting: Append[] = [];

  constructor(topic: string, partition: number, acks: Acks) {
    this.topic = topic;
    this.partition = partition;
    this.acks = acks;
    this.key = PartitionQueue.keyOf(topic, partition, acks);
  }

  static keyOf(topic: string, partition: number, acks: Acks): string {
    return `${acks}/${partition}/${topic}`;
  }

  get idle(): boolean {
    return this.#waiting.length === 0 && this.batch === undefined;
  }

  /** When the first waiting append is given up, ms since epoch; Infinity without one. */
  get waitingLateAt(): number {
    return this.#waiting[0]?.deadline ?? Infinity;
  }

  /**
   * When the batch is given up, by its newest append; Infinity without one. An attempt under way
   * has a moment more, since its answer says what became of the records.
   */
  get batchLateAt(): number {
    const deadline = this.batch?.appends.at(-1)?.deadline ?? Infinity;
    return this.underWay ? deadline + ANSWER_GRACE_MS : deadline;
  }

  add(append: Append): void {
    this.#waiting.push(append);
  }

  /** Puts appends back to the front, to be batched anew. */
  putBack(appends: readonly Append[]): void {
    this.#waiting = [...appends, ...this.#waiting];
  }

  /** Takes what fits into a batch of `bytesMax`, at least one append. */
  take(bytesMax: number): Append[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length) {
      bytes += (this.#waiting[count] as Append).bytes;
      if (count > 0 && bytes > bytesMax) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** Takes the appends whose deadline has passed. */
  takeLate(now: number): Append[] {
    const late = this.#waiting.filter((append) => append.deadline <= now);
    if (late.length > 0) this.#waiting = this.#waiting.filter((append) => append.deadline > now);
    return late;
  }
}
