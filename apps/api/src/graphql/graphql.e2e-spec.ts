import 'reflect-metadata';
import {
  eventually,
  GraphqlClient,
  temporaryFolder,
  type TemporaryFolder,
  TestBroker,
} from '@penstock/testing';
import { TestApi } from '@penstock/testing/test-api';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApplication } from '../application.ts';

let broker: TestBroker;
let folder: TemporaryFolder;
let api: TestApi;
let client: GraphqlClient;
let kafka: Kafka;

beforeAll(async () => {
  folder = await temporaryFolder();
  broker = await TestBroker.start();
  kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
  await startApi();
});

afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
  await broker?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

async function startApi(): Promise<void> {
  const options = { bootstrap: broker.bootstrap, dataDir: folder.path };
  api = await TestApi.start(createApplication, options);
  client = new GraphqlClient(api.url);
}

describe('limits', () => {
  test('a query as a dashboard asks passes', async () => {
    const query = '{ topics { nodes { name consumerGroups { groupId partitions { lag } } } } }';
    expect((await client.ask(query)).errors).toEqual([]);
  });

  test('an operation that asks for too much is refused before it runs', async () => {
    const nodes =
      'nodes { consumerGroups { partitions { topic } members { assignments { topic } } } }';
    const query = `{ a: topics(first: 500) { ${nodes} } b: topics(first: 500) { ${nodes} } }`;
    const { errors } = await client.ask(query);
    expect(errors[0]?.extensions?.code).toBe('QUERY_TOO_LARGE');
  });

  test('many mutations in one request are refused, and so are many requests in one', async () => {
    const create = (index: number) =>
      `t${index}: createTopic(input: { name: "t${index}" }) { __typename }`;
    const many = Array.from({ length: 300 }, (_, index) => create(index)).join(' ');
    const { errors } = await client.ask(`mutation { ${many} }`);
    expect(errors[0]?.extensions?.code).toBe('QUERY_TOO_LARGE');
    expect(errors[0]?.message).toContain('300 fields at its root; allowed are 10');
    const batch = await fetch(client.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ query: `mutation { ${create(1)} }` }]),
    });
    expect(batch.status).toBe(400);
    expect(await batch.text()).toContain('batch');
    const { topics } = await client.query<{ topics: { nodes: unknown[] } }>(
      '{ topics(filter: "t1") { nodes { name } } }',
    );
    expect(topics.nodes).toEqual([]);
  });

  test('a list that is asked for beyond its limit says what is allowed', async () => {
    for (const query of [
      '{ topics(first: 501) { totalCount } }',
      '{ events(first: -1) { totalCount } }',
      '{ history(input: { series: [], from: 0, maxPoints: 2001 }) { tierSeconds } }',
    ]) {
      const { errors } = await client.ask(query);
      expect(errors[0]?.extensions?.code, query).toBe('BAD_USER_INPUT');
      expect(errors[0]?.message).toContain('allowed is');
    }
  });

  test('a document of endless tokens, a syntax error and an unknown field have stable codes', async () => {
    const codes = async (query: string) => (await client.ask(query)).errors[0]?.extensions?.code;
    expect(await codes(`{ ${'system { version } '.repeat(3_000)} }`)).toBe('GRAPHQL_PARSE_FAILED');
    expect(await codes('{ system {')).toBe('GRAPHQL_PARSE_FAILED');
    expect(await codes('{ system { nothing } }')).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(
      await codes(
        'query ($x: Long!) { records(input: { topic: "t", offset: $x }) { __typename } }',
      ),
    ).toBe('BAD_USER_INPUT');
  });

  test('the same limits hold on the socket', async () => {
    const nodes =
      'nodes { consumerGroups { partitions { topic } members { assignments { topic } } } }';
    const refused = client.subscribe(
      `{ a: topics(first: 500) { ${nodes} } b: topics(first: 500) { ${nodes} } }`,
    );
    await eventually(() => refused.problems.length > 0);
    expect(refused.problems[0]?.extensions?.code).toBe('QUERY_TOO_LARGE');
  });

  test('introspection, as tools send it, passes', async () => {
    const { getIntrospectionQuery } = await import('graphql');
    expect((await client.ask(getIntrospectionQuery())).errors).toEqual([]);
  });
});

describe('after a restart of the api', () => {
  test('events and history are still there, with a gap where nothing was measured', async () => {
    const input = {
      series: [{ kind: 'TOTAL', subject: '*', metric: 'IN' }],
      from: Date.now() - 120_000,
    };
    const query =
      'query ($input: HistoryInput!) { history(input: $input) { tierSeconds series { at value } } events(first: 200) { nodes { id kind subject } } }';
    interface Past {
      history: { tierSeconds: number; series: { at: number[]; value: (number | null)[] }[] };
      events: { nodes: { id: string; kind: string; subject: string }[] };
    }
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: 'measured', messages: [{ value: 'one' }] });
    await producer.disconnect();
    const before = await eventually(async () => {
      const past = await client.query<Past>(query, { input });
      const counted = past.history.series[0]?.value.some((value) => (value ?? 0) > 0);
      return past.events.nodes.length > 0 && counted === true ? past : null;
    });
    const [measured] = before.history.series;
    expect(before.history.tierSeconds).toBe(1);
    expect(measured!.at).toHaveLength(measured!.value.length);
    expect(measured!.value.some((value) => value !== null && value > 0)).toBe(true);
    await client[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
    await startApi();
    const after = await client.query<Past>(query, { input });
    const peak = Math.max(...measured!.value.map((value) => value ?? 0));
    expect(Math.max(...after.history.series[0]!.value.map((value) => value ?? 0))).toBe(peak);
    expect(after.events.nodes.map((event) => event.id)).toContain(before.events.nodes[0]!.id);
    await client.query('mutation { createTopic(input: { name: "later" }) { __typename } }');
    const oldest = before.events.nodes.at(-1)!;
    const replayed = client.subscribe<{ events: { id: string } }>(
      'subscription ($after: ID) { events(after: $after) { id } }',
      { after: oldest.id },
    );
    await eventually(() => replayed.values.length >= before.events.nodes.length);
    const ids = replayed.values.map((value) => Number(value.events.id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(ids[0]).toBeGreaterThan(Number(oldest.id));
  });
});
