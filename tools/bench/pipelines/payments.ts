import { ApiKeys, encodeRecordBatch } from '@penstock/kafka-protocol';
import { WireClient } from '@penstock/testing';
import { createTopic } from '../broker/raw-requests.ts';

export const PARTITIONS = 4;
const USERS = 10_000;
const RECORDS_PER_BATCH = 1_000;
const BEGAN = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
/** Days later than all windows that are counted. */
const BEHIND_ALL = BEGAN + 7 * 1_440 * MINUTE_MS;
const PRODUCE_VERSION = 9;

/** What was written, and how many outputs each topology makes of it. */
export interface Payments {
  readonly records: number;
  readonly outputs: {
    readonly stateless: number;
    readonly windowed: number;
    readonly joined: number;
  };
}

/**
 * Writes payments of 10,000 users, one a millisecond of event time, in order, and a row of the
 * table `users` for each. The last payment of each partition lies days later, so that every window
 * before it closes in every engine.
 */
export async function writePayments(port: number, records: number): Promise<Payments> {
  for (const name of ['payments', 'users']) {
    await createTopic(port, { name, numPartitions: PARTITIONS });
  }
  await using client = await WireClient.connect(port);
  const users = Array.from({ length: USERS }, (_, user) => user);
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const rows = users.filter((user) => user % PARTITIONS === partition);
    const value = (user: number) => ({ name: `user number ${user}`, limit: user % 1_000 });
    await send(
      client,
      'users',
      partition,
      rows.map((user) => toRecord(user, BEGAN - MINUTE_MS, value(user))),
    );
  }
  const windows = new Set<string>();
  let large = 0;
  const perPartition = Math.ceil(records / PARTITIONS);
  for (let from = 0; from < perPartition; from += RECORDS_PER_BATCH) {
    const count = Math.min(RECORDS_PER_BATCH, perPartition - from);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const batch = Array.from({ length: count }, (_, index) => {
        const number = (from + index) * PARTITIONS + partition;
        // Neighbours are of different users; all records of a user are in one partition.
        const user = (((from + index) * 7_919) % (USERS / PARTITIONS)) * PARTITIONS + partition;
        const isLast = from + index === perPartition - 1;
        const at = isLast ? BEHIND_ALL : BEGAN + number;
        const amount = (number * 31) % 100;
        if (amount >= 50) large += 1;
        if (!isLast) windows.add(`${Math.floor(at / MINUTE_MS)} ${user}`);
        return toRecord(user, at, { id: number, amount, at });
      });
      await send(client, 'payments', partition, batch);
    }
  }
  const written = perPartition * PARTITIONS;
  return {
    records: written,
    outputs: { stateless: large, windowed: windows.size, joined: written },
  };
}

/**
 * Writes one more payment into each partition, behind all windows and too small for any filter: an
 * engine that looks for closed windows only now and then, and only when records come, looks again.
 */
export async function writeTrailing(client: WireClient): Promise<void> {
  const payment = { amount: 0, at: BEHIND_ALL };
  for (let user = 0; user < PARTITIONS; user++) {
    await send(client, 'payments', user, [toRecord(user, BEHIND_ALL, payment)]);
  }
}

/** Writes a payment of each of so many users, into a topic of one partition. */
export async function writeOfUsers(client: WireClient, from: number, count: number): Promise<void> {
  for (let at = from; at < from + count; at += RECORDS_PER_BATCH) {
    const length = Math.min(RECORDS_PER_BATCH, from + count - at);
    const batch = Array.from({ length }, (_, index) => {
      return toRecord(at + index, BEGAN, { id: at + index, amount: 1, at: BEGAN });
    });
    await send(client, 'payments', 0, batch);
  }
}

function toRecord(user: number, timestamp: number, value: object) {
  const key = Buffer.from(`user-${user}`);
  return { timestamp, key, value: Buffer.from(JSON.stringify(value)) };
}

async function send(
  client: WireClient,
  name: string,
  index: number,
  batch: Parameters<typeof encodeRecordBatch>[0]['records'],
): Promise<void> {
  const records = encodeRecordBatch({ records: batch });
  const { responses } = await client.send(ApiKeys.Produce, PRODUCE_VERSION, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name, partitionData: [{ index, records }] }],
  });
  const code = responses[0]?.partitionResponses[0]?.errorCode;
  if (code !== 0) throw new Error(`${name}/${index} was refused with error ${code}`);
}
