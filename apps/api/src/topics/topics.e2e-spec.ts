import 'reflect-metadata';
import { GraphqlClient, TestBroker } from '@penstock/testing';
import { TestApi } from '@penstock/testing/test-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApplication } from '../application.ts';

let broker: TestBroker;
let api: TestApi;
let client: GraphqlClient;

beforeAll(async () => {
  broker = await TestBroker.start();
  api = await TestApi.start(createApplication, { bootstrap: broker.bootstrap });
  client = new GraphqlClient(api.url);
});

afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
  await broker?.[Symbol.asyncDispose]();
});

const CREATE = `mutation ($input: CreateTopicInput!) { createTopic(input: $input) { __typename
  ... on Topic { name partitionCount recordCount partitions { partition startOffset endOffset leader error }
    configs { name value isDefault } }
  ... on Problem { code message } ... on InvalidInput { field } ... on BrokerRefused { kafkaError } } }`;

const DELETE = `mutation ($name: String!) { deleteTopic(name: $name) { __typename
  ... on TopicDeleted { name } ... on Problem { code message } } }`;

async function create(input: Record<string, unknown>): Promise<Record<string, unknown>> {
  const data = await client.query<{ createTopic: Record<string, unknown> }>(CREATE, { input });
  return data.createTopic;
}

describe('topics', () => {
  test('are created with their configuration, listed, and deleted', async () => {
    const created = await create({
      name: 'orders',
      partitions: 3,
      configs: [{ name: 'retention.ms', value: '60000' }],
    });
    expect(created).toMatchObject({ __typename: 'Topic', partitionCount: 3, recordCount: 0 });
    expect(created['partitions']).toEqual(
      [0, 1, 2].map((partition) => ({
        partition,
        startOffset: 0,
        endOffset: 0,
        leader: expect.any(Number),
        error: null,
      })),
    );
    expect(created['configs']).toContainEqual({
      name: 'retention.ms',
      value: '60000',
      isDefault: false,
    });
    const list = '{ topics(filter: "ORD") { totalCount nodes { name sizeBytes } } }';
    expect(await client.query(list)).toMatchObject({
      topics: { totalCount: 1, nodes: [{ name: 'orders', sizeBytes: expect.any(Number) }] },
    });
    expect(await client.query(DELETE, { name: 'orders' })).toEqual({
      deleteTopic: { __typename: 'TopicDeleted', name: 'orders' },
    });
    expect(await client.query(list)).toEqual({ topics: { totalCount: 0, nodes: [] } });
  });

  test('that cannot be are refused with the field and what is allowed', async () => {
    expect(await create({ name: 'a b' })).toMatchObject({
      __typename: 'InvalidInput',
      code: 'INVALID_INPUT',
      field: 'name',
      message: expect.stringContaining("'.', '_' and '-'"),
    });
    expect(await create({ name: '..' })).toMatchObject({ field: 'name' });
    expect(await create({ name: 'x'.repeat(250) })).toMatchObject({ field: 'name' });
    expect(await create({ name: 'p', partitions: 0 })).toMatchObject({ field: 'partitions' });
    expect(await create({ name: 'p', partitions: 1_001 })).toMatchObject({ field: 'partitions' });
    const config = { name: 'retention.ms', value: 'soon' };
    expect(await create({ name: 'p', configs: [config] })).toMatchObject({
      __typename: 'BrokerRefused',
      kafkaError: 'INVALID_CONFIG',
    });
  });

  test('that exist, or do not, are outcomes and not errors', async () => {
    await create({ name: 'twice' });
    expect(await create({ name: 'twice' })).toMatchObject({ __typename: 'TopicExists' });
    expect(await client.query(DELETE, { name: 'never' })).toMatchObject({
      deleteTopic: { __typename: 'TopicNotFound', code: 'TOPIC_NOT_FOUND' },
    });
    expect(await client.query('{ topic(name: "never") { name } }')).toEqual({ topic: null });
  });

  test('are not made by looking at them', async () => {
    const look = '{ records(input: { topic: "looked-at" }) { __typename } }';
    expect(await client.query(look)).toEqual({ records: { __typename: 'TopicNotFound' } });
    expect(await client.query('{ topic(name: "looked-at") { name } }')).toEqual({ topic: null });
  });

  test('are paged by name', async () => {
    for (const name of ['page-1', 'page-2', 'page-3']) {
      await create({ name });
    }
    const page =
      'query ($after: String) { topics(filter: "page-", first: 2, after: $after) { nodes { name } endCursor hasNextPage totalCount } }';
    expect(await client.query(page)).toEqual({
      topics: {
        nodes: [{ name: 'page-1' }, { name: 'page-2' }],
        endCursor: 'page-2',
        hasNextPage: true,
        totalCount: 3,
      },
    });
    expect(await client.query(page, { after: 'page-2' })).toMatchObject({
      topics: { nodes: [{ name: 'page-3' }], hasNextPage: false },
    });
  });
});

describe.each(['__consumer_offsets', '__transaction_state'])('%s', (topic) => {
  async function refusal(path: string, type: string, body: string): Promise<unknown> {
    const response = await fetch(`${api.url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': type },
      body,
    });
    const { code, error_code } = (await response.json()) as Record<string, unknown>;
    return error_code ?? code;
  }

  test('is written, made and removed by no port', async () => {
    const json = 'application/json';
    expect(await refusal(`/ingest/${topic}`, json, '{"a":1}')).toBe('invalid-topic');
    const v2 = 'application/vnd.kafka.json.v2+json';
    const record = '{"value":{"type":"JSON","data":1}}';
    // A stream of records is answered record by record, each with its own code.
    for (const code of [
      await refusal(`/topics/${topic}`, v2, '{"records":[{"value":1}]}'),
      await refusal(`/v3/clusters/x/topics/${topic}/records`, json, record),
    ]) {
      expect(String(code)).toMatch(/^4\d\d/);
    }
    const mutations = [
      `createTopic(input: { name: "${topic}" }) { __typename }`,
      `produceRecord(input: { topic: "${topic}", value: "a" }) { __typename }`,
      `deleteTopic(name: "${topic}") { __typename }`,
    ];
    for (const mutation of mutations) {
      const { done } = await client.query<{ done: { __typename: string } }>(
        `mutation { done: ${mutation} }`,
      );
      expect(done.__typename).toMatch(/^(InvalidInput|TopicNotFound)$/);
    }
    expect(broker.broker.context.topics.byName(topic)).toBeUndefined();
  });
});
