import 'reflect-metadata';
import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import {
  eventually,
  FaultProxy,
  fetchRecords,
  freePort,
  type ProduceFault,
  ProduceFaultProxy,
  TestBroker,
  WireClient,
} from '@penstock/testing';
import { TestApi } from '@penstock/testing/test-api';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createApplication } from '../application.ts';

let proxy: ProduceFaultProxy;
let broker: TestBroker;
let api: TestApi;
let url: string;
let brokerPort: number;
let topics = 0;

beforeAll(async () => {
  brokerPort = await freePort();
  proxy = await ProduceFaultProxy.start(brokerPort);
  broker = await TestBroker.start({ port: brokerPort, advertisedPort: proxy.port });
  api = await TestApi.start(createApplication, { bootstrap: `127.0.0.1:${proxy.port}` });
  ({ url } = api);
});

afterEach(async () => {
  proxy.fault = undefined;
  await eventually(async () => (await busyPartitions()) === 0);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

function busyPartitions(): Promise<number> {
  return metricOf(url, 'busy_partitions');
}

async function metricOf(ofUrl: string, name: string): Promise<number> {
  const metrics = await (await fetch(`${ofUrl}/metrics`)).text();
  return Number(new RegExp(`^penstock_ingest_${name} (\\d+)$`, 'm').exec(metrics)?.[1]);
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Record<string, unknown>;
}

async function post(path: string, type: string, body: string): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  });
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: (await response.json()) as Record<string, unknown>,
  };
}

const native = (topic: string, query = '', body = '1') =>
  post(`/ingest/${topic}${query}`, 'application/json', body);

/** A topic that exists and is known to ingest. */
async function newTopic(): Promise<string> {
  const topic = `failing-${++topics}`;
  expect((await native(topic)).status).toBe(200);
  return topic;
}

async function recordCount(topic: string): Promise<number> {
  await using client = await WireClient.connect(brokerPort);
  return Number((await fetchRecords(client, topic, 0, {})).highWatermark);
}

/** One record in each of the forms, at once. */
async function inAllForms(topic: string): Promise<Answer[]> {
  return await Promise.all([
    native(topic),
    post(`/topics/${topic}`, 'application/vnd.kafka.json.v2+json', '{"records":[{"value":1}]}'),
    post(
      `/v3/clusters/x/topics/${topic}/records`,
      'application/json',
      '{"value":{"type":"JSON","data":1}}',
    ),
    post(
      `/v3/clusters/x/topics/${topic}/records:batch`,
      'application/json',
      '{"entries":[{"id":"1","value":{"type":"JSON","data":1}}]}',
    ),
  ]);
}

interface Expected {
  readonly status: number;
  readonly code: string;
  readonly kafkaError?: string;
  readonly mayBeAppended: boolean;
  readonly errorCode: number;
  readonly words: RegExp;
}

const FAULTS: readonly (readonly [string, ProduceFault, Expected])[] = [
  [
    'too few replicas',
    { appended: false, answer: { errorCode: ErrorCodes.NOT_ENOUGH_REPLICAS } },
    {
      status: 503,
      code: 'not-enough-replicas',
      kafkaError: 'NOT_ENOUGH_REPLICAS',
      mayBeAppended: false,
      errorCode: 50003,
      words: /NOT_ENOUGH_REPLICAS: .*; nothing was appended$/,
    },
  ],
  [
    'a disk that failed after the write',
    { appended: true, answer: { errorCode: ErrorCodes.KAFKA_STORAGE_ERROR } },
    {
      status: 503,
      code: 'storage-failed',
      kafkaError: 'KAFKA_STORAGE_ERROR',
      mayBeAppended: true,
      errorCode: 50003,
      words: /KAFKA_STORAGE_ERROR: .*may append them twice$/,
    },
  ],
  [
    'a partition that changes its leader',
    { appended: false, answer: { errorCode: ErrorCodes.NOT_LEADER_OR_FOLLOWER } },
    {
      status: 503,
      code: 'broker-unavailable',
      kafkaError: 'NOT_LEADER_OR_FOLLOWER',
      mayBeAppended: false,
      errorCode: 50302,
      words: /NOT_LEADER_OR_FOLLOWER: .*; nothing was appended$/,
    },
  ],
  [
    'a connection that is cut after the records were sent',
    { appended: true },
    {
      status: 503,
      code: 'no-answer',
      mayBeAppended: true,
      errorCode: 50003,
      words: /closed the connection; .*may append them twice$/,
    },
  ],
  [
    'records that the topic does not take',
    {
      appended: false,
      answer: { errorCode: ErrorCodes.INVALID_RECORD, errorMessage: 'One or more bad records' },
    },
    {
      status: 422,
      code: 'record-refused',
      kafkaError: 'INVALID_RECORD',
      mayBeAppended: false,
      errorCode: 42206,
      words: /INVALID_RECORD: One or more bad records; nothing was appended$/,
    },
  ],
  [
    'a compression that the broker will never take',
    { appended: false, answer: { errorCode: ErrorCodes.UNSUPPORTED_COMPRESSION_TYPE } },
    {
      status: 502,
      code: 'broker-refused',
      kafkaError: 'UNSUPPORTED_COMPRESSION_TYPE',
      mayBeAppended: false,
      errorCode: 50002,
      words: /UNSUPPORTED_COMPRESSION_TYPE: /,
    },
  ],
];

