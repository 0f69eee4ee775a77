import 'reflect-metadata';
import { eventually, GraphqlClient, TestBroker } from '@penstock/testing';
import { TestApi } from '@penstock/testing/test-api';
import { CompressionTypes, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createApplication } from '../application.ts';

let broker: TestBroker;
let api: TestApi;
let client: GraphqlClient;
let kafka: Kafka;

beforeAll(async () => {
  broker = await TestBroker.start();
  kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
  api = await TestApi.start(createApplication, { bootstrap: broker.bootstrap });
  client = new GraphqlClient(api.url);
});

afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
  await broker?.[Symbol.asyncDispose]();
});

const RECORDS = `query ($input: RecordsInput!) { records(input: $input) { __typename
  ... on RecordPage { scanned next { partition offset } records { partition offset timestamp
    key { text } value { text base64 sizeBytes truncated } headers { key value { text } } } }
  ... on Problem { code message } ... on InvalidInput { field } } }`;

const PRODUCE = `mutation ($input: ProduceRecordInput!) { produceRecord(input: $input) { __typename
  ... on RecordProduced { topic partition offset }
  ... on Problem { code message } ... on InvalidInput { field } } }`;

interface Page {
  records: {
    __typename: string;
    code?: string;
    field?: string;
    scanned: number;
    next: { partition: number; offset: number }[];
    records: {
      partition: number;
      offset: number;
      timestamp: number;
      key: { text: string } | null;
      value: { text: string | null; base64: string; sizeBytes: number; truncated: boolean } | null;
      headers: { key: string; value: { text: string } | null }[];
    }[];
  };
}

async function create(name: string, partitions = 1): Promise<void> {
  const mutation = `mutation ($input: CreateTopicInput!) {
    createTopic(input: $input) { __typename } }`;
  await client.query(mutation, { input: { name, partitions } });
}

async function records(input: Record<string, unknown>): Promise<Page['records']> {
  return (await client.query<Page>(RECORDS, { input })).records;
}

async function send(
  topic: string,
  messages: {
    key?: string;
    value: string | Buffer | null;
    partition?: number;
    timestamp?: string;
  }[],
  compression = CompressionTypes.None,
): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages, compression });
  await producer.disconnect();
}

function values(page: Page['records']): (string | null | undefined)[] {
  return page.records.map((record) => record.value?.text);
}

