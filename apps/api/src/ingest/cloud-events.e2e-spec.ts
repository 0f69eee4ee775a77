import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { TestBroker } from '@penstock/testing';
import { TestApi } from '@penstock/testing/test-api';
import { Consumer } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApplication } from '../application.ts';

let broker: TestBroker;
let api: TestApi;
let url: string;
let topics = 0;

beforeAll(async () => {
  broker = await TestBroker.start();
  api = await TestApi.start(createApplication, { bootstrap: broker.bootstrap });
  ({ url } = api);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

async function post(path: string, headers: Record<string, string>, body?: string) {
  const init = body === undefined ? {} : { body };
  const response = await fetch(`${url}${path}`, { method: 'POST', headers, ...init });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, answer };
}

interface ReadRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Record<string, string>;
}

function textOf(bytes: Buffer | null | undefined): string | null {
  return bytes?.toString() ?? null;
}

async function read(topic: string, count: number): Promise<ReadRecord[]> {
  const consumer = new Consumer({
    clientId: 'reader',
    groupId: `reader-${topic}`,
    bootstrapBrokers: [broker.bootstrap],
    autocommit: false,
  });
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest' });
  const records: ReadRecord[] = [];
  for await (const { key, value, headers } of stream) {
    const pairs = [...headers].map(([name, text]) => [String(name), String(text)] as const);
    records.push({ key: textOf(key), value: textOf(value), headers: Object.fromEntries(pairs) });
    if (records.length === count) break;
  }
  await stream.close();
  await consumer.close(true);
  return records;
}

const REQUIRED = {
  'ce-specversion': '1.0',
  'ce-id': 'e-1',
  'ce-source': '/sensors/a1',
  'ce-type': 'read',
};
const EVENT = { specversion: '1.0', id: 'e-1', source: '/sensors/a1', type: 'read' };
const STRUCTURED = { 'content-type': 'application/cloudevents+json' };
const BATCH = { 'content-type': 'application/cloudevents-batch+json' };

