import type { LogRecord } from '@penstock/kafka-protocol';
import { ApiKeys, decodeRecords, encodeRecordBatch, recordBatches } from '@penstock/kafka-protocol';
import {
  createTopic,
  eventually,
  fetchRecords,
  produceBody,
  TestBroker,
  WireClient,
} from '@penstock/testing';
import { expect, test } from 'vitest';

const CLEANS_OFTEN = {
  durability: 'fsync',
  settings: { 'log.cleaner.backoff.ms': '20' },
} as const;
const CLEANED_SOON = { 'segment.ms': '1', 'min.cleanable.dirty.ratio': '0.01' };

test('a compacted topic keeps the last record of each key, by its configs and those of the broker', async () => {
  await using broker = await TestBroker.start(CLEANS_OFTEN);
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'prices', 1, { ...CLEANED_SOON, 'cleanup.policy': 'compact' });
  for (let i = 0; i < 20; i++) expect(await put(client, `key ${i % 2}`, `value ${i}`)).toBe(0);
  expect(await put(client, null, 'no key')).toBe(87);

  const left = await eventually(async () => {
    const records = await readAll(client, 'prices', 20);
    return records.length === 2 && records;
  });
  expect(left.map(({ offset, value }) => `${offset} ${String(value)}`)).toEqual([
    '18 value 18',
    '19 value 19',
  ]);
});

test('readers that go on behind their last record pass over what compaction emptied, and wait at the end', async () => {
  await using broker = await TestBroker.start(CLEANS_OFTEN);
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'prices', 1, { ...CLEANED_SOON, 'internal.segment.bytes': '300' });
  for (let i = 0; i < 20; i++) await put(client, null, `without a key ${i}`);
  await client.send(ApiKeys.IncrementalAlterConfigs, 1, {
    resources: [
      {
        resourceType: 2,
        resourceName: 'prices',
        configs: [{ name: 'cleanup.policy', configOperation: 0, value: 'compact' }],
      },
    ],
    validateOnly: false,
  });
  // Compaction drops records without a key; only their offsets are left.
  await eventually(async () => (await readAll(client, 'prices', 20)).length === 0);
  await fetchRecords(client, 'prices', 0, {});
  const parked = fetchRecords(client, 'prices', 0, { maxWaitMs: 60_000, minBytes: 1 });
  await using producer = await WireClient.connect(broker.port);
  await put(producer, 'k', 'first');
  expect([...recordBatches((await parked).records)].at(-1)?.header.recordCount).toBe(1);

  for (let i = 0; i < 20; i++) await put(client, `k${i % 7}`, `value ${i}`);
  for (let i = 0; i < 9; i++) await put(client, 'k', `newer ${i}`);
  const left = await eventually(async () => {
    const records = await readAll(client, 'prices', 50);
    return records.length === 8 && records;
  });
  const byRecords: number[] = [];
  for (let offset = 0; offset < 50;) {
    const { records: bytes } = await fetchRecords(client, 'prices', offset, {
      partitionMaxBytes: 1,
    });
    const batches = [...recordBatches(bytes)].flatMap((batch) => [...decodeRecords(bytes, batch)]);
    const records = batches.filter((record) => record.offset >= offset);
    expect(records.length, `asked for ${offset}`).toBeGreaterThan(0);
    byRecords.push(...records.map((record) => record.offset));
    offset = byRecords.at(-1)! + 1;
  }
  expect(byRecords).toEqual(left.map(({ offset }) => offset));
});

async function put(client: WireClient, key: string | null, value: string): Promise<number> {
  const record = {
    timestamp: Date.now(),
    key: key === null ? null : Buffer.from(key),
    value: Buffer.from(value),
  };
  const body = produceBody('prices', encodeRecordBatch({ records: [record] }));
  const { responses } = await client.send(ApiKeys.Produce, 9, body);
  return responses[0]!.partitionResponses[0]!.errorCode;
}

/** What lies below `end`, fetched portion by portion. */
async function readAll(client: WireClient, topic: string, end: number): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for (let offset = 0; offset < end;) {
    const { records: bytes } = await fetchRecords(client, topic, offset, {});
    for (const batch of recordBatches(bytes)) {
      found.push(...decodeRecords(bytes, batch));
      offset = batch.header.baseOffset + batch.header.lastOffsetDelta + 1;
    }
  }
  return found;
}
