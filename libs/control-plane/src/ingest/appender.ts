import { ErrorCodes } from '@penstock/kafka-protocol/error-codes';
import { ClusterUnavailable } from '../cluster/cluster-error.ts';
import { IngestRefusal } from './ingest-problem.ts';
import {
  PartitionQueue,
  type Append,
  type AppendResult,
  type SentBatch,
} from './partition-queue.ts';
import {
  ACKS_NUMBER,
  faultsOf,
  NOT_ANSWERED,
  partitionAnswer,
  produceBatches,
  type Acks,
  type ProducePartitionAnswer,
  type ProduceTopic,
} from './produce-api.ts';
import {
  failure,
  failureOf,
  meaningOf,
  STOPPING,
  unanswered,
  withFate,
  type ProduceFailure,
} from './produce-failure.ts';
import { IdentityRefused, ProducerIdentities, type ProducerIdentity } from './producer-identity.ts';
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

const RETRY_MS = 100;
const SHIPMENTS_PER_BROKER_MAX = 4;
const SHIPMENT_BYTES_MAX = 8 * 1024 * 1024;
const PRODUCE_TIMEOUT_MS = 5_000;

/**
 * Appends records to partitions: batches those that arrive at about the same time, sends the batch,
 * and sends it again while the cluster recovers. Acknowledged records are sent as an idempotent
 * producer sends them, so a retry after a lost answer appends nothing twice; others (`acks=none`)
 * are sent once.
 *
 * An append that is given up says why (the broker's last answer, or why there was none) and whether
 * its records may be in the log: they may be if they were sent and no answer has ruled it out.
 */
export class Appender {
  readonly #directory: TopicDirectory;
  readonly #timeoutMs: number;
  readonly #now: () => number;
  readonly #identities: ProducerIdentities;
  /** The queues that are not empty, by key. */
  readonly #queues = new Map<string, PartitionQueue>();
  readonly #shipments = new Map<number, number>();
  #stopped = false;
  #pumpScheduled = false;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires, ms since epoch. */
  #wakesAt = Infinity;
  #drained: PromiseWithResolvers<void> | undefined;
  #onTaken: ((topic: string, partition: number) => void) | undefined;

  constructor(options: AppenderOptions) {
    this.#directory = options.directory;
    this.#timeoutMs = options.timeoutMs;
    this.#now = options.now ?? Date.now;
    this.#identities = new ProducerIdentities(options.directory);
  }

  /** Partitions for which something waits or is under way. */
  get queueCount(): number {
    return this.#queues.size;
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
    if (this.#stopped) return Promise.resolve({ ok: false, failure: STOPPING });
    const key = PartitionQueue.keyOf(route.name, partition, acks);
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = new PartitionQueue(route.name, partition, acks);
      this.#queues.set(key, queue);
    }
    const { promise, resolve } = Promise.withResolvers<AppendResult>();
    const deadline = this.#now() + this.#timeoutMs;
    queue.add({ records, bytes, deadline, settle: resolve });
    this.#schedulePump();
    return promise;
  }