describe('CloudEvents', () => {
  it('in binary mode keep their attributes as headers and their data as it is', async () => {
    const topic = `events-${++topics}`;
    const { status, answer } = await post(
      `/ingest/${topic}`,
      {
        ...REQUIRED,
        'ce-subject': 'Euro%20%E2%82%AC',
        'CE-PartitionKey': 'a1',
        'content-type': 'text/xml',
        'penstock-header-Trace': 't',
      },
      '<not json>',
    );
    expect(status, JSON.stringify(answer)).toBe(200);
    const deleted = await post(`/ingest/${topic}?key=a2`, { ...REQUIRED });
    expect(deleted.status).toBe(200);
    const [event, tombstone] = await read(topic, 2);
    expect(event).toEqual({
      key: 'a1',
      value: '<not json>',
      headers: {
        ce_specversion: '1.0',
        ce_id: 'e-1',
        ce_source: '/sensors/a1',
        ce_type: 'read',
        ce_subject: 'Euro €',
        ce_partitionkey: 'a1',
        'content-type': 'text/xml',
        Trace: 't',
      },
    });
    expect(tombstone).toMatchObject({ key: 'a2', value: null });
  });

  it('in structured mode and in batches are kept byte for byte', async () => {
    const topic = `events-${++topics}`;
    const one = `{ "data": {"n":1.0}, ${JSON.stringify({ ...EVENT, partitionkey: 'k' }).slice(1)}`;
    const two = JSON.stringify({ ...EVENT, id: 'e-2', count: 3, data_base64: 'AP8=' });
    const three = JSON.stringify({ ...EVENT, id: 'e-3', datacontenttype: 'application/json' });
    expect((await post(`/ingest/${topic}`, STRUCTURED, one)).status).toBe(200);
    expect((await post(`/ingest/${topic}`, BATCH, `[ ${two} , ${three} ]`)).status).toBe(200);
    const records = await read(topic, 3);
    expect(records.map(({ value }) => value)).toEqual([one, two, three]);
    expect(records.map(({ key }) => key)).toEqual(['k', null, null]);
    for (const { headers } of records) {
      expect(headers['content-type']).toBe('application/cloudevents+json');
      expect(headers['ce_type']).toBe('read');
    }
    expect(records[1]?.headers['ce_count']).toBe('3');
  });

  const { type: _, ...untyped } = EVENT;
  it.each([
    ['no type', STRUCTURED, untyped, 'type is missing'],
    ['an empty id', STRUCTURED, { ...EVENT, id: '' }, 'id is missing'],
    ['another version', STRUCTURED, { ...EVENT, specversion: '0.3' }, 'specversion is 0.3'],
    ['data twice', STRUCTURED, { ...EVENT, data: 1, data_base64: 'AA==' }, 'not both'],
    ['data that is not base64', STRUCTURED, { ...EVENT, data_base64: '!' }, 'not base64'],
    ['a name with a capital', STRUCTURED, { ...EVENT, Foo: 'x' }, '"Foo" is not the name'],
    ['an object as attribute', STRUCTURED, { ...EVENT, foo: {} }, 'foo is neither'],
    ['a time that is none', STRUCTURED, { ...EVENT, time: 'now' }, 'RFC 3339'],
    ['an array', STRUCTURED, [EVENT], 'application/cloudevents-batch+json'],
    ['one event', BATCH, EVENT, 'array of events'],
    ['one of several', BATCH, [EVENT, untyped], 'record 1: the attribute type is missing'],
    ['no source', { ...REQUIRED, 'ce-source': '' }, 1, 'source is missing'],
    ['bytes that are no text', { ...REQUIRED, 'ce-subject': '%FF' }, 1, 'percent-encoded'],
  ])('are refused with %s', async (_name, headers, body, words) => {
    const topic = `events-${++topics}`;
    const { status, answer } = await post(`/ingest/${topic}`, headers, JSON.stringify(body));
    expect(answer).toMatchObject({ code: 'invalid-cloudevent', detail: expect.any(String) });
    expect(answer['detail']).toContain(words);
    expect(status).toBe(400);
  });

  it('and envelopes of Penstock do not go together', async () => {
    const path = `/ingest/events-${++topics}`;
    const envelope = await post(`${path}?envelope=true`, STRUCTURED, JSON.stringify(EVENT));
    expect(envelope.answer).toMatchObject({ status: 400, code: 'invalid-parameter' });
    const both = await post(path, { ...REQUIRED, ...STRUCTURED }, JSON.stringify(EVENT));
    expect(both.answer).toMatchObject({ status: 400, code: 'unsupported-header' });
    const avro = await post(path, { 'content-type': 'application/cloudevents+avro' }, 'x');
    expect(avro.answer).toMatchObject({ status: 415, code: 'unsupported-media-type' });
  });
});

