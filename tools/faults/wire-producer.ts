import { setTimeout as delay } from 'node:timers/promises';
import { ApiKeys, encodeRecordBatch, ErrorCodes } from '@penstock/kafka-protocol';
import { WireClient, type Ledger } from '@penstock/testing';
import { TOPIC } from './broker.ts';

export interface WireProducerOptions {
  readonly port: number;
  readonly name: string;
  readonly ledger: Ledger;
  readonly partition: number;
  readonly topic?: string;
  /** With a producer id and sequences; what has no answer is sent again until it has one. */
  readonly idempotent?: boolean;
  readonly recordsPerBatch?: number;
  /** Pause after each batch, which leaves the cores to what is tested. */
  readonly pauseMs?: number;
  readonly acks?: number;
}

interface Batch {
  readonly values: readonly string[];
  readonly sequence: number;
}

const IN_FLIGHT_MAX = 5;
const RECONNECT_MS = 20;

/** A load of small batches on one partition, five on their way, over any fault. */
export class WireProducer implements AsyncDisposable {
  /** How often each error code was answered. */
  readonly errors = new Map<number, number>();
  readonly #options: Required<WireProducerOptions>;
  #pending: Batch[] = [];
  #producerId = -1;
  #sequence = 0;
  #running: Promise<void> | undefined;
  #stop = false;

  constructor(options: WireProducerOptions) {
    const defaults = { topic: TOPIC, idempotent: false, recordsPerBatch: 5, pauseMs: 3, acks: -1 };
    this.#options = { ...defaults, ...options };
  }

  start(): this {
    this.#running = this.#run();
    return this;
  }

  /** Ends the load; what is on its way is waited for as long as the broker answers. */
  async stop(): Promise<void> {
    this.#stop = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop || (this.#options.idempotent && this.#pending.length > 0)) {
      try {
        await using client = await WireClient.connect(this.#options.port);
        await this.#session(client);
      } catch {
        if (!this.#options.idempotent) this.#giveUp();
        await delay(RECONNECT_MS);
      }
    }
  }

  async #session(client: WireClient): Promise<void> {
    if (this.#options.idempotent && this.#producerId < 0) {
      const { producerId } = await client.send(ApiKeys.InitProducerId, 4, {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
        producerId: -1,
        producerEpoch: -1,
      });
      this.#producerId = producerId;
    }
    let failure: unknown;
    const waiting = new Set<Promise<void>>();
    const post = (batch: Batch): void => {
      const answered = this.#send(client, batch)
        .catch((error: unknown) => (failure ??= error))
        .finally(() => waiting.delete(answered)) as Promise<void>;
      waiting.add(answered);
    };
    for (const batch of this.#pending) post(batch);
    while (failure === undefined && !this.#stop) {
      if (waiting.size >= IN_FLIGHT_MAX) await Promise.race(waiting);
      else post(this.#nextBatch());
      if (this.#options.pauseMs > 0) await delay(this.#options.pauseMs);
    }
    await Promise.all(waiting);
    if (failure !== undefined) throw failure as Error;
  }

  #nextBatch(): Batch {
    const { name, ledger, recordsPerBatch } = this.#options;
    const values = Array.from({ length: recordsPerBatch }, () => ledger.attempt(name));
    const batch = { values, sequence: this.#sequence };
    this.#sequence += recordsPerBatch;
    this.#pending.push(batch);
    return batch;
  }

  async #send(client: WireClient, batch: Batch): Promise<void> {
    const { topic, partition, idempotent, ledger, acks } = this.#options;
    const timestamp = Date.now();
    const records = encodeRecordBatch({
      records: batch.values.map((value) => ({ timestamp, value: Buffer.from(value) })),
      ...(idempotent && {
        producerId: this.#producerId,
        producerEpoch: 0,
        baseSequence: batch.sequence,
      }),
    });
    const answer = await client.send(ApiKeys.Produce, 9, {
      acks,
      timeoutMs: 30_000,
      topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
    });
    const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!;
    const isKnown = errorCode === ErrorCodes.DUPLICATE_SEQUENCE_NUMBER;
    if (errorCode !== ErrorCodes.NONE && !isKnown) {
      this.errors.set(errorCode, (this.errors.get(errorCode) ?? 0) + 1);
      const isFirst = this.#pending[0] === batch;
      if (idempotent && isFirst && SEQUENCE_ERRORS.has(errorCode)) {
        const number = batch.sequence;
        ledger.contradictions.push(`sequence ${number} was refused with error ${errorCode}`);
        this.#stop = true;
        this.#pending = [];
      }
      throw new Error(`error ${errorCode}`);
    }
    this.#pending.splice(this.#pending.indexOf(batch), 1);
    batch.values.forEach((value, index) => {
      ledger.acknowledge(partition, isKnown || baseOffset < 0 ? -1 : baseOffset + index, value);
    });
  }

  #giveUp(): void {
    for (const { values } of this.#pending) this.#options.ledger.failures += values.length;
    this.#pending = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop = true;
    this.#pending = [];
    await this.#running;
  }
}

/** A broker that forgot a producer, or believes it has what it has not. */
const SEQUENCE_ERRORS = new Set<number>([
  ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ErrorCodes.UNKNOWN_PRODUCER_ID,
]);