describe('a broker that hangs', () => {
  it('is not waited for until its connection times out', { timeout: 60_000 }, async () => {
    const port = await freePort();
    await using link = await FaultProxy.start({ upstreamPort: port });
    await using _broker = await TestBroker.start({ port, advertisedPort: link.port });
    await using other = await TestApi.start(createApplication, {
      bootstrap: `127.0.0.1:${link.port}`,
    });
    const send = async () => {
      const response = await fetch(`${other.url}/ingest/hangs`, {
        ...{ method: 'POST', body: '1', headers: { 'content-type': 'application/json' } },
      });
      const { code, mayBeAppended } = (await response.json()) as Record<string, unknown>;
      return { status: response.status, code, mayBeAppended };
    };
    expect((await send()).status).toBe(200);
    link.faults = { isStalled: true };
    const first = send();
    await eventually(async () => (await metricOf(other.url, 'busy_partitions')) === 1);
    const second = send();
    expect(await Promise.all([first, second])).toEqual([
      { status: 503, code: 'no-answer', mayBeAppended: true },
      { status: 503, code: 'broker-unavailable', mayBeAppended: false },
    ]);
    // The request that was sent is still under way: its own time limit is longer.
    expect(await metricOf(other.url, 'busy_partitions')).toBe(1);
    link.faults = {};
    await eventually(async () => (await send()).status === 200, 30_000);
  });
});

describe('a failure of the broker is told in each form, and whether records may be there', () => {
  it.each(FAULTS)('%s', { timeout: 30_000 }, async (_name, fault, expected) => {
    const topic = await newTopic();
    proxy.fault = () => fault;
    const [problem, v2, v3, batch] = await inAllForms(topic);
    const { mayBeAppended, status, code, kafkaError } = expected;
    expect(problem?.body).toMatchObject({
      status,
      code,
      mayBeAppended,
      retriable: status === 503,
      detail: expect.stringMatching(expected.words),
    });
    expect(problem?.body['kafkaError']).toBe(kafkaError);
    expect(problem).toMatchObject({ status, retryAfter: status === 503 ? '1' : null });
    const ofV2 = (v2?.body['offsets'] as Record<string, unknown>[] | undefined)?.[0];
    expect(ofV2).toMatchObject({ mayBeAppended, error: expect.stringMatching(expected.words) });
    expect(ofV2?.['error_code']).toBe(status === 503 ? 50003 : expected.errorCode);
    const failed = {
      error_code: expected.errorCode,
      message: expect.stringMatching(expected.words),
      mayBeAppended,
    };
    expect(v3?.body).toEqual(failed);
    expect(batch?.body['failures']).toEqual([{ id: '1', ...failed }]);
    // The first record made the topic.
    const count = await recordCount(topic);
    expect(count > 1).toBe(mayBeAppended);
  });
});

describe('a batch whose answer is lost', () => {
  it.each(['all', 'leader'])('is appended once with ack=%s', async (ack) => {
    const topic = await newTopic();
    const lost: ProduceFault[] = [{ appended: true }, { appended: true }];
    proxy.fault = () => lost.pop();
    const answer = await native(topic, `?ack=${ack}`, '[2,3]');
    expect(answer.status).toBe(200);
    expect(lost).toEqual([]);
    expect(await recordCount(topic)).toBe(3);
    expect((await native(topic, `?ack=${ack}`)).status).toBe(200);
    expect(await recordCount(topic)).toBe(4);
  });
});

describe('records that one topic does not take', () => {
  it('are named by the broker, and do not spoil the requests they were sent with', async () => {
    const topic = `compacted-${++topics}`;
    await using client = await WireClient.connect(brokerPort);
    const configs = [{ name: 'cleanup.policy', value: 'compact' }];
    const { topics: created } = await client.send(ApiKeys.CreateTopics, 7, {
      topics: [{ name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs }],
      validateOnly: false,
    });
    expect(created[0]?.errorCode).toBe(ErrorCodes.NONE);
    const envelope = '[{"key":"a","value":1},{"value":2}]';
    const good = Array.from({ length: 20 }, (_, i) => native(topic, `?key=k${i}`));
    const bad = native(topic, '?envelope=true', envelope);
    const alsoGood = Array.from({ length: 20 }, (_, i) => native(topic, `?key=l${i}`));
    for (const answer of await Promise.all([...good, ...alsoGood])) {
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    }
    const problem = await bad;
    expect(problem.status).toBe(422);
    expect(problem.body).toMatchObject({
      code: 'record-refused',
      kafkaError: 'INVALID_RECORD',
      mayBeAppended: false,
      retriable: false,
      records: [
        { index: 0, message: expect.stringContaining('other records') },
        { index: 1, message: expect.stringContaining('ompacted topic') },
      ],
    });
    expect(await recordCount(topic)).toBe(40);
  });
});
