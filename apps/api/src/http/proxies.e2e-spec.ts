import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { createServer, request as askHttp, type IncomingHttpHeaders } from 'node:http';
import { request as askHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  eventually,
  externalTool,
  freePort,
  ManagedProcess,
  run,
  temporaryFolder,
  type TemporaryFolder,
  TestBroker,
} from '@penstock/testing';
import { TestApi } from '@penstock/testing/test-api';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createApplication } from '../application.ts';

const nginx = externalTool('nginx');
const haproxy = externalTool('haproxy');
const openssl = externalTool('openssl');
const chromiumProgram = externalTool('chromium-headless-shell', 'chromium', 'google-chrome');

/** One way in which a proxy is put in front, and what the server is told of it. */
interface Way {
  readonly name: string;
  /** What browsers ask for; PORT is the proxy's. */
  readonly url: string;
  /** Lines of nginx inside of `server`; API is the server's `host:port`. */
  readonly nginx: string;
  /** Settings of the server; PORT as above. */
  readonly env: Readonly<Record<string, string>>;
}

const upgrades = `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_upgrade;`;
const root = `location / { proxy_pass http://API; ${upgrades}`;
const trust = { PENSTOCK_TRUSTED_PROXIES: 'loopback' };
const tls = 'ssl_certificate cert.pem; ssl_certificate_key key.pem;';

const ways: readonly Way[] = [
  {
    name: 'nginx with the Host that it sends by default',
    url: 'http://localhost:PORT',
    nginx: `${root} }`,
    env: { PENSTOCK_PUBLIC_URL: 'http://localhost:PORT' },
  },
  {
    name: 'nginx with $host, which has no port',
    url: 'http://localhost:PORT',
    nginx: `${root} proxy_set_header Host $host; }`,
    env: { PENSTOCK_PUBLIC_URL: 'http://localhost:PORT' },
  },
  {
    name: 'nginx with $http_host, which takes no settings on this machine',
    url: 'http://localhost:PORT',
    nginx: `${root} proxy_set_header Host $http_host; }`,
    env: {},
  },
  {
    name: 'nginx with $host and X-Forwarded-Port, trusted',
    url: 'http://localhost:PORT',
    nginx: `${root} proxy_set_header Host $host; proxy_set_header X-Forwarded-Port $server_port; }`,
    env: trust,
  },
  {
    name: 'nginx with Forwarded, trusted, under a name of its own',
    url: 'http://penstock.localhost:PORT',
    nginx: `${root} proxy_set_header Forwarded 'for=_hidden;host="$http_host";proto=$scheme'; }`,
    env: { ...trust, PENSTOCK_ALLOWED_HOSTS: '.localhost' },
  },
  {
    name: 'nginx that ends TLS',
    url: 'https://localhost:PORT',
    nginx: `${tls} ${root} proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Proto $scheme; }`,
    env: trust,
  },
  {
    name: 'nginx with a path that it takes away',
    url: 'http://localhost:PORT/log/stream',
    nginx: `location /log/stream/ { proxy_pass http://API/; ${upgrades} }`,
    env: { PENSTOCK_PUBLIC_URL: 'http://localhost:PORT/log/stream' },
  },
  {
    name: 'nginx with a path that it leaves',
    url: 'http://localhost:PORT/log',
    nginx: `location /log { proxy_pass http://API; ${upgrades} }`,
    env: { PENSTOCK_PUBLIC_URL: 'http://localhost:PORT/log/' },
  },
  {
    name: 'nginx with X-Forwarded-Prefix, trusted',
    url: 'http://localhost:PORT/inner',
    nginx: `location /inner/ { proxy_pass http://API/; ${upgrades} proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Prefix /inner; }`,
    env: trust,
  },
];

interface Running {
  readonly url: string;
  /** `host:port` of the server itself. */
  readonly api: string;
}

let folder: TemporaryFolder;
let broker: TestBroker;
const apis: TestApi[] = [];
const proxies: ManagedProcess[] = [];
const running = new Map<string, Running>();
let untold: { proxy: string; direct: string };
let behindHaproxy: { url: string; stats: string };

async function startApi(env: Readonly<Record<string, string>>): Promise<string> {
  const api = await TestApi.start(createApplication, { bootstrap: broker.bootstrap, env });
  apis.push(api);
  return new URL(api.url).host;
}

function startProxy(command: string, args: string[]): void {
  proxies.push(new ManagedProcess({ command, args, cwd: folder.path }));
}

