import 'reflect-metadata';
import { request as httpRequest } from 'node:http';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { TestBroker } from '@penstock/testing';
import { TestApi } from '@penstock/testing/test-api';
import { Consumer } from '@platformatic/kafka';
import request, { type Response } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApplication } from '../application.ts';

interface ReadRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string | null])[];
  readonly timestamp: number;
}

let broker: TestBroker;
let api: TestApi;
let topics = 0;

beforeAll(async () => {
  broker = await TestBroker.start({ settings: { 'num.partitions': '3' } });
  api = await TestApi.start(createApplication, {
    bootstrap: broker.bootstrap,
    env: { PENSTOCK_INGEST_BODY_BYTES_MAX: String(3 * 1024 * 1024) },
  });
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

/** Every test has a topic of its own, which does not exist yet. */
function newTopic(): string {
  return `ingest-${++topics}`;
}

function post(path: string, type: string, body: string | Buffer) {
  return request(api.url).post(path).set('Content-Type', type).send(body);
}

/** Concatenated JSON is not JSON, although it says so. */
function asText(response: Response, done: (error: Error | null, body: unknown) => void): void {
  let text = '';
  response.on('data', (chunk: Buffer) => (text += String(chunk)));
  response.on('end', () => done(null, text));
}

/** All records of a topic, by partition and offset. */
async function read(topic: string): Promise<ReadRecord[]> {
  const consumer = new Consumer({
    clientId: 'reader',
    groupId: `reader-${topic}-${Math.random()}`,
    bootstrapBrokers: [broker.bootstrap],
    autocommit: false,
  });
  try {
    const offsets = await consumer.listOffsets({ topics: [topic] });
    const ends = offsets.get(topic) ?? [];
    let missing = ends.reduce((sum, end) => sum + Number(end), 0);
    const records: ReadRecord[] = [];
    if (missing === 0) return records;
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest' });
    for await (const message of stream) {
      records.push({
        partition: message.partition,
        offset: Number(message.offset),
        key: message.key === null || message.key === undefined ? null : String(message.key),
        value: message.value === null || message.value === undefined ? null : String(message.value),
        headers: [...message.headers].map(
          ([name, value]) => [String(name), String(value)] as const,
        ),
        timestamp: Number(message.timestamp),
      });
      if (--missing === 0) break;
    }
    await stream.close();
    return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  } finally {
    await consumer.close(true);
  }
}

function expectProblem(response: Response, status: number, code: string): void {
  expect(response.status, response.text).toBe(status);
  expect(response.headers['content-type']).toBe('application/problem+json');
  const problem = JSON.parse(response.text) as Record<string, unknown>;
  expect(problem).toMatchObject({ status, code, type: `urn:penstock:ingest:${code}` });
}

function problemOf(response: Response): Record<string, unknown> {
  return JSON.parse(response.text) as Record<string, unknown>;
}

describe('native ingest', () => {
  it('appends one JSON value, byte for byte', async () => {
    const topic = newTopic();
    const body = '{ "amount":1.0, "id":12345678901234567890 }';
    const response = await post(`/ingest/${topic}?key=k1`, 'application/json', body).set(
      'Penstock-Header-TraceId',
      'abc',
    );
    expect(response.status, response.text).toBe(200);
    const partition = response.body.records[0].partition as number;
    expect(response.body).toEqual({
      topic,
      accepted: 1,
      refused: 0,
      records: [{ partition, offset: 0 }],
    });
    const [record] = await read(topic);
    expect(record).toMatchObject({
      partition,
      key: 'k1',
      value: body,
      headers: [['TraceId', 'abc']],
    });
    expect(Math.abs(Date.now() - (record?.timestamp ?? 0))).toBeLessThan(60_000);
  });

  it('answers for an array in its order, and keeps the order of each key', async () => {
    const topic = newTopic();
    const elements = Array.from({ length: 300 }, (_, i) => `{"k":"key-${i % 7}", "n": ${i}}`);
    const response = await post(
      `/ingest/${topic}?keyField=/k`,
      'application/json; charset=utf-8',
      `[ ${elements.join(' ,\n')} ]`,
    );
    expect(response.status, response.text).toBe(200);
    const places = response.body.records as { partition: number; offset: number }[];
    expect(places).toHaveLength(300);
    const records = await read(topic);
    places.forEach(({ partition, offset }, i) => {
      const found = records.find((r) => r.partition === partition && r.offset === offset);
      expect(found).toMatchObject({ key: `key-${i % 7}`, value: elements[i] });
    });
    expect(new Set(records.map(({ partition }) => partition)).size).toBe(3);
  });

  it('appends one record per line of NDJSON', async () => {
    const topic = newTopic();
    const response = await post(
      `/ingest/${topic}?partition=2`,
      'application/x-ndjson',
      '{"a":1}\n{"a": 2}\r\n\n"three"',
    );
    expect(response.body.records).toEqual([0, 1, 2].map((offset) => ({ partition: 2, offset })));
    expect((await read(topic)).map(({ value }) => value)).toEqual([
      '{"a":1}',
      '{"a": 2}',
      '"three"',
    ]);
  });

  it('takes keys, headers, partitions and timestamps from envelopes', async () => {
    const topic = newTopic();
    const response = await post(
      `/ingest/${topic}?envelope=true`,
      'application/json',
      '[{"key":"a","value":{"x":1},"headers":{"h":"v"},"partition":1,"timestamp":1700000000000},{"value":null,"key":"a","partition":1}]',
    );
    expect(response.status, response.text).toBe(200);
    expect(await read(topic)).toMatchObject([
      { key: 'a', value: '{"x":1}', headers: [['h', 'v']], timestamp: 1_700_000_000_000 },
      { key: 'a', value: null },
    ]);
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('takes bodies in %s', async (encoding, compress) => {
    const topic = newTopic();
    const response = await post(
      `/ingest/${topic}`,
      'application/x-ndjson',
      compress(Buffer.from('1\n2\n3')),
    ).set('Content-Encoding', encoding);
    expect(response.status, response.text).toBe(200);
    expect(response.body.accepted).toBe(3);
  });

  it('answers at once with ack=none, and still appends', async () => {
    const topic = newTopic();
    await post(`/ingest/${topic}`, 'application/json', '0');
    const response = await post(`/ingest/${topic}?ack=none`, 'application/json', '1');
    expect(response.status).toBe(202);
    expect(response.body.records).toEqual([{ partition: expect.any(Number), offset: null }]);
    await post(`/ingest/${topic}?ack=leader`, 'application/json', '2').expect(200);
    await expect.poll(async () => (await read(topic)).length, { timeout: 5_000 }).toBe(3);
  });

  it('puts a key where Java’s partitioner puts it', async () => {
    const topic = newTopic();
    const response = await post(`/ingest/${topic}?key=foobar`, 'application/json', '1');
    expect(response.body.records[0].partition).toBe((-790332482 & 0x7fffffff) % 3);
  });
});

describe('what native ingest refuses, keeping nothing of it', () => {
  async function expectNothingKept(topic: string): Promise<void> {
    await post(`/ingest/${topic}?partition=0`, 'application/json', '"first"');
    const records = await read(topic);
    expect(records.map(({ value }) => value)).toEqual(['"first"']);
  }

  it('a body that is not JSON, by line and column', async () => {
    const topic = newTopic();
    const response = await post(`/ingest/${topic}`, 'application/x-ndjson', '{"a":1}\n{"a":}\n');
    expectProblem(response, 400, 'malformed-json');
    expect(problemOf(response)).toMatchObject({ line: 2, column: 6 });
    await expectNothingKept(topic);
  });

  it('records of which one has no key where it should', async () => {
    const topic = newTopic();
    const response = await post(
      `/ingest/${topic}?keyField=/id`,
      'application/json',
      '[{"id":1},{}]',
    );
    expectProblem(response, 400, 'invalid-record');
    expect(problemOf(response)['records']).toMatchObject([{ index: 1 }]);
    await expectNothingKept(topic);
  });

  it('records of which one is too large', async () => {
    const topic = newTopic();
    const response = await post(
      `/ingest/${topic}`,
      'application/json',
      `["small","${'x'.repeat(1_100_000)}"]`,
    );
    expectProblem(response, 413, 'record-too-large');
    expect(problemOf(response)['records']).toMatchObject([{ index: 1, code: 'record-too-large' }]);
    await expectNothingKept(topic);
  });

  it('a partition that is not there', async () => {
    const topic = newTopic();
    expectProblem(
      await post(`/ingest/${topic}?partition=3`, 'application/json', '1'),
      404,
      'unknown-partition',
    );
    await expectNothingKept(topic);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml'])(
    'the content type %s',
    async (type) => {
      const response = await post(`/ingest/${newTopic()}`, type, '{"a":1}');
      expectProblem(response, 415, 'unsupported-media-type');
      expect(problemOf(response)['allowed']).toContain('application/x-ndjson');
    },
  );

  it('a body larger than the limit, also when it only grows so large', async () => {
    const large = await post(
      `/ingest/${newTopic()}`,
      'application/json',
      `"${'x'.repeat(4 * 1024 * 1024)}"`,
    );
    expectProblem(large, 413, 'body-too-large');
    expect(problemOf(large)['limit']).toBe(3 * 1024 * 1024);
    const bomb = await post(
      `/ingest/${newTopic()}`,
      'application/x-ndjson',
      gzipSync(Buffer.alloc(64 * 1024 * 1024, ' ')),
    ).set('Content-Encoding', 'gzip');
    expectProblem(bomb, 413, 'body-too-large');
  });

  it.each([
    ['compress', '1', 415, 'unsupported-encoding'],
    ['gzip', 'not gzip', 400, 'invalid-encoding'],
  ])('the content encoding %s of %j', async (encoding, body, status, code) => {
    const response = await post(`/ingest/${newTopic()}`, 'application/json', body).set(
      'Content-Encoding',
      encoding,
    );
    expectProblem(response, status, code);
  });

  it.each([
    ['ack=maybe', 'invalid-parameter'],
    ['partition=-1', 'invalid-parameter'],
    ['keyField=id', 'invalid-parameter'],
    ['key=a&keyField=/id', 'invalid-parameter'],
    ['kee=a', 'invalid-parameter'],
    ['key=a&key=b', 'invalid-parameter'],
    ['envelope=1', 'invalid-parameter'],
  ])('the parameters %s', async (query, code) => {
    expectProblem(await post(`/ingest/${newTopic()}?${query}`, 'application/json', '1'), 400, code);
  });

  it('a name that no topic can have', async () => {
    expectProblem(await post('/ingest/a%20b', 'application/json', '1'), 400, 'invalid-topic');
    expectProblem(
      await post(`/ingest/${'x'.repeat(250)}`, 'application/json', '1'),
      400,
      'invalid-topic',
    );
  });

  it('no records at all', async () => {
    expectProblem(await post(`/ingest/${newTopic()}`, 'application/json', '[]'), 400, 'no-records');
  });
});

describe('REST Proxy v2', () => {
  const json = 'application/vnd.kafka.json.v2+json';
  const binary = 'application/vnd.kafka.binary.v2+json';

  it('produces embedded JSON and answers in its shape', async () => {
    const topic = newTopic();
    const response = await post(
      `/topics/${topic}`,
      json,
      '{"records":[{"key":"somekey","value":{"foo": "bar"},"partition":1},{"value":["foo","bar"],"partition":1},{"value":53.5,"partition":2}]}',
    ).set('Accept', 'application/vnd.kafka.v2+json');
    expect(response.status, response.text).toBe(200);
    expect(response.headers['content-type']).toBe('application/vnd.kafka.v2+json');
    expect(JSON.parse(response.text)).toEqual({
      key_schema_id: null,
      value_schema_id: null,
      offsets: [
        { partition: 1, offset: 0, error_code: null, error: null },
        { partition: 1, offset: 1, error_code: null, error: null },
        { partition: 2, offset: 0, error_code: null, error: null },
      ],
    });
    expect((await read(topic)).map(({ key, value }) => [key, value])).toEqual([
      ['"somekey"', '{"foo": "bar"}'],
      [null, '["foo","bar"]'],
      [null, '53.5'],
    ]);
  });

  it('produces base64, also to the partition of the path', async () => {
    const topic = newTopic();
    await post(
      `/topics/${topic}/partitions/2`,
      binary,
      `{"records":[{"key":"${Buffer.from('k').toString('base64')}","value":"${Buffer.from([0, 255]).toString('base64')}"}]}`,
    ).expect(200);
    expect(await read(topic)).toMatchObject([{ partition: 2, key: 'k' }]);
  });

  it.each([
    [json, '{"records":', 400, 400],
    [json, '{}', 422, 422],
    [json, '{"records":[]}', 422, 422],
    [json, '{"records":[{"value":1,"headers":[]}]}', 422, 422],
    [binary, '{"records":[{"value":"not base64!"}]}', 422, 422],
    ['application/vnd.kafka.avro.v2+json', '{"records":[{"value":1}]}', 415, 415],
    [json, '{"records":[{"value":1,"partition":7}]}', 404, 40402],
  ])('refuses %s %s with %i and error_code %i', async (type, body, status, errorCode) => {
    const response = await post(`/topics/${newTopic()}`, type, body);
    expect(response.status, response.text).toBe(status);
    expect(JSON.parse(response.text)).toMatchObject({
      error_code: errorCode,
      message: expect.any(String),
      status,
      code: expect.any(String),
    });
  });
});

describe('REST Proxy v3', () => {
  async function clusterId(): Promise<string> {
    const response = await request(api.url).get('/v3/clusters').expect(200);
    return response.body.data[0].cluster_id as string;
  }

  it('lists the cluster, so that a client learns its id', async () => {
    const id = await clusterId();
    expect(id).not.toBe('');
    const one = await request(api.url).get(`/v3/clusters/${id}`).expect(200);
    expect(one.body).toMatchObject({ kind: 'KafkaCluster', cluster_id: id });
    const none = await request(api.url).get('/v3/clusters/none').expect(404);
    expect(none.body.error_code).toBe(404);
  });

  it('produces a record and reports where it went', async () => {
    const topic = newTopic();
    const id = await clusterId();
    const response = await post(
      `/v3/clusters/${id}/topics/${topic}/records`,
      'application/json',
      JSON.stringify({
        partition_id: 1,
        headers: [{ name: 'Header-1', value: 'SGVhZGVyLTE=' }],
        key: { type: 'BINARY', data: 'Zm9vYmFy' },
        value: { type: 'JSON', data: { foo: 'bar' } },
        timestamp: '2021-02-05T19:14:42.000Z',
      }),
    );
    expect(response.status, response.text).toBe(200);
    expect(JSON.parse(response.text)).toEqual({
      error_code: 200,
      cluster_id: id,
      topic_name: topic,
      partition_id: 1,
      offset: 0,
      timestamp: '2021-02-05T19:14:42.000Z',
      key: { type: 'BINARY', size: 6 },
      value: { type: 'JSON', size: 13 },
    });
    expect(await read(topic)).toMatchObject([
      { partition: 1, key: 'foobar', value: '{"foo":"bar"}', headers: [['Header-1', 'Header-1']] },
    ]);
  });

  it('answers a stream of records one by one, while it is still open', async () => {
    const topic = newTopic();
    const { port } = api;
    const reports: unknown[] = [];
    const waiting: (() => void)[] = [];
    let rest = '';
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: `/v3/clusters/x/topics/${topic}/records`,
      headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
    });
    const ended = new Promise<void>((resolve, reject) => {
      outgoing.on('error', reject);
      outgoing.on('response', (incoming) => {
        incoming.setEncoding('utf8');
        incoming.on('data', (text: string) => {
          const lines = (rest + text).split('\r\n');
          rest = lines.pop() ?? '';
          for (const line of lines) reports.push(JSON.parse(line));
          waiting.splice(0).forEach((wake) => wake());
        });
        incoming.on('end', resolve);
      });
    });
    const has = async (count: number): Promise<void> => {
      while (reports.length < count) await new Promise<void>((wake) => waiting.push(wake));
    };
    outgoing.write('{"partition_id":0,"value":{"type":"STRING","data":"one"}}{"partition_id":0,');
    await has(1);
    outgoing.write('"value":{"type":"JSON","data":"two"}}\n{"partition_id":99}');
    await has(3);
    outgoing.end();
    await ended;
    expect(reports).toMatchObject([
      { error_code: 200, offset: 0, value: { type: 'STRING', size: 3 } },
      { error_code: 200, offset: 1, value: { type: 'JSON', size: 5 } },
      { error_code: 40403, message: 'This server does not host this topic-partition.' },
    ]);
    expect((await read(topic)).map(({ value }) => value)).toEqual(['one', '"two"']);
  });

  it('reports what it cannot read as an error among the reports', async () => {
    const topic = newTopic();
    const response = await post(
      `/v3/clusters/x/topics/${topic}/records`,
      'application/json',
      '{"value":{"type":"JSON","data":1}}{"value":{"type":"AVRO","data":1}}[]',
    )
      .buffer(true)
      .parse(asText);
    const lines = (response.body as string).trim().split('\r\n');
    expect(lines.map((line) => (JSON.parse(line) as { error_code: number }).error_code)).toEqual([
      200, 422, 400,
    ]);
  });

  it('takes batches, of which some may fail', async () => {
    const topic = newTopic();
    const response = await post(
      `/v3/clusters/x/topics/${topic}/records:batch`,
      'application/json',
      '{"entries":[{"id":"1","value":{"type":"JSON","data":{"a":1}}},{"id":"2","partition_id":9,"value":{"type":"JSON","data":1}}]}',
    );
    expect(response.status, response.text).toBe(207);
    expect(response.body).toMatchObject({
      successes: [{ id: '1', cluster_id: 'x', topic_name: topic, offset: 0, value: { size: 7 } }],
      failures: [{ id: '2', error_code: 40403 }],
    });
  });

  it.each([
    '{"entries":[]}',
    '{}',
    '{"entries":[{"id":"1"},{"id":"1"}]}',
    '{"entries":[{"id":""}]}',
    JSON.stringify({ entries: Array.from({ length: 1001 }, (_, i) => ({ id: String(i) })) }),
  ])('refuses the batch %.40s as a whole', async (body) => {
    const path = `/v3/clusters/x/topics/${newTopic()}/records:batch`;
    const response = await post(path, 'application/json', body);
    expect(response.status).toBe(422);
    expect(response.body.error_code).toBe(42208);
  });
});

describe('when the broker does not create topics', () => {
  it('an unknown topic is 404 in each form', async () => {
    const settings = { 'auto.create.topics.enable': 'false' };
    await using strictBroker = await TestBroker.start({ settings });
    await using strict = await TestApi.start(createApplication, {
      bootstrap: strictBroker.bootstrap,
    });
    const native = await request(strict.url)
      .post('/ingest/none')
      .set('Content-Type', 'application/json')
      .send('1');
    expectProblem(native, 404, 'unknown-topic');
    const v2 = await request(strict.url)
      .post('/topics/none')
      .set('Content-Type', 'application/vnd.kafka.json.v2+json')
      .send('{"records":[{"value":1}]}');
    expect(v2.status).toBe(404);
    expect(JSON.parse(v2.text)).toMatchObject({
      error_code: 40401,
      message: 'Topic not found.',
      code: 'unknown-topic',
    });
    const v3 = await request(strict.url)
      .post('/v3/clusters/x/topics/none/records')
      .set('Content-Type', 'application/json')
      .send('{"value":{"type":"JSON","data":1}}');
    expect(JSON.parse(v3.text)).toMatchObject({ error_code: 40403 });
  });
});

describe('while the broker restarts', () => {
  it('what is acknowledged is there once and in order, and what cannot be kept is 503', async () => {
    const topic = newTopic();
    await post(`/ingest/${topic}?partition=0`, 'application/json', '-1').expect(200);
    const acknowledged: number[] = [];
    const ruledOut: number[] = [];
    let next = 0;
    let stopped = false;
    const load = (async () => {
      while (!stopped) {
        const n = next++;
        const response = await post(`/ingest/${topic}?partition=0`, 'application/json', String(n));
        if (response.status === 200) {
          acknowledged.push(n);
          continue;
        }
        expect(response.status, response.text).toBe(503);
        if (problemOf(response)['mayBeAppended'] !== true) ruledOut.push(n);
      }
    })();
    for (let restart = 0; restart < 3; restart++) {
      const until = acknowledged.length + 20;
      await expect.poll(() => acknowledged.length, { timeout: 10_000 }).toBeGreaterThan(until);
      await broker.restart();
    }
    const until = acknowledged.length + 20;
    await expect.poll(() => acknowledged.length, { timeout: 10_000 }).toBeGreaterThan(until);
    stopped = true;
    await load;
    const kept = (await read(topic)).map(({ value }) => Number(value)).slice(1);
    expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
    expect(kept.filter((n) => acknowledged.includes(n))).toEqual(acknowledged);
    expect(kept.filter((n) => ruledOut.includes(n))).toEqual([]);
  });
});