describe('what ingest would otherwise ignore', () => {
  const JSON_TYPE = { 'content-type': 'application/json' };
  const V2_TYPE = { 'content-type': 'application/vnd.kafka.json.v2+json' };

  it.each([
    ['/ingest/t?acks=all', JSON_TYPE, 400, 'invalid-parameter'],
    ['/topics/t?timeout=1', V2_TYPE, 400, 'invalid-parameter'],
    ['/v3/clusters/x/topics/t/records?a=1', JSON_TYPE, 400, 'invalid-parameter'],
    ['/ingest/t', { ...JSON_TYPE, 'idempotency-key': 'k' }, 501, 'not-implemented'],
    ['/topics/t', { ...V2_TYPE, 'idempotency-key': 'k' }, 501, 'not-implemented'],
    ['/ingest/t', { ...JSON_TYPE, 'penstock-key': 'k' }, 400, 'unsupported-header'],
    ['/ingest/t', { ...JSON_TYPE, 'if-match': '"1"' }, 400, 'unsupported-header'],
    ['/topics/t', { ...V2_TYPE, 'penstock-header-a': '1' }, 400, 'unsupported-header'],
    ['/topics/t', { ...V2_TYPE, ...REQUIRED }, 400, 'unsupported-header'],
    ['/ingest/t', { ...JSON_TYPE, 'content-encoding': 'lz4' }, 415, 'unsupported-encoding'],
    ['/ingest/t', { ...JSON_TYPE, digest: 'sha-256=eA==' }, 400, 'unsupported-header'],
    ['/ingest/t', { ...JSON_TYPE, 'content-digest': 'md5=:eA==:' }, 400, 'unsupported-header'],
    ['/ingest/t', { ...JSON_TYPE, 'content-digest': 'sha-256=eA==' }, 400, 'unsupported-header'],
    ['/ingest/t', { ...JSON_TYPE, 'content-md5': 'eA==' }, 400, 'unsupported-header'],
    [
      '/v3/clusters/x/topics/t/records',
      { ...JSON_TYPE, 'content-digest': `sha-256=:${'A'.repeat(43)}=:` },
      400,
      'unsupported-header',
    ],
    [
      '/ingest/t',
      { 'content-type': 'application/json; charset=latin1' },
      415,
      'unsupported-media-type',
    ],
    ['/ingest/t', V2_TYPE, 415, 'unsupported-media-type'],
  ])('%s %o is refused', async (path, headers, status, code) => {
    const refused = await post(path, headers, '1');
    expect(refused.answer).toMatchObject({ code, status });
    expect(refused.status).toBe(status);
  });

  it('checks what a digest says of the bytes that came, in each form that takes them whole', async () => {
    const V3 = '{"entries":[{"id":"1","value":{"type":"JSON","data":1}}]}';
    const forms = [
      ['/ingest/digests', JSON_TYPE, '[1,2]'],
      ['/topics/digests', V2_TYPE, '{"records":[{"value":1}]}'],
      ['/v3/clusters/x/topics/digests/records:batch', JSON_TYPE, V3],
    ] as const;
    for (const [path, type, text] of forms) {
      for (const encoding of ['identity', 'gzip']) {
        const body = encoding === 'gzip' ? gzipSync(text) : Buffer.from(text);
        const of = (algorithm: string, bytes: Buffer): string =>
          createHash(algorithm).update(bytes).digest('base64');
        const other = Buffer.from(`${text} `);
        const digests = (bytes: Buffer): Record<string, string>[] => [
          { 'content-digest': `sha-256=:${of('sha256', bytes)}:` },
          { 'content-digest': `crc32c=:eA==:, sha-512=:${of('sha512', bytes)}:` },
          { 'repr-digest': `sha-256=:${of('sha256', bytes)}:` },
          { 'content-md5': of('md5', bytes) },
        ];
        const send = async (
          header: Record<string, string>,
        ): Promise<[number, string | undefined]> => {
          const headers = { ...type, ...header, 'content-encoding': encoding };
          const response = await fetch(`${url}${path}`, { method: 'POST', headers, body });
          return [response.status, ((await response.json()) as { code?: string }).code];
        };
        for (const header of digests(body)) {
          const [status, code] = await send(header);
          expect([status < 300, code], `${path} ${JSON.stringify(header)}`).toEqual([
            true,
            undefined,
          ]);
        }
        for (const header of digests(other)) {
          expect(await send(header), `${path} ${JSON.stringify(header)}`).toEqual([
            400,
            'digest-mismatch',
          ]);
        }
      }
    }
  });

  it('says which encodings are taken, and takes every kind of JSON', async () => {
    const init = { method: 'POST', body: '1' };
    const headers = { ...JSON_TYPE, 'content-encoding': 'lz4' };
    const refused = await fetch(`${url}/ingest/t`, { ...init, headers });
    expect(refused.headers.get('accept-encoding')).toContain('gzip');
    const taken = await post(`/ingest/t`, { 'content-type': 'application/geo+json' }, '{"a":1}');
    expect(taken).toMatchObject({ status: 200, answer: { accepted: 1 } });
  });
});
