import { ApiKeys, encodeRecordBatch, errorName } from '@penstock/kafka-protocol';
import { compressionCodecs } from '@penstock/kafka-log';
import type { Attempt, Random } from '@penstock/kafka-log/faults';
import { recordOf, Violation } from '@penstock/kafka-log/faults';
import type { TopicLedger } from './broker-ledger.ts';
import type { BrokerWorld } from './broker-world.ts';
import { Unanswered, type ProtocolClient } from './protocol-client.ts';

/** What an idempotent client has in flight at most. */
const IN_FLIGHT_MAX = 5;
const COMPRESSIONS = [...Array<'none'>(12).fill('none'), 'gzip', 'snappy', 'lz4', 'zstd'] as const;
const KEYS = 6;

interface Batch {
  readonly attempts: readonly Attempt[];
  readonly bytes: Buffer;
  /** Of the topic's name, when it was sent first. */
  readonly version: number;
}

export interface ProducerOptions {
  readonly name: string;
  readonly topic: string;
  readonly partition: number;
  readonly isIdempotent: boolean;
  readonly acks: -1 | 0 | 1;
  readonly random: Random;
  readonly pauseMs: number;
}

/** A client's producer for one partition: pipelined, retrying as the Java client does. */
export class ProducerActor {
  readonly #world: BrokerWorld;
  readonly #options: ProducerOptions;
  readonly #topic: TopicLedger;
  #client: ProtocolClient | undefined;
  #pending: Batch[] = [];
  #producerId = -1;
  #bornAt = -1;
  #hadLosses = false;
  #nextSequence = 0;
  #written = 0;
  #lives = 0;

  constructor(world: BrokerWorld, options: ProducerOptions) {
    this.#world = world;
    this.#options = options;
    this.#topic = world.ledger.topic(options.topic);
  }

  async run(): Promise<void> {
    const { random, pauseMs } = this.#options;
    while (!this.#world.isEnding) {
      await this.#world.sleep(random.next() * pauseMs);
      if (this.#client?.isOpen !== true) await this.#connect();
      else if (this.#pending.length < IN_FLIGHT_MAX) this.#sendNew();
    }
    // What is on its way may still be answered.
    await this.#world.sleep(100);
    this.#client?.close();
  }

  async #connect(): Promise<void> {
    const client = this.#world.client();
    this.#client = client;
    const { isIdempotent, random } = this.#options;
    if (!isIdempotent) this.#begin();
    else if (this.#producerId < 0) await this.#askForId(client);
    if (!client.isOpen) {
      await this.#world.sleep(10 + random.below(200));
      return;
    }
    for (const batch of this.#pending) this.#send(batch);
  }

  async #askForId(client: ProtocolClient): Promise<void> {
    try {
      const answer = await client.request(ApiKeys.InitProducerId, this.#options.random.below(5), {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
      });
      if (answer.errorCode !== 0) throw new Unanswered(`error ${answer.errorCode}`);
      this.#begin();
      this.#producerId = answer.producerId;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      client.close();
    }
  }

  /** Starts over as a new producer: pending batches are given up. */
  #begin(): void {
    this.#pending = [];
    this.#producerId = -1;
    this.#nextSequence = 0;
    this.#bornAt = this.#topic.version;
    this.#hadLosses = this.#world.ledger.hasLostRecords;
    this.#lives++;
  }

  #sendNew(): void {
    const { name, topic, partition, isIdempotent, acks, random } = this.#options;
    if (isIdempotent && this.#producerId < 0) {
      this.#client?.close();
      return;
    }
    const now = this.#world.machine.now();
    const attempts = Array.from({ length: 1 + random.below(4) }, () => {
      const sequence = this.#written++;
      const id = `${name}/${sequence}`;
      const key = `key-${random.below(KEYS)}`;
      const value = random.chance(0.1) ? null : `${id}:${'v'.repeat(random.below(200))}`;
      const order = { producer: `${name}.${this.#lives}`, sequence };
      return { id, key, value, order, isIdempotent };
    });
    for (const attempt of attempts) this.#world.ledger.attempt(attempt, topic, partition);
    const bytes = encodeRecordBatch({
      records: attempts.map((attempt) => recordOf(attempt, now)),
      compression: random.pick(COMPRESSIONS),
      codecs: compressionCodecs,
      ...(isIdempotent && {
        producerId: this.#producerId,
        producerEpoch: 0,
        baseSequence: this.#nextSequence,
      }),
    });
    if (isIdempotent) this.#nextSequence += attempts.length;
    const batch = { attempts, bytes, version: this.#topic.version };
    if (acks !== 0) this.#pending.push(batch);
    this.#send(batch);
  }

