import { setTimeout as delay } from 'node:timers/promises';
import {
  ApiKeys,
  decodeRecords,
  encodeRecordBatch,
  recordBatches,
  ZERO_UUID,
} from '@penstock/kafka-protocol';
import { WireClient } from '@penstock/testing';

const TOPIC = 'canary-in-the-mine';
const PAUSE_MS = 20;

/**
 * A client that behaves, on connections of its own, beside the attack: it must never be closed,
 * never get an error, and read back every record it had acknowledged, in order.
 */
export class Canary {
  readonly #port: number;
  readonly #onProblem: (text: string) => void;
  #isStopping = false;
  #done: Promise<void> = Promise.resolve();
  acknowledged = 0;
  read = 0;
  longestMs = 0;

  constructor(port: number, onProblem: (text: string) => void) {
    this.#port = port;
    this.#onProblem = onProblem;
  }

  async start(): Promise<void> {
    await using client = await WireClient.connect(this.#port);
    const { topics } = await client.send(ApiKeys.CreateTopics, 7, {
      topics: [
        { name: TOPIC, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
      ],
      validateOnly: false,
    });
    if (topics[0]?.errorCode !== 0) throw new Error(`no canary topic: ${topics[0]?.errorCode}`);
    this.#done = Promise.all([this.#run('producer'), this.#run('consumer')]).then(() => {});
  }

  /** Stops, and reads everything once more from the beginning. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#done;
    this.read = 0;
    await using client = await WireClient.connect(this.#port);
    while (this.read < this.acknowledged) {
      const before = this.read;
      await this.#consume(client);
      if (this.read > before) continue;
      this.#onProblem(`the canary reads ${this.read} of ${this.acknowledged} records`);
      return;
    }
  }

  async #run(role: 'producer' | 'consumer'): Promise<void> {
    try {
      await using client = await WireClient.connect(this.#port);
      while (!this.#isStopping) {
        const start = performance.now();
        if (role === 'producer') await this.#produce(client);
        else await this.#consume(client);
        this.longestMs = Math.max(this.longestMs, performance.now() - start);
        await delay(PAUSE_MS);
      }
    } catch (error) {
      this.#onProblem(`the canary's ${role}: ${String(error)}`);
    }
  }

  async #produce(client: WireClient): Promise<void> {
    const value = Buffer.from(`${this.acknowledged}`);
    const records = encodeRecordBatch({ records: [{ timestamp: Date.now(), value }] });
    const answer = await client.send(ApiKeys.Produce, 9, {
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: TOPIC, partitionData: [{ index: 0, records }] }],
    });
    const partition = answer.responses[0]?.partitionResponses[0];
    if (partition?.errorCode !== 0 || partition.baseOffset !== this.acknowledged) {
      throw new Error(`produce answered ${JSON.stringify(partition)} to ${this.acknowledged}`);
    }
    this.acknowledged += 1;
  }

  async #consume(client: WireClient): Promise<void> {
    const partitions = [{ partition: 0, fetchOffset: this.read, partitionMaxBytes: 1_000_000 }];
    const answer = await client.send(ApiKeys.Fetch, 12, {
      maxWaitMs: 50,
      minBytes: 1,
      isolationLevel: 0,
      sessionId: 0,
      rackId: '',
      topics: [{ topic: TOPIC, topicId: ZERO_UUID, partitions }],
    });
    const partition = answer.responses[0]?.partitions[0];
    if (partition?.errorCode !== 0) throw new Error(`fetch answered ${partition?.errorCode}`);
    const records = partition.records ?? Buffer.alloc(0);
    for (const batch of recordBatches(records)) {
      for (const { offset, value } of decodeRecords(records, batch)) {
        if (offset < this.read) continue;
        if (offset !== this.read || String(value) !== `${offset}`) {
          throw new Error(`offset ${offset} holds ${String(value)}, expected ${this.read}`);
        }
        this.read += 1;
      }
    }
  }
}
