import { ClusterUnavailable, kafkaErrorMessage } from '../cluster/cluster-error.ts';
import { IngestRefusal } from './ingest-problem.ts';
import {
  PartitionQueue,
  type Append,
  type AppendResult,
  type ProducerIdentity,
  type SentBatch,
} from './partition-queue.ts';
import {
  ACKS_NUMBER,
  initProducerId,
  produceBatches,
  type Acks,
  type ProduceAnswer,
  type ProducePartitionAnswer,
  type ProduceTopic,
} from './produce-api.ts';
import { BATCH_HEADER_BYTES, encodeBatch } from './record-batch.ts';
import type { IncomingRecord } from './record.ts';
import type { TopicDirectory, TopicRoute } from './topic-directory.ts';

export interface AppenderOptions {
  readonly directory: TopicDirectory;
  /** How long an append is tried, in ms, before it is given up. */
  readonly timeoutMs: number;
  readonly now?: () => number;
}

interface Shipment {
  readonly brokerId: number;
  readonly acks: Acks;
  readonly queues: PartitionQueue[];
}

/** Error code of an append that was given up because no broker answered. */
export const NO_ANSWER = -2;

const MESSAGE_TOO_LARGE = 10;
const DUPLICATE_SEQUENCE = 46;
/** Not leader, no leader, unknown topic, timed out, storage: another try may well succeed. */
const RETRIABLE = new Set([3, 5, 6, 7, 8, 13, 19, 20, 56, 74, 75, 76]);
/** The broker does not know this producer (any more): out of order, epoch, mapping, unknown id. */
const IDENTITY_LOST = new Set([45, 47, 49, 59, 90]);
/** Fate unknown although the broker answered: it timed out waiting for replicas. */
const MAYBE_APPENDED = new Set([7, 20]);

const RETRY_MS = 100;
const SHIPMENTS_PER_BROKER_MAX = 4;
const SHIPMENT_BYTES_MAX = 8 * 1024 * 1024;
const PRODUCE_TIMEOUT_MS = 5_000;

/**
 * Appends records to partitions: batches what arrives at about the same time, sends it idempotently
 * (`acks=all`) and repeats it while the cluster recovers. Of the failures it tells apart those
 * where nothing can have been appended from those where nobody knows.
 */
export class Appender {
  readonly #directory: TopicDirectory;
  readonly #timeoutMs: number;
  readonly #now: () => number;
  readonly #queues = new Map<string, PartitionQueue>();
  /** The queues that have something. */
  readonly #busy = new Set<PartitionQueue>();
  readonly #shipments = new Map<number, number>();
  #identity: Promise<ProducerIdentity> | undefined;
  #pumpScheduled = false;
  #retryTimer: NodeJS.Timeout | undefined;
  #onTaken: ((topic: string, partition: number) => void) | undefined;

  constructor(options: AppenderOptions) {
    this.#directory = options.directory;
    this.#timeoutMs = options.timeoutMs;
    this.#now = options.now ?? Date.now;
  }

  /** Calls `listener` when the records that wait for a partition are put into a batch. */
  onTaken(listener: (topic: string, partition: number) => void): void {
    this.#onTaken = listener;
  }