async function startNginx(program: string): Promise<void> {
  const servers: string[] = [];
  for (const way of ways) {
    const port = String(await freePort());
    const env = Object.entries(way.env).map(([name, value]) => [name, value.replace('PORT', port)]);
    const api = await startApi(Object.fromEntries(env) as Record<string, string>);
    const ssl = way.url.startsWith('https') ? ' ssl' : '';
    servers.push(`server { listen 127.0.0.1:${port}${ssl}; ${way.nginx.replace('API', api)} }`);
    running.set(way.name, { url: way.url.replace('PORT', port), api });
  }
  const [port, direct] = [await freePort(), await startApi({})];
  servers.push(`server { listen 127.0.0.1:${port}; ${root.replace('API', direct)} } }`);
  untold = { proxy: `http://localhost:${port}`, direct: `http://${direct}` };
  const file = join(folder.path, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; pid nginx.pid; error_log stderr; worker_processes 1; events {}
    http { access_log off; client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
    uwsgi_temp_path tmp; scgi_temp_path tmp;
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
    ${servers.join('\n')} }`,
  );
  startProxy(program, ['-p', folder.path, '-e', 'stderr', '-c', file]);
}

async function startHaproxy(program: string): Promise<void> {
  const [port, stats] = [await freePort(), await freePort()];
  const api = await startApi({ PENSTOCK_PUBLIC_URL: `http://localhost:${port}` });
  const file = join(folder.path, 'haproxy.cfg');
  const checks = ['option httpchk', 'option httpchk GET /readyz'];
  const backends = checks.map(
    (check, index) => `backend b${index}
  ${check}
  server penstock ${api} check inter 200ms`,
  );
  writeFileSync(
    file,
    `global
  maxconn 100
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout check 10s
frontend all
  bind 127.0.0.1:${port}
  default_backend b0
listen stats
  bind 127.0.0.1:${stats}
  stats enable
  stats uri /
${backends.join('\n')}
`,
  );
  startProxy(program, ['-db', '-f', file]);
  behindHaproxy = { url: `http://localhost:${port}`, stats: `http://localhost:${stats}/;csv` };
}

beforeAll(async () => {
  // Each application of this process listens for its supervisor.
  process.setMaxListeners(20);
  folder = await temporaryFolder();
  broker = await TestBroker.start();
  if (openssl !== undefined) {
    const subject = ['-subj', '/CN=localhost', '-keyout', 'key.pem', '-out', 'cert.pem'];
    const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    await run(openssl, [...words, '-nodes', ...subject], { cwd: folder.path });
  }
  if (nginx !== undefined && openssl !== undefined) await startNginx(nginx);
  if (haproxy !== undefined) await startHaproxy(haproxy);
});

afterAll(async () => {
  for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
  await Promise.all(apis.map((api) => api[Symbol.asyncDispose]()));
  await broker?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** As a browser asks: under the name in the URL, whatever it would resolve to. */
function ask(url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
  const { protocol, host, port, pathname, search } = new URL(url);
  const start = protocol === 'https:' ? askHttps : askHttp;
  return new Promise((resolve, reject) => {
    const request = start(
      {
        host: '127.0.0.1',
        port,
        path: pathname + search,
        method,
        headers: { host, ...headers },
        agent: false,
        rejectUnauthorized: false,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function query(base: string, origin: string): Promise<Answer> {
  return ask(`${base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ query: '{ system { version } }' }),
  });
}

/** What a WebSocket gets: its first frame of live figures, or the status of its refusal. */
function live(base: string, origin: string): Promise<string> {
  const { host, port, pathname, protocol } = new URL(`${base}/graphql`);
  const secure = protocol === 'https:' ? 'wss' : 'ws';
  const socket = new WebSocket(`${secure}://127.0.0.1:${port}${pathname}`, 'graphql-transport-ws', {
    origin,
    headers: { host },
    rejectUnauthorized: false,
  });
  return new Promise((resolve, reject) => {
    const settle = (text: string): void => {
      resolve(text);
      socket.terminate();
    };
    const subscription = { query: 'subscription { live { epoch } }' };
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init' })));
    socket.on('message', (data) => {
      const { type } = JSON.parse(String(data as Buffer)) as { type: string };
      if (type === 'next') settle('frame');
      if (type !== 'connection_ack') return;
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: subscription }));
    });
    socket.on('unexpected-response', (_request, response) => settle(String(response.statusCode)));
    socket.on('error', reject);
  });
}

const asPage = { headers: { accept: 'text/html' } };

/** Everything a browser does with the dashboard at this address. */
async function visit(url: string): Promise<void> {
  const { origin, pathname } = new URL(url);
  const base = pathname.replace(/\/?$/, '/');
  for (const path of ['/', '/ui/topics']) {
    const page = await ask(url + path, asPage);
    expect([page.status, page.body], path).toEqual([
      200,
      expect.stringContaining(`href="${base}"`),
    ]);
  }
  const script = await ask(`${url}/theme.js`);
  expect(script.headers['content-type']).toContain('javascript');
  expect((await ask(`${url}/docs`)).status).toBe(200);
  expect((await query(url, origin)).body).toContain('"version"');
  expect(await live(url, origin)).toBe('frame');
  const record = { method: 'POST', headers: { 'content-type': 'application/json', origin } };
  expect((await ask(`${url}/ingest/through`, { ...record, body: '1' })).status).toBe(200);
}

async function expectForeignersOut(url: string): Promise<void> {
  const evil = 'https://evil.example';
  expect((await query(url, evil)).status).toBe(403);
  expect(await live(url, evil)).toBe('403');
}

describe.skipIf(nginx === undefined || openssl === undefined)('behind a proxy', () => {
  test.for(ways.map(({ name }) => name))('%s, everything works', async (name) => {
    const { url } = running.get(name)!;
    await eventually(async () => (await ask(`${url}/healthz`).catch(() => null))?.status === 200);
    await visit(url);
    await expectForeignersOut(url);
  });

  test('that the server was not told of, pages are refused in words that say what to set', async () => {
    const { proxy } = untold;
    const refused = await query(proxy, proxy);
    expect(refused.status).toBe(403);
    expect(refused.body).toContain('PENSTOCK_PUBLIC_URL');
    expect(await live(proxy, proxy)).toBe('403');
    const page = await ask(untold.direct.replace('127.0.0.1', 'other.example'), asPage);
    expect([page.status, page.headers['content-type']]).toEqual([421, 'text/html; charset=utf-8']);
    expect(page.body).toContain('"other.example:');
  });
});

describe.skipIf(haproxy === undefined)('behind HAProxy', () => {
  test('its checks pass, with HTTP/1.0 and without Host, and everything works', async () => {
    const { url, stats } = behindHaproxy;
    await eventually(async () => {
      const figures = (await ask(stats).catch(() => null))?.body ?? '';
      const servers = figures.split('\n').filter((line) => /^b\d,penstock,/.test(line));
      return servers.length === 2 && servers.every((line) => line.includes(',L7OK,'));
    });
    await visit(url);
    await expectForeignersOut(url);
  });
});

describe.skipIf(nginx === undefined || chromiumProgram === undefined)('in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumProgram!, args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());

  // Chromium resolves every name below localhost to this machine.
  test('the dashboard lives below a proxy’s path, also for who comes past the proxy', async () => {
    const { url, api } = running.get('nginx with a path that it takes away')!;
    const page = await browser.newPage();
    await page.goto(`${url}/ui/topics`);
    await page.locator('[data-testid="live-age"][data-state="live"]').waitFor();
    await page.getByRole('link', { name: 'Consumer groups' }).first().click();
    await page.waitForURL(`${url}/ui/consumer-groups`);
    await page.goto(`http://${api}/ui/topics?filter=x`);
    await page.locator('[data-testid="live-age"][data-state="live"]').waitFor();
    await page.waitForURL(`http://${api}/log/stream/ui/topics?filter=x`);
    await page.close();
  });

  test('a page whose proxy the server was not told of says what to set', async () => {
    const page = await browser.newPage();
    await page.goto(untold.proxy);
    await page.getByText('PENSTOCK_PUBLIC_URL').first().waitFor();
    await page.close();
  });

  test('a page that was allowed to sends records, and another does not', async () => {
    const site = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<title>A shop</title>');
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    const { port } = site.address() as AddressInfo;
    const api = await startApi({ PENSTOCK_CORS_ORIGINS: `http://shop.localhost:${port}` });
    const send = async (name: string): Promise<unknown> => {
      const page = await browser.newPage();
      await page.goto(`http://${name}:${port}`);
      const outcome = await page.evaluate(async (to) => {
        const headers = { 'content-type': 'application/json', 'penstock-header-a': 'b' };
        const request = { method: 'POST', headers, body: '{"from":"a browser"}' };
        return fetch(to, request).then(
          (response) => response.json() as Promise<unknown>,
          (error: unknown) => String(error),
        );
      }, `http://${api}/ingest/shop`);
      await page.close();
      return outcome;
    };
    expect(await send('shop.localhost')).toMatchObject({ accepted: 1 });
    expect(await send('other.localhost')).toContain('Failed to fetch');
    site.close();
  });
});