describe('records', () => {
  beforeAll(async () => {
    await create('log', 2);
    for (let index = 0; index < 40; index += 1) {
      const timestamp = String(1_700_000_000_000 + index * 1_000);
      await send('log', [
        { partition: index % 2, key: `k${index}`, value: `v${index}`, timestamp },
      ]);
    }
  });

  test('are shown newest first by default', async () => {
    const page = await records({ topic: 'log', limit: 3 });
    expect(values(page)).toEqual(['v39', 'v38', 'v37']);
    expect(page.next).toEqual([
      { partition: 0, offset: 20 },
      { partition: 1, offset: 20 },
    ]);
  });

  test('are read on from where a page ended, over all partitions, each once', async () => {
    const first = await records({ topic: 'log', from: 'OLDEST', limit: 7 });
    expect(values(first)).toEqual(['v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6']);
    const rest = await Promise.all(
      first.next.map(({ partition, offset }) => records({ topic: 'log', partition, offset })),
    );
    expect(new Set(rest.flatMap(values)).size).toBe(33);
    expect(rest.flatMap(values)).not.toContain('v6');
  });

  test('are found by offset and by time', async () => {
    const byOffset = await records({ topic: 'log', partition: 1, offset: 18 });
    expect(values(byOffset)).toEqual(['v37', 'v39']);
    const byTime = await records({ topic: 'log', timestamp: 1_700_000_037_500 });
    expect(values(byTime)).toEqual(['v38', 'v39']);
    expect(values(await records({ topic: 'log', timestamp: 1_800_000_000_000 }))).toEqual([]);
    expect(values(await records({ topic: 'log', partition: 0, offset: 99 }))).toEqual([]);
  });

  test('are filtered by a text, and the page says how many it looked at', async () => {
    const page = await records({ topic: 'log', contains: 'v17' });
    expect(values(page)).toEqual(['v17']);
    expect(page.scanned).toBe(40);
  });

  test('that are no text come as bytes, and large ones are cut and say so', async () => {
    await create('binary');
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80]);
    await send('binary', [{ value: bytes }, { value: null }, { value: 'é'.repeat(100_000) }]);
    const { records: shown } = await records({ topic: 'binary', from: 'OLDEST' });
    expect(shown[0]?.value).toEqual({
      text: null,
      base64: bytes.toString('base64'),
      sizeBytes: 4,
      truncated: false,
    });
    expect(shown[1]?.value).toBeNull();
    expect(shown[2]?.value).toMatchObject({ sizeBytes: 200_000, truncated: true });
    expect(shown[2]?.value?.text).toMatch(/^é+$/);
  });

  test('that are compressed are read', async () => {
    await create('zipped');
    const batch = Array.from({ length: 100 }, (_, index) => ({ value: `line ${index}` }));
    await send('zipped', batch, CompressionTypes.GZIP);
    const page = await records({ topic: 'zipped', partition: 0, offset: 97 });
    expect(values(page)).toEqual(['line 97', 'line 98', 'line 99']);
  });

  test('of an empty topic are not waited for', async () => {
    await create('empty');
    const park = vi.spyOn(broker.broker.context.parkedFetches, 'park');
    expect(await records({ topic: 'empty' })).toMatchObject({ records: [], scanned: 0 });
    expect(park).not.toHaveBeenCalled();
    park.mockRestore();
  });

  test('are asked for within limits', async () => {
    expect(await records({ topic: 'log', limit: 501 })).toMatchObject({ field: 'limit' });
    expect(await records({ topic: 'log', offset: 3 })).toMatchObject({ field: 'offset' });
    expect(await records({ topic: 'log', partition: 2 })).toMatchObject({ field: 'partition' });
  });

  test('are produced with key, headers and tombstones, and never into a topic that is not there', async () => {
    await create('written');
    const input = {
      topic: 'written',
      key: 'k',
      value: '{"a":1}',
      headers: [{ key: 'h', value: 'x' }],
      timestamp: 1_700_000_000_000,
    };
    expect(await client.query(PRODUCE, { input })).toEqual({
      produceRecord: { __typename: 'RecordProduced', topic: 'written', partition: 0, offset: 0 },
    });
    await client.query(PRODUCE, { input: { topic: 'written', key: 'k' } });
    const page = await records({ topic: 'written', from: 'OLDEST' });
    expect(page.records[0]).toMatchObject({
      timestamp: 1_700_000_000_000,
      key: { text: 'k' },
      value: { text: '{"a":1}' },
      headers: [{ key: 'h', value: { text: 'x' } }],
    });
    expect(page.records[1]?.value).toBeNull();
    expect(await client.query(PRODUCE, { input: { topic: 'nowhere', value: 'x' } })).toMatchObject({
      produceRecord: { __typename: 'TopicNotFound' },
    });
    expect(
      await client.query(PRODUCE, { input: { topic: 'written', partition: 7, value: 'x' } }),
    ).toMatchObject({ produceRecord: { field: 'partition' } });
  });

  test('are tailed as they arrive, and what is too much is counted', async () => {
    await create('tailed', 2);
    const tail = client.subscribe<{
      tail: { skipped: number; records: { value: { text: string } }[] };
    }>('subscription { tail(topic: "tailed") { skipped records { value { text } } } }');
    const seen = () => tail.values.flatMap((frame) => frame.tail.records.map((r) => r.value.text));
    await eventually(async () => {
      await send('tailed', [{ value: 'hello' }]);
      return seen().includes('hello');
    });
    const before = seen().length + skippedOf(tail.values);
    await send(
      'tailed',
      Array.from({ length: 3_000 }, (_, index) => ({ value: `${index}` })),
    );
    await eventually(() => seen().length + skippedOf(tail.values) >= before + 3_000);
    expect(seen().length).toBeLessThan(500);
    tail.stop();
    const none = client.subscribe('subscription { tail(topic: "not-there") { skipped } }');
    await eventually(() => none.problems.length > 0);
    expect(none.problems[0]?.extensions?.code).toBe('TOPIC_NOT_FOUND');
  });
});

function skippedOf(frames: readonly { tail: { skipped: number } }[]): number {
  return frames.reduce((sum, frame) => sum + frame.tail.skipped, 0);
}
