import 'reflect-metadata';
import { connect, type Socket } from 'node:net';
import { createTopic, eventually, TestBroker, WireClient } from '@penstock/testing';
import { TestApi } from '@penstock/testing/test-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApplication } from '../application.ts';
import type { RequestLimits } from './request-limits.ts';

const LIMITS: Partial<RequestLimits> = {
  headersMs: 500,
  bodyIdleMs: 1_500,
  streamIdleMs: 1_500,
};
const BODY_BYTES_MAX = 64 * 1024;

let broker: TestBroker;
let running: TestApi;

function start(limits: Partial<RequestLimits>): Promise<TestApi> {
  return TestApi.start((options) => createApplication({ ...options, limits }), {
    bootstrap: broker.bootstrap,
    env: { PENSTOCK_INGEST_BODY_BYTES_MAX: String(BODY_BYTES_MAX) },
  });
}

beforeAll(async () => {
  broker = await TestBroker.start({ settings: { 'auto.create.topics.enable': 'false' } });
  await using client = await WireClient.connect(broker.port);
  for (const topic of ['uploads', 'streams']) await createTopic(client, topic);
  running = await start(LIMITS);
});

afterAll(async () => {
  await running[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

/** A connection on which requests are written by hand. */
class Line implements Disposable {
  readonly socket: Socket;
  text = '';
  closed = false;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk) => (this.text += String(chunk)));
    this.socket.on('close', () => (this.closed = true));
    this.socket.on('error', () => undefined);
  }

  head(path: string, headers: Record<string, string>): void {
    const lines = Object.entries({ Host: 'localhost', ...headers }).map((pair) => pair.join(': '));
    this.socket.write(`POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  }

  /** One chunk of a chunked body. */
  chunk(text: string): void {
    this.socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
  }

  has(text: string | RegExp): Promise<unknown> {
    return eventually(() => this.text.search(text) >= 0);
  }

  isClosed(): Promise<unknown> {
    return eventually(() => this.closed);
  }

  /** The JSON after the last head. */
  problem(): Record<string, unknown> {
    return JSON.parse(this.text.slice(this.text.lastIndexOf('\r\n\r\n') + 4)) as Record<
      string,
      unknown
    >;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

const line = (api = running): Line => new Line(api.port);

const CHUNKED = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' };
const RECORDS = '/v3/clusters/x/topics/streams/records';
const record = (text: string): string => `{"value":{"type":"STRING","data":"${text}"}}`;

/** Writes now and then, for several times as long as any limit lasts. */
async function trickle(pieces: readonly string[], write: (piece: string) => void): Promise<void> {
  for (const piece of pieces) {
    const until = performance.now() + 300;
    await eventually(() => performance.now() >= until);
    write(piece);
  }
}

describe('a body that goes on', () => {
  it('may take longer than any limit', async () => {
    using upload = line();
    upload.head('/ingest/uploads', { ...CHUNKED, 'Content-Type': 'application/x-ndjson' });
    await trickle(
      Array.from({ length: 10 }, (_, i) => `{"n":${i}}\n`),
      (piece) => upload.chunk(piece),
    );
    upload.socket.write('0\r\n\r\n');
    await upload.has('"accepted":10');
    expect(upload.text).toMatch(/^HTTP\/1.1 200 /);
  });

  it('is answered record by record while it does', async () => {
    using stream = line();
    stream.head(RECORDS, CHUNKED);
    await trickle(
      Array.from({ length: 10 }, (_, i) => record(`trickled ${i}`)),
      (piece) => stream.chunk(piece),
    );
    stream.socket.write('0\r\n\r\n');
    await stream.has(/\r\n0\r\n\r\n$/);
    expect(stream.text.match(/"error_code":200/g)).toHaveLength(10);
    expect(stream.text.match(/HTTP\/1.1/g)).toHaveLength(1);
  });
});

describe('a client that only holds its connection', () => {
  it('is told so while its body is not complete, and let go', async () => {
    using upload = line();
    upload.head('/ingest/uploads', { ...CHUNKED, 'Content-Type': 'application/x-ndjson' });
    upload.chunk('{"n":1}\n');
    await upload.isClosed();
    expect(upload.text).toMatch(/^HTTP\/1.1 408 /);
    expect(upload.problem()).toMatchObject({ code: 'body-too-slow', status: 408 });
  });

  it('gets the end of a stream in order, after the reports of its records', async () => {
    using stream = line();
    stream.head(RECORDS, CHUNKED);
    stream.chunk(record('then nothing'));
    await stream.isClosed();
    expect(stream.text).toMatch(/"error_code":200[^]*"error_code":408[^]*\r\n0\r\n\r\n$/);
    expect(stream.text.match(/HTTP\/1.1/g)).toHaveLength(1);
  });

  it('is let go while its headers are not complete', async () => {
    using slow = line();
    slow.socket.write('POST /ingest/uploads HTTP/1.1\r\nHost: localhost\r\n');
    await slow.isClosed();
    expect(slow.text).toMatch(/^HTTP\/1.1 408 /);
  });
});

describe('while the server stops', () => {
  it('half-sent bodies are answered, streams end in order, and the process comes to its end', async () => {
    const api = await start({ closingMs: 300 });
    using upload = line(api);
    using declared = line(api);
    using stream = line(api);
    upload.head('/ingest/uploads', CHUNKED);
    upload.chunk('[1,');
    const type = 'application/vnd.kafka.json.v2+json';
    declared.head('/topics/uploads', { 'Content-Type': type, 'Content-Length': '1000' });
    declared.socket.write('{"records":[');
    stream.head(RECORDS, CHUNKED);
    stream.chunk(record('appended'));
    await stream.has('"offset":');
    stream.chunk('{"value":');
    await api[Symbol.asyncDispose]();
    for (const half of [upload, declared]) {
      await half.isClosed();
      expect(half.text).toMatch(/^HTTP\/1.1 503 /);
      expect(half.text.toLowerCase()).toContain('retry-after: 1');
      expect(half.problem()).toMatchObject({ code: 'stopping' });
    }
    await stream.isClosed();
    expect(stream.text).toMatch(/"error_code":200[^]*"error_code":50302[^]*\r\n0\r\n\r\n$/);
  });
});

describe('a client that waits for leave to send its body', () => {
  const EXPECT = { Expect: '100-continue', 'Content-Type': 'application/json' };

  it('gets it, and then its answer', async () => {
    using polite = line();
    polite.head('/ingest/uploads', { ...EXPECT, 'Content-Length': '1' });
    await polite.has(/^HTTP\/1.1 100 Continue\r\n\r\n$/);
    polite.socket.write('7');
    await polite.has('"accepted":1');
  });

  it.each([
    ['/ingest/uploads', { 'Content-Length': String(BODY_BYTES_MAX + 1) }, 413, 'body-too-large'],
    ['/topics/uploads', { 'Content-Length': String(BODY_BYTES_MAX + 1) }, 413, 'body-too-large'],
    ['/ingest/uploads', { 'Content-Type': 'text/plain' }, 415, 'unsupported-media-type'],
    [RECORDS, { 'Content-Type': 'text/plain' }, 415, 'unsupported-media-type'],
    ['/ingest/uploads', { 'Content-Encoding': 'compress' }, 415, 'unsupported-encoding'],
    ['/ingest/uploads?kee=1', {}, 400, 'invalid-parameter'],
    ['/ingest/a%20b', {}, 400, 'invalid-topic'],
    ['/ingest/none', {}, 404, 'unknown-topic'],
    [RECORDS.replace('streams', 'none'), {}, 404, 'unknown-topic'],
    ['/ingest/uploads', { 'Idempotency-Key': 'a' }, 501, 'not-implemented'],
  ])('is refused before it sends it: %s %o', async (path, headers, status, code) => {
    using polite = line();
    polite.head(path, { ...EXPECT, 'Content-Length': '10', ...headers });
    await polite.isClosed();
    expect(polite.text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(polite.problem()).toMatchObject({ status, code });
  });
});
