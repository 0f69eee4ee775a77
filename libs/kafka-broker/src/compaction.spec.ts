import type { LogRecord } from '@penstock/kafka-protocol';
import { ApiKeys, decodeRecords, encodeRecordBatch, recordBatches } from '@penstock/kafka-protocol';
import { eventually, fetchRecords, produceBody, TestBroker, WireClient } from '@penstock/testing';
import { expect, test } from 'vitest';

test('a compacted topic keeps the last record of each key, by its configs and those of the broker', async () => {
  await using broker = await TestBroker.start({
    durability: 'fsync',
    settings: { 'log.cleaner.backoff.ms': '20' },
  });
  await using client = await WireClient.connect(broker.port);
  const configs = [
    { name: 'cleanup.policy', value: 'compact' },
    { name: 'min.cleanable.dirty.ratio', value: '0.01' },
    { name: 'segment.ms', value: '1' },
  ];
  const topic = {
    name: 'prices',
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs,
  };
  await client.send(ApiKeys.CreateTopics, 7, { topics: [topic], validateOnly: false });
  const put = async (key: string | null, value: string): Promise<number> => {
    const record = {
      timestamp: Date.now(),
      key: key === null ? null : Buffer.from(key),
      value: Buffer.from(value),
    };
    const body = produceBody('prices', encodeRecordBatch({ records: [record] }));
    const { responses } = await client.send(ApiKeys.Produce, 9, body);
    return responses[0]!.partitionResponses[0]!.errorCode;
  };
  for (let i = 0; i < 20; i++) expect(await put(`key ${i % 2}`, `value ${i}`)).toBe(0);
  expect(await put(null, 'no key')).toBe(87);

  const left = await eventually(async () => {
    const records = await readAll(client, 'prices', 20);
    return records.length === 2 && records;
  });
  expect(left.map(({ offset, value }) => `${offset} ${String(value)}`)).toEqual([
    '18 value 18',
    '19 value 19',
  ]);
});

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
