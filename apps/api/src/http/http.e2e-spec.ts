import 'reflect-metadata';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ApiKeys } from '@penstock/kafka-protocol';
import {
  eventually,
  expositionProblems,
  temporaryFolder,
  type TemporaryFolder,
  TestBroker,
  WireClient,
} from '@penstock/testing';
import { TestApi } from '@penstock/testing/test-api';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApplication } from '../application.ts';

let broker: TestBroker;
let folder: TemporaryFolder;
let api: TestApi;
let url: string;
let dashboardRoot: string;

beforeAll(async () => {
  broker = await TestBroker.start();
  folder = await temporaryFolder();
  dashboardRoot = join(folder.path, 'dashboard');
  mkdirSync(join(dashboardRoot, 'assets'), { recursive: true });
  api = await TestApi.start((options) => createApplication({ ...options, dashboardRoot }), {
    bootstrap: broker.bootstrap,
  });
  ({ url } = api);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const html = { Accept: 'text/html,application/xhtml+xml' };

function buildDashboard(): void {
  writeFileSync(join(dashboardRoot, 'index.html'), '<!doctype html><title>dashboard</title>');
  writeFileSync(join(dashboardRoot, 'theme.js'), '/* theme */');
  writeFileSync(join(dashboardRoot, 'assets', 'index-DiwrgTda.js'), `/* ${'x'.repeat(4000)} */`);
}

describe('the dashboard', () => {
  it('is a page that says what to do as long as it is not built, and readiness says so too', async () => {
    const page = await request(url).get('/').set(html).expect(200);
    expect(page.text).toContain('npm run build');
    const readiness = await request(url).get('/readyz').expect(503);
    expect(readiness.body.missing).toContainEqual({
      name: 'dashboard',
      required: true,
      detail: 'the dashboard is not built: npm run build',
    });
  });

  it('appears once it is built, at every path that a person may open', async () => {
    buildDashboard();
    for (const path of ['/', '/topics/orders', '/groups/a%2Fb?tab=lag']) {
      const page = await request(url).get(path).set(html).expect(200);
      expect(page.text, path).toContain('<title>dashboard</title>');
      expect(page.headers['cache-control']).toBe('no-cache');
    }
  });

  it('lets browsers keep what has a hash in its name, and asks back for the rest', async () => {
    const hashed = await request(url).get('/assets/index-DiwrgTda.js').expect(200);
    expect(hashed.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(hashed.headers['content-type']).toContain('javascript');
    expect(hashed.headers['content-encoding']).toMatch(/br|gzip/);
    const named = await request(url).get('/theme.js').expect(200);
    expect(named.headers['cache-control']).toBe('no-cache');
  });

  it('does not answer programs that ask for what is not there', async () => {
    const response = await request(url).get('/assets/none.js').expect(404);
    expect(response.headers['content-type']).toContain('application/problem+json');
    await request(url).get('/no/such/thing').set('Accept', 'application/json').expect(404);
    await request(url).post('/no/such/thing').expect(404);
  });

  it('is confined to its folder', async () => {
    writeFileSync(join(folder.path, 'secret.txt'), 'secret');
    for (const path of ['/..%2fsecret.txt', '/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt']) {
      const response = await request(url).get(path);
      expect(response.text, path).not.toContain('secret\n');
      expect(response.status, path).not.toBe(200);
    }
  });

  it('may load nothing from elsewhere, and nobody may frame it', async () => {
    const { headers } = await request(url).get('/').set(html);
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['content-security-policy']).toContain("script-src 'self';");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['x-content-type-options']).toBe('nosniff');
  });
});

describe('readiness', () => {
  it('is 200 when all that is required works, naming what else is missing', async () => {
    buildDashboard();
    const response = await request(url).get('/readyz').expect(200);
    expect(response.body).toMatchObject({
      status: 'ready',
      parts: {
        broker: { ok: true },
        database: { ok: true },
        redis: { ok: false, required: false },
      },
    });
    await request(url).get('/healthz').expect(200);
  });

  it('follows the broker, down and up', async () => {
    buildDashboard();
    const { port } = broker;
    await broker.broker.stop();
    const down = await request(url).get('/readyz').expect(503);
    expect(down.body.missing[0]).toMatchObject({ name: 'broker', required: true });
    await broker.restart().catch(() => undefined);
    expect(broker.port).toBe(port);
    await eventually(async () => (await request(url).get('/readyz')).status === 200);
  });
});

describe('the REST API', () => {
  it('refuses a parameter that it would have to ignore', async () => {
    const response = await request(url).get('/api/batch-runs/1/result?format=json').expect(400);
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(response.body).toMatchObject({ code: 'invalid-parameter', status: 400, allowed: [] });
  });
});

describe('metrics', () => {
  it('count what was ingested, in Prometheus’ format', async () => {
    await request(url)
      .post('/ingest/metrics-topic')
      .set('Content-Type', 'application/json')
      .send('[1,2,3]')
      .expect(200);
    const { text, headers } = await request(url).get('/metrics').expect(200);
    expect(headers['content-type']).toContain('text/plain; version=0.0.4');
    expect(text).toContain('penstock_ingest_records_total{api="native"} 3');
    expect(text).toMatch(/penstock_ingest_requests_total\{api="native",status="200"\} 1/);
    expect(text).toMatch(/process_resident_memory_bytes\{process="api"\} \d+/);
    expect(text).toMatch(/nodejs_eventloop_delay_seconds\{quantile="0.99",process="api"\}/);
    expect(text).toContain('penstock_process_up{process="api"} 1');
    expect(expositionProblems(text)).toEqual([]);
  });

  it('tell offsets and sizes of topics, and lag and members of consumer groups', async () => {
    await request(url)
      .post('/ingest/lagging')
      .set('Content-Type', 'application/json')
      .send('[1,2,3]')
      .expect(200);
    await using client = await WireClient.connect(broker.port);
    await client.send(ApiKeys.OffsetCommit, 7, {
      ...{ groupId: 'slow', generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null },
      topics: [
        {
          name: 'lagging',
          partitions: [
            {
              partitionIndex: 0,
              committedOffset: 1,
              committedLeaderEpoch: -1,
              committedMetadata: '',
            },
          ],
        },
      ],
    });
    const text = await eventually(async () => {
      const page = (await request(url).get('/metrics')).text;
      return page.includes('consumergroup="slow"') ? page : undefined;
    });
    expect(expositionProblems(text)).toEqual([]);
    const topic = 'topic="lagging",partition="0"';
    expect(text).toContain(`kafka_topic_partition_current_offset{${topic}} 3`);
    expect(text).toContain(`kafka_topic_partition_oldest_offset{${topic}} 0`);
    expect(text).toMatch(new RegExp(`kafka_log_log_size\\{${topic}\\} [1-9]`));
    expect(text).toContain(`kafka_consumergroup_current_offset{consumergroup="slow",${topic}} 1`);
    expect(text).toContain(`kafka_consumergroup_lag{consumergroup="slow",${topic}} 2`);
    expect(text).toContain('kafka_consumergroup_members{consumergroup="slow"} 0');
    expect(text).toContain('penstock_metrics_left_out{kind="partitions"} 0');
  });
});

describe('the API’s description', () => {
  it('is served with assets of its own', async () => {
    const page = await request(url).get('/docs').expect(200);
    expect(page.text).not.toMatch(/(src|href)="https?:/);
    const { body } = await request(url).get('/docs-json').expect(200);
    expect(body.openapi).toBe('3.1.0');
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining([
        '/ingest/{topic}',
        '/topics/{topic}',
        '/v3/clusters/{cluster}/topics/{topic}/records',
      ]),
    );
  });
});

describe('foreign pages', () => {
  it('are turned away when they post, or come by another name', async () => {
    const foreign = await request(url)
      .post('/ingest/x')
      .set('Origin', 'http://evil.example')
      .set('Content-Type', 'application/json')
      .send('1');
    expect(foreign.status).toBe(403);
    const rebound = await request(url).get('/readyz').set('Host', 'evil.example');
    expect(rebound.status).toBe(421);
  });

  it('cannot open a WebSocket', async () => {
    const { port } = api;
    const socket = connect(port, '127.0.0.1');
    const answer = new Promise<string>((resolve, reject) => {
      let text = '';
      socket.on('data', (chunk) => (text += String(chunk)));
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    socket.write(
      [
        'GET /graphql HTTP/1.1',
        `Host: localhost:${port}`,
        'Origin: http://evil.example',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Protocol: graphql-transport-ws',
        '',
        '',
      ].join('\r\n'),
    );
    expect(await answer).not.toContain('101 Switching Protocols');
  });
});

describe('stopping', () => {
  it('ends a stream of records that would go on for ever', async () => {
    const second = await TestApi.start(createApplication, { bootstrap: broker.bootstrap });
    const socket = connect(second.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('error', () => undefined);
    const record = '{"value":{"type":"STRING","data":"one"}}';
    socket.write(
      `POST /v3/clusters/x/topics/endless/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${record.length.toString(16)}\r\n${record}\r\n`,
    );
    await eventually(() => text.includes('"offset":0'));
    await second[Symbol.asyncDispose]();
    socket.destroy();
  });
});