  #send(batch: Batch): void {
    const { topic, partition, acks, random } = this.#options;
    const client = this.#client!;
    // Versions below 7 cannot carry zstd.
    const version = 7 + random.below(5);
    const body = {
      acks,
      timeoutMs: 3000,
      topicData: [{ name: topic, partitionData: [{ index: partition, records: batch.bytes }] }],
    };
    if (acks === 0) {
      client.post(ApiKeys.Produce, version, body);
      return;
    }
    client.request(ApiKeys.Produce, version, body).then(
      ({ responses }) => {
        const answer = responses[0]!.partitionResponses[0]!;
        this.#world.trace.add(
          `${batch.attempts[0]!.id} x${batch.attempts.length} in ${topic}-${partition}: ${errorName(answer.errorCode)} ${answer.baseOffset}`,
        );
        try {
          if (client === this.#client) this.#answered(batch, answer);
        } catch (error) {
          this.#world.fail(error);
        }
      },
      () => client.close(),
    );
  }

  #answered(
    batch: Batch,
    {
      errorCode,
      baseOffset,
      errorMessage,
    }: { errorCode: number; baseOffset: number; errorMessage: string | null },
  ): void {
    const name = errorName(errorCode);
    const isDuplicate = name === 'DUPLICATE_SEQUENCE_NUMBER';
    if (name === 'NONE' || isDuplicate) {
      this.#pending = this.#pending.filter((other) => other !== batch);
      this.#acknowledged(batch, isDuplicate ? -1 : baseOffset);
      return;
    }
    switch (name) {
      case 'KAFKA_STORAGE_ERROR':
      case 'NOT_LEADER_OR_FOLLOWER':
        // It may be there or not: an idempotent producer sends all again, in order.
        if (!this.#options.isIdempotent) this.#pending = this.#pending.filter((o) => o !== batch);
        this.#client?.close();
        return;
      case 'INVALID_TIMESTAMP':
      case 'UNKNOWN_TOPIC_OR_PARTITION':
        // The clock was set back, or the topic is gone: for good.
        this.#begin();
        this.#client?.close();
        return;
      case 'OUT_OF_ORDER_SEQUENCE_NUMBER':
      case 'UNKNOWN_PRODUCER_ID': {
        const { ledger } = this.#world;
        const isLost =
          this.#topic.version !== this.#bornAt ||
          ledger.hasLostRecords !== this.#hadLosses ||
          ledger.mayStartBeyondZero(this.#topic, this.#options.partition) ||
          this.#pending[0] !== batch;
        if (!isLost) break;
        this.#begin();
        this.#client?.close();
        return;
      }
      default:
    }
    throw new Violation(`${batch.attempts[0]!.id} was refused: ${name} ${errorMessage ?? ''}`);
  }

  #acknowledged(batch: Batch, baseOffset: number): void {
    const topic = this.#topic;
    if (!topic.isStill(batch.version) || topic.knownId === undefined) return;
    const { ledger } = this.#world;
    const checker = ledger.checker(topic, topic.knownId, this.#options.partition);
    for (const [i, { id }] of batch.attempts.entries()) {
      const offset = baseOffset < 0 ? undefined : baseOffset + i;
      checker.acknowledge(id, offset, ledger.promisedBy(this.#options.acks));
    }
    if (baseOffset < 0 || !this.#options.random.chance(0.1)) return;
    this.#expectEnd(this.#client!, batch.version, baseOffset + batch.attempts.length).catch(
      (error: unknown) => {
        if (!(error instanceof Unanswered)) this.#world.fail(error);
      },
    );
  }

  /** What was acknowledged lies below the end that is told from then on. */
  async #expectEnd(client: ProtocolClient, version: number, least: number): Promise<void> {
    const { topic: name, partition } = this.#options;
    const answer = await client.request(ApiKeys.ListOffsets, 5, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name, partitions: [{ partitionIndex: partition, timestamp: -1 }] }],
    });
    const { errorCode, offset } = answer.topics[0]!.partitions[0]!;
    if (errorCode !== 0 || !this.#topic.isStill(version) || offset >= least) return;
    throw new Violation(`${name}-${partition} ends at ${offset}; ${least} was acknowledged`);
  }
}
