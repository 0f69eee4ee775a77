import { setTimeout as delay } from 'node:timers/promises';
import { compressionCodecs } from '@penstock/kafka-log';
import { ApiKeys, decodeRecords, recordBatches, ZERO_UUID } from '@penstock/kafka-protocol';
import { WireClient, type Ledger, type LedgerRecord } from '@penstock/testing';
import { TOPIC } from './broker.ts';

/** A place at which the broker said that it cannot read. */
export interface ReadProblem {
  readonly partition: number;
  readonly offset: number;
  readonly errorCode: number;
}

export interface WireReading {
  readonly records: LedgerRecord[];
  readonly problems: ReadProblem[];
}

const FETCH_BYTES = 4 * 1024 * 1024;
const CORRUPT_MESSAGE = 2;

/** Start and end of a partition, by ListOffsets. */
export async function logRange(client: WireClient, topic: string, partition: number) {
  const ask = async (timestamp: number) => {
    const answer = await client.send(ApiKeys.ListOffsets, 6, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }],
    });
    const { errorCode, offset } = answer.topics[0]!.partitions[0]!;
    if (errorCode !== 0) throw new Error(`ListOffsets of ${topic}-${partition}: ${errorCode}`);
    return offset;
  };
  return { start: await ask(-2), end: await ask(-1) };
}

async function fetchOnce(
  client: WireClient,
  topic: string,
  partition: number,
  fetchOffset: number,
  maxWaitMs = 0,
) {
  const answer = await client.send(ApiKeys.Fetch, 12, {
    maxWaitMs,
    minBytes: maxWaitMs > 0 ? 1 : 0,
    isolationLevel: 0,
    sessionId: 0,
    rackId: '',
    topics: [
      {
        topic,
        topicId: ZERO_UUID,
        partitions: [{ partition, fetchOffset, partitionMaxBytes: FETCH_BYTES }],
      },
    ],
  });
  const { errorCode, records } = answer.responses[0]!.partitions[0]!;
  return { errorCode, records: records ?? Buffer.alloc(0) };
}

function recordsFrom(bytes: Buffer, partition: number, from: number): LedgerRecord[] {
  const found: LedgerRecord[] = [];
  for (const slice of recordBatches(bytes)) {
    for (const { offset, value } of decodeRecords(bytes, slice, compressionCodecs)) {
      if (offset >= from) found.push({ partition, offset, value: value?.toString() ?? null });
    }
  }
  return found;
}

/**
 * Reads partitions from start to end by plain requests. Where the broker says that bytes are
 * damaged it notes the place and goes on behind it, as a person with a console would.
 */
export async function readByWire(
  port: number,
  partitions: number,
  topic = TOPIC,
): Promise<WireReading> {
  await using client = await WireClient.connect(port);
  const reading: WireReading = { records: [], problems: [] };
  for (let partition = 0; partition < partitions; partition++) {
    const { start, end } = await logRange(client, topic, partition);
    for (let offset = start; offset < end;) {
      const { errorCode, records } = await fetchOnce(client, topic, partition, offset);
      if (errorCode !== 0) {
        reading.problems.push({ partition, offset, errorCode });
        if (errorCode !== CORRUPT_MESSAGE) break;
        offset++;
        continue;
      }
      const found = recordsFrom(records, partition, offset);
      if (found.length === 0) break;
      reading.records.push(...found);
      offset = found.at(-1)!.offset + 1;
    }
  }
  return reading;
}

/** A consumer that follows a partition while things go on, and writes down what it is given. */
export class WireFollower implements AsyncDisposable {
  readonly #ledger: Ledger;
  readonly #port: number;
  readonly #partition: number;
  #offset = 0;
  #stop = false;
  #running: Promise<void>;

  constructor(port: number, partition: number, ledger: Ledger) {
    this.#ledger = ledger;
    this.#port = port;
    this.#partition = partition;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stop) {
      try {
        await using client = await WireClient.connect(this.#port);
        while (!this.#stop) await this.#read(client);
      } catch {
        await delay(20);
      }
    }
  }

  async #read(client: WireClient): Promise<void> {
    const answer = await fetchOnce(client, TOPIC, this.#partition, this.#offset, 200);
    if (answer.errorCode !== 0) {
      await delay(20);
      return;
    }
    for (const { offset, value } of recordsFrom(answer.records, this.#partition, this.#offset)) {
      this.#ledger.see(this.#partition, offset, value ?? '');
      this.#offset = offset + 1;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop = true;
    await this.#running;
  }
}