  /**
   * Settles when nothing is waiting or under way. Appends without an answer after `withinMs` are
   * given up, and so are later ones; their callers are told so.
   */
  async drain(withinMs: number): Promise<void> {
    setTimeout(() => this.#giveUpAll(), withinMs).unref();
    if (this.#queues.size === 0) return;
    this.#drained ??= Promise.withResolvers();
    await this.#drained.promise;
    clearTimeout(this.#timer);
  }

  /** Runs after this turn of the event loop, so that requests that came together go together. */
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
    let wakeAt = Infinity;
    for (const queue of this.#queues.values()) {
      this.#giveUpLate(queue, now);
      // A broker that hangs keeps a request for longer than an append may wait.
      wakeAt = Math.min(wakeAt, queue.waitingLateAt, queue.batchLateAt);
      if (queue.underWay) continue;
      if (queue.idle) {
        this.#queues.delete(queue.key);
        continue;
      }
      if (queue.retryAt > now) {
        wakeAt = Math.min(wakeAt, queue.retryAt);
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
    this.#wakeAt(wakeAt);
    if (this.#queues.size === 0) this.#settleDrain();
  }

  /** Looks again at this time at the latest. A look that turns out too early costs little. */
  #wakeAt(time: number): void {
    if (time >= this.#wakesAt) return;
    clearTimeout(this.#timer);
    this.#wakesAt = time;
    this.#timer = setTimeout(
      () => {
        this.#wakesAt = Infinity;
        this.#schedulePump();
      },
      Math.max(1, time - this.#now()),
    );
  }

  #giveUpLate(queue: PartitionQueue, now: number): void {
    const reason = queue.lastFailure ?? unanswered('no broker took the records in time', false);
    const { batch } = queue;
    if (batch !== undefined && queue.batchLateAt <= now) {
      batch.fateUnknown ||= queue.underWay;
      const silence = unanswered('the broker did not answer in time', batch.fateUnknown);
      this.#refuseBatch(queue, batch, queue.lastFailure ?? silence);
    }
    settleAll(queue.takeLate(now), withFate(reason, false));
  }

  #giveUpAll(): void {
    this.#stopped = true;
    for (const queue of this.#queues.values()) {
      const { batch } = queue;
      if (batch !== undefined) {
        batch.fateUnknown ||= queue.underWay;
        this.#refuseBatch(queue, batch, STOPPING);
      }
      settleAll(queue.take(Infinity), STOPPING);
    }
    this.#queues.clear();
    this.#settleDrain();
  }

  #settleDrain(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  /** Undefined while the leader is being looked up; the queue is looked at again afterwards. */
  #leaderOf(queue: PartitionQueue): number | undefined {
    const leader = this.#directory.known(queue.topic)?.leaders[queue.partition];
    if (leader !== undefined && leader >= 0) return leader;
    queue.underWay = true;
    this.#directory.find(queue.topic).then(
      (route) => {
        queue.underWay = false;
        this.#judgeRoute(queue, route);
        this.#schedulePump();
      },
      (error: unknown) => {
        queue.underWay = false;
        if (error instanceof IngestRefusal) this.#refuseQueue(queue, error);
        else this.#putOff(queue, unanswered(messageOf(error), false));
        this.#schedulePump();
      },
    );
    return undefined;
  }

  #judgeRoute(queue: PartitionQueue, { name, leaders }: TopicRoute): void {
    const { partition } = queue;
    const leader = leaders[partition];
    if (leader === undefined) {
      const message = `${name} has no partition ${partition} any more: it has ${leaders.length}`;
      this.#refuseQueue(queue, new IngestRefusal({ code: 'unknown-partition', message }));
    } else if (leader < 0) {
      const message = `partition ${partition} of ${name} has no leader`;
      this.#putOff(queue, failureOf(ErrorCodes.LEADER_NOT_AVAILABLE, message));
    }
  }

  /** Delays the batch a little and asks the cluster again who leads the partition. */
  #putOff(queue: PartitionQueue, reason: ProduceFailure): void {
    queue.lastFailure = reason;
    queue.retryAt = this.#now() + RETRY_MS;
    this.#directory.forget(queue.topic);
  }