  /** Settles when the records are kept as `acks` says, or will not be. Never rejects. */
  append(
    route: TopicRoute,
    partition: number,
    acks: Acks,
    records: readonly IncomingRecord[],
    bytes: number,
  ): Promise<AppendResult> {
    const key = `${acks}/${partition}/${route.name}`;
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = new PartitionQueue(route.name, partition, acks);
      this.#queues.set(key, queue);
    }
    const { promise, resolve } = Promise.withResolvers<AppendResult>();
    const deadline = this.#now() + this.#timeoutMs;
    queue.add({ records, bytes, deadline, settle: resolve });
    this.#busy.add(queue);
    this.#schedulePump();
    return promise;
  }

  /** Settles when nothing is waiting or under way. */
  async drain(): Promise<void> {
    while (this.#busy.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    clearTimeout(this.#retryTimer);
  }

  /** After the events of this turn of the loop, so that requests that came together go together. */
  #schedulePump(): void {
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    setImmediate(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    const now = this.#now();
    const shipments = new Map<string, Shipment>();
    let retryAt = Infinity;
    for (const queue of this.#busy) {
      if (queue.underWay) continue;
      this.#giveUpLate(queue, now);
      if (queue.idle) {
        this.#busy.delete(queue);
        continue;
      }
      if (queue.retryAt > now) {
        retryAt = Math.min(retryAt, queue.retryAt);
        continue;
      }
      const brokerId = this.#leaderOf(queue);
      if (brokerId === undefined) continue;
      if ((this.#shipments.get(brokerId) ?? 0) >= SHIPMENTS_PER_BROKER_MAX) continue;
      const shipmentKey = `${queue.acks}/${brokerId}`;
      const shipment = shipments.get(shipmentKey);
      if (shipment) shipment.queues.push(queue);
      else shipments.set(shipmentKey, { brokerId, acks: queue.acks, queues: [queue] });
    }
    for (const shipment of shipments.values()) void this.#ship(shipment);
    if (retryAt !== Infinity) this.#wakeAt(retryAt);
  }

  #wakeAt(time: number): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#schedulePump(), Math.max(1, time - this.#now()));
  }

  #giveUpLate(queue: PartitionQueue, now: number): void {
    const result: AppendResult = {
      ok: false,
      errorCode: NO_ANSWER,
      message: 'no broker took the records in time',
    };
    const batch = queue.batch;
    if (batch !== undefined && batch.appends.every((append) => append.deadline <= now)) {
      // Whether it was appended is not known: its sequence must not be given to other records.
      if (batch.fateUnknown) this.#identity = undefined;
      queue.batch = undefined;
      for (const append of batch.appends) append.settle(result);
    }
    for (const append of queue.takeLate(now)) append.settle(result);
  }

  /** Undefined: it is being found out, and the queue is looked at again when it is. */
  #leaderOf(queue: PartitionQueue): number | undefined {
    const leader = this.#directory.known(queue.topic)?.leaders[queue.partition];
    if (leader !== undefined && leader >= 0) return leader;
    queue.underWay = true;
    this.#directory.find(queue.topic).then(
      (route) => {
        queue.underWay = false;
        const found = route.leaders[queue.partition];
        if (found === undefined || found < 0) {
          this.#directory.forget(queue.topic);
          queue.retryAt = this.#now() + RETRY_MS;
        }
        this.#schedulePump();
      },
      (error: unknown) => {
        queue.underWay = false;
        if (error instanceof IngestRefusal) this.#failAll(queue, error);
        else queue.retryAt = this.#now() + RETRY_MS;
        this.#schedulePump();
      },
    );
    return undefined;
  }

  #failAll(queue: PartitionQueue, refusal: IngestRefusal): void {
    const appends = [...(queue.batch?.appends ?? []), ...queue.take(Infinity)];
    queue.batch = undefined;
    for (const append of appends) {
      append.settle({ ok: false, errorCode: 3, message: refusal.message });
    }
  }

  async #ship({ brokerId, acks, queues }: Shipment): Promise<void> {
    const running = (this.#shipments.get(brokerId) ?? 0) + 1;
    this.#shipments.set(brokerId, running);
    for (const queue of queues) queue.underWay = true;
    const sent: PartitionQueue[] = [];
    try {
      const identity = acks === 'all' ? await this.#ownIdentity() : undefined;
      const connection = await this.#directory.connect(brokerId);
      const topics = this.#load(queues, identity, sent);
      const answer = await connection.call(
        produceBatches,
        ACKS_NUMBER[acks],
        PRODUCE_TIMEOUT_MS,
        topics,
      );
      this.#unload(sent, typeof answer === 'boolean' ? undefined : answer);
    } catch (error) {
      if (!(error instanceof ClusterUnavailable)) this.#failShipment(queues, error);
      this.#keepForRetry(sent, queues);
    } finally {
      for (const queue of queues) queue.underWay = false;
      this.#shipments.set(brokerId, (this.#shipments.get(brokerId) ?? 1) - 1);
      this.#schedulePump();
    }
  }

  /** Puts waiting records of each queue into its batch, and adds the queues it loaded to `sent`. */
  #load(
    queues: readonly PartitionQueue[],
    identity: ProducerIdentity | undefined,
    sent: PartitionQueue[],
  ): ProduceTopic[] {
    const topics = new Map<string, { index: number; batch: Buffer }[]>();
    let bytes = 0;
    for (const queue of queues) {
      if (bytes > SHIPMENT_BYTES_MAX) break;
      queue.batch ??= this.#makeBatch(queue, identity);
      const batch = queue.batch.bytes;
      bytes += batch.length;
      sent.push(queue);
      const partitions = topics.get(queue.topic);
      if (partitions) partitions.push({ index: queue.partition, batch });
      else topics.set(queue.topic, [{ index: queue.partition, batch }]);
    }
    return [...topics].map(([name, partitions]) => ({ name, partitions }));
  }

  #makeBatch(queue: PartitionQueue, identity: ProducerIdentity | undefined): SentBatch {
    const bytesMax = this.#directory.known(queue.topic)?.batchBytesMax ?? 0;
    const appends = queue.take(bytesMax - BATCH_HEADER_BYTES);
    this.#onTaken?.(queue.topic, queue.partition);
    const records = appends.length === 1 ? (appends[0]?.records ?? []) : appends.flatMap(recordsOf);
    const bytes = encodeBatch({
      records,
      now: this.#now(),
      producerId: identity?.producerId ?? -1n,
      producerEpoch: identity?.producerEpoch ?? -1,
      baseSequence: identity ? queue.sequenceFor(identity) : -1,
    });
    return { appends, bytes, recordCount: records.length, identity, fateUnknown: false };
  }

  #unload(sent: readonly PartitionQueue[], answer: ProduceAnswer | undefined): void {
    for (const queue of sent) {
      const partition = answer === undefined ? NOT_ANSWERED : partitionAnswer(answer, queue);
      this.#conclude(queue, partition);
    }
  }

  #conclude(queue: PartitionQueue, answer: ProducePartitionAnswer | undefined): void {
    const batch = queue.batch as SentBatch;
    const errorCode = answer?.errorCode ?? 13;
    if (errorCode === 0 || errorCode === DUPLICATE_SEQUENCE) {
      queue.batch = undefined;
      queue.advance(batch);
      let offset = Number(answer?.baseOffset ?? -1n);
      for (const append of batch.appends) {
        append.settle({ ok: true, baseOffset: offset });
        if (offset >= 0) offset += append.records.length;
      }
      return;
    }
    if (IDENTITY_LOST.has(errorCode)) {
      this.#identity = undefined;
      this.#tryAnew(queue, batch);
    } else if (RETRIABLE.has(errorCode)) {
      if (MAYBE_APPENDED.has(errorCode)) batch.fateUnknown = true;
      this.#directory.forget(queue.topic);
      queue.retryAt = this.#now() + RETRY_MS;
    } else if (errorCode === MESSAGE_TOO_LARGE && batch.appends.length > 1) {
      this.#splitBatch(queue, batch);
    } else {
      if (errorCode === MESSAGE_TOO_LARGE) this.#directory.forget(queue.topic);
      queue.batch = undefined;
      const message = answer?.errorMessage ?? kafkaErrorMessage(errorCode);
      for (const append of batch.appends) append.settle({ ok: false, errorCode, message });
    }
  }

  /** The batch is encoded again, under a new identity. */
  #tryAnew(queue: PartitionQueue, batch: SentBatch): void {
    queue.batch = undefined;
    queue.putBack(batch.appends);
    queue.retryAt = this.#now() + RETRY_MS;
  }

  /**
   * Together they are too large, which the topic's limit as we know it did not say: it was lowered.
   * Halves are tried, so that one request's records do not decide over another's.
   */
  #splitBatch(queue: PartitionQueue, batch: SentBatch): void {
    this.#directory.forget(queue.topic);
    queue.batch = undefined;
    const half = Math.ceil(batch.appends.length / 2);
    queue.putBack(batch.appends.slice(half));
    const first = batch.appends.slice(0, half);
    const records = first.flatMap(recordsOf);
    const { identity } = batch;
    const bytes = encodeBatch({
      records,
      now: this.#now(),
      producerId: identity?.producerId ?? -1n,
      producerEpoch: identity?.producerEpoch ?? -1,
      baseSequence: identity ? queue.sequenceFor(identity) : -1,
    });
    queue.batch = {
      appends: first,
      bytes,
      recordCount: records.length,
      identity,
      fateUnknown: false,
    };
  }

  /** The connection broke: what was sent may have arrived, the rest has not. */
  #keepForRetry(sent: readonly PartitionQueue[], queues: readonly PartitionQueue[]): void {
    for (const queue of sent) if (queue.batch) queue.batch.fateUnknown = true;
    for (const queue of queues) {
      this.#directory.forget(queue.topic);
      queue.retryAt = this.#now() + RETRY_MS;
    }
  }

  /** A fault of this program: it is told to those who wait, instead of being tried for ever. */
  #failShipment(queues: readonly PartitionQueue[], error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#identity = undefined;
    for (const queue of queues) {
      const appends = queue.batch?.appends ?? [];
      queue.batch = undefined;
      for (const append of appends) append.settle({ ok: false, errorCode: -1, message });
    }
  }

  async #ownIdentity(): Promise<ProducerIdentity> {
    this.#identity ??= this.#askIdentity();
    const asked = this.#identity;
    try {
      return await asked;
    } catch (error) {
      if (this.#identity === asked) this.#identity = undefined;
      throw error;
    }
  }

  async #askIdentity(): Promise<ProducerIdentity> {
    const connection = await this.#directory.connectAny();
    const answer = await connection.call(initProducerId, null, 60_000, -1n, -1);
    if (answer.errorCode !== 0) throw new ClusterUnavailable(kafkaErrorMessage(answer.errorCode));
    return { producerId: answer.producerId, producerEpoch: answer.producerEpoch };
  }
}

/** What the client reports for a request that asks for no answer. */
const NOT_ANSWERED: ProducePartitionAnswer = { index: -1, errorCode: 0, baseOffset: -1n };

function partitionAnswer(
  answer: ProduceAnswer,
  queue: PartitionQueue,
): ProducePartitionAnswer | undefined {
  return answer.responses
    .find((topic) => topic.name === queue.topic)
    ?.partitionResponses.find((partition) => partition.index === queue.partition);
}

function recordsOf(append: Append): readonly IncomingRecord[] {
  return append.records;
}