  #refuseQueue(queue: PartitionQueue, { problem }: IngestRefusal): void {
    const { code, message } = problem;
    const reason = failure({ code, message, retriable: false, mayBeAppended: false });
    if (queue.batch) this.#refuseBatch(queue, queue.batch, reason);
    settleAll(queue.take(Infinity), reason);
  }

  async #ship({ brokerId, acks, queues }: Shipment): Promise<void> {
    const running = (this.#shipments.get(brokerId) ?? 0) + 1;
    this.#shipments.set(brokerId, running);
    for (const queue of queues) queue.underWay = true;
    const sent: PartitionQueue[] = [];
    try {
      const identity = await this.#identities.get(acks);
      const connection = await this.#directory.connect(brokerId);
      const topics = this.#load(queues, identity, sent);
      const answer = await connection.call(
        produceBatches,
        ACKS_NUMBER[acks],
        PRODUCE_TIMEOUT_MS,
        topics,
      );
      for (const queue of sent) {
        const { topic, partition } = queue;
        this.#conclude(queue, partitionAnswer(answer, topic, partition) ?? NOT_ANSWERED);
      }
    } catch (error) {
      this.#failShipment(queues, sent, error);
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
      if (queue.idle) continue;
      queue.batch ??= this.#nextBatch(queue, identity);
      const batch = queue.batch.bytes;
      bytes += batch.length;
      sent.push(queue);
      const partitions = topics.get(queue.topic);
      if (partitions) partitions.push({ index: queue.partition, batch });
      else topics.set(queue.topic, [{ index: queue.partition, batch }]);
    }
    return [...topics].map(([name, partitions]) => ({ name, partitions }));
  }

  #nextBatch(queue: PartitionQueue, identity: ProducerIdentity | undefined): SentBatch {
    const bytesMax = this.#directory.known(queue.topic)?.batchBytesMax ?? 0;
    const appends = queue.take(bytesMax - BATCH_HEADER_BYTES);
    this.#onTaken?.(queue.topic, queue.partition);
    return this.#makeBatch(queue, appends, identity);
  }

  #makeBatch(
    queue: PartitionQueue,
    appends: readonly Append[],
    identity: ProducerIdentity | undefined,
  ): SentBatch {
    const [first] = appends;
    const alone = appends.length === 1 && first !== undefined;
    const records = alone ? first.records : appends.flatMap((append) => append.records);
    const bytes = encodeBatch({
      records,
      now: this.#now(),
      producerId: identity?.producerId ?? -1n,
      producerEpoch: identity?.producerEpoch ?? -1,
      baseSequence: identity?.sequenceOf(queue.key) ?? -1,
    });
    return { appends, bytes, recordCount: records.length, identity, fateUnknown: false };
  }

  /** Applies the broker's answer to a batch. */
  #conclude(queue: PartitionQueue, answer: ProducePartitionAnswer): void {
    const { batch } = queue;
    // The batch was given up meanwhile, because the server stops.
    if (batch === undefined) return;
    const { reaction, mayBeAppended } = meaningOf(answer.errorCode);
    if (reaction === 'keep') {
      this.#acknowledge(queue, batch, Number(answer.baseOffset));
      return;
    }
    const reason = failureOf(answer.errorCode, answer.errorMessage);
    const known = !batch.fateUnknown;
    batch.fateUnknown ||= mayBeAppended;
    if (reaction === 'renew') this.#identities.drop(queue.acks);
    if (reaction === 'retry') {
      this.#putOff(queue, reason);
    } else if (reaction === 'renew' && known) {
      // The records are encoded again, under a new identity.
      queue.batch = undefined;
      queue.putBack(batch.appends);
      this.#putOff(queue, reason);
    } else if (reaction === 'split' && known && batch.appends.length > 1) {
      this.#splitBatch(queue, batch);
    } else {
      if (reaction === 'split') this.#directory.forget(queue.topic);
      this.#refuseBatch(queue, batch, { ...reason, ofRecords: faultsOf(answer) });
    }
  }

  #acknowledge(queue: PartitionQueue, batch: SentBatch, baseOffset: number): void {
    queue.batch = undefined;
    queue.lastFailure = undefined;
    batch.identity?.advance(queue.key, batch.recordCount);
    let offset = baseOffset;
    for (const append of batch.appends) {
      append.settle({ ok: true, baseOffset: offset });
      if (offset >= 0) offset += append.records.length;
    }
  }

  /**
   * A record is at fault, or the batch is larger than the topic's limit, which was lowered
   * meanwhile. Halves are tried, so that one request's records do not decide over another's.
   */
  #splitBatch(queue: PartitionQueue, batch: SentBatch): void {
    this.#directory.forget(queue.topic);
    const half = Math.ceil(batch.appends.length / 2);
    queue.putBack(batch.appends.slice(half));
    queue.batch = this.#makeBatch(queue, batch.appends.slice(0, half), batch.identity);
  }

  #refuseBatch(queue: PartitionQueue, batch: SentBatch, reason: ProduceFailure): void {
    queue.batch = undefined;
    // The batch may have been appended: its sequence must not be given to other records.
    if (batch.fateUnknown) this.#identities.drop(queue.acks);
    settleAll(batch.appends, withFate(reason, batch.fateUnknown));
  }

  /** There is no answer: what was sent may have been appended, the rest was not. */
  #failShipment(
    queues: readonly PartitionQueue[],
    sent: readonly PartitionQueue[],
    error: unknown,
  ): void {
    if (error instanceof IdentityRefused && meaningOf(error.errorCode).reaction === 'refuse') {
      for (const queue of queues) settleAll(queue.take(Infinity), error.failure);
      return;
    }
    const outage = error instanceof ClusterUnavailable || error instanceof IdentityRefused;
    const arrived = !(error instanceof ClusterUnavailable) || error.requestSent;
    for (const queue of queues) {
      const { batch } = queue;
      if (batch && arrived && sent.includes(queue)) batch.fateUnknown = true;
      const reason =
        error instanceof IdentityRefused
          ? error.failure
          : unanswered(messageOf(error), batch?.fateUnknown ?? false);
      // A bug in this program is reported at once instead of being retried until the deadline.
      const giveUp = !outage || queue.acks === 'none';
      if (batch?.fateUnknown && giveUp) this.#refuseBatch(queue, batch, reason);
      else this.#putOff(queue, reason);
    }
  }
}

function settleAll(appends: readonly Append[], reason: ProduceFailure): void {
  for (const append of appends) append.settle({ ok: false, failure: reason });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
