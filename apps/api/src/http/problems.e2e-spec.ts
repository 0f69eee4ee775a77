import 'reflect-metadata';
import { connect } from 'node:net';
import { TestApi } from '@penstock/testing/test-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApplication } from '../application.ts';

let api: TestApi;

beforeAll(async () => {
  const env = { PENSTOCK_PUBLIC_URL: 'http://localhost/log', PENSTOCK_TRUSTED_PROXIES: 'loopback' };
  api = await TestApi.start(createApplication, { env });
});

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** The first answer to bytes as they are, whoever gives it. */
async function answerTo(bytes: string): Promise<Answer> {
  const socket = connect(api.port, '127.0.0.1');
  socket.write(bytes, 'latin1');
  let text = '';
  socket.on('error', () => undefined);
  for await (const chunk of socket) {
    text += String(chunk);
    const end = text.indexOf('\r\n\r\n');
    const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
    if (end >= 0 && text.length >= end + 4 + length) break;
  }
  socket.destroy();
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  const [line = '', ...fields] = head.split('\r\n');
  const pairs = fields.map((field) => field.split(/: ?/, 2) as [string, string]);
  return { status: Number(line.split(' ')[1]), headers: new Headers(pairs), body };
}

interface Asked {
  readonly line: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

function ask({ line, headers = [], body = '' }: Asked): Promise<Answer> {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const head = [`${line} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, ...length];
  return answerTo(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const json = 'Content-Type: application/json';
const websocket = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
const refused: readonly (readonly [string, number, string | Asked])[] = [
  ['bytes that are no HTTP', 400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  ['an unknown method', 400, 'FETCH / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['no Host', 400, 'GET / HTTP/1.1\r\n\r\n'],
  ['a header without a colon', 400, 'GET / HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n'],
  ['a length that is none', 400, { line: 'POST /graphql', headers: ['Content-Length: x'] }],
  [
    'two ways to tell the length',
    400,
    { line: 'POST /graphql', headers: ['Content-Length: 1', 'Transfer-Encoding: chunked'] },
  ],
  ['a broken escape', 400, { line: 'GET /ingest/%zz' }],
  ['a broken escape in a page', 400, { line: 'GET /%E0%A4%A' }],
  ['a body that is no JSON', 400, { line: 'POST /graphql', headers: [json], body: '{"query":' }],
  [
    'a foreign origin',
    403,
    { line: 'POST /graphql', headers: [json, 'Origin: http://evil.example'], body: '{}' },
  ],
  [
    'a foreign origin that would send records',
    403,
    { line: 'POST /ingest/t', headers: ['Origin: null'], body: '1' },
  ],
  ['nothing there', 404, { line: 'GET /no/such/thing' }],
  ['nothing there to post to', 404, { line: 'POST /no/such/thing', headers: [json], body: '{}' }],
  ['a result of no run', 404, { line: 'GET /api/batch-runs/none/result' }],
  [
    'a WebSocket where there is none',
    404,
    { line: 'GET /live', headers: [...websocket, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='] },
  ],
  ['a WebSocket without its key', 400, { line: 'GET /graphql', headers: websocket }],
  ['GET where records are sent', 405, { line: 'GET /ingest/orders' }],
  ['DELETE where records are sent', 405, { line: 'DELETE /topics/orders' }],
  ['PUT of GraphQL', 405, { line: 'PUT /graphql', headers: [json], body: '{}' }],
  ['POST to a probe', 405, { line: 'POST /healthz', headers: [json], body: '{}' }],
  ['POST to the page', 405, { line: 'POST /', headers: [json], body: '{}' }],
  ['POST to a controller', 405, { line: 'POST /api/batch-runs/1/result' }],
  ['TRACE', 405, { line: 'TRACE /healthz' }],
  ['PROPFIND', 405, { line: 'PROPFIND /healthz' }],
  ['CONNECT', 501, 'CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  [
    'a body that is too large',
    413,
    { line: 'POST /graphql', headers: [json], body: `"${'x'.repeat(5_000_000)}"` },
  ],
  ['a URL that is too long', 414, { line: `GET /${'x'.repeat(20_000)}` }],
  [
    'a topic that is too long',
    414,
    { line: `POST /ingest/${'x'.repeat(2_000)}`, headers: [json], body: '1' },
  ],
  [
    'a media type of no use',
    415,
    { line: 'POST /graphql', headers: ['Content-Type: text/csv'], body: 'a,b' },
  ],
  ['an expectation', 417, { line: 'POST /graphql', headers: ['Expect: 200-ok'] }],
  ['a foreign host', 421, 'GET /readyz HTTP/1.1\r\nHost: evil.example\r\n\r\n'],
  ['headers that are too large', 431, { line: 'GET /', headers: [`X: ${'x'.repeat(20_000)}`] }],
  ['a version to come', 505, 'GET / HTTP/4.2\r\nHost: localhost\r\n\r\n'],
];

/** Headers of a trusted proxy that cannot be read; what is named to the reader of the answer. */
const unreadable: readonly (readonly [header: string, named: string])[] = [
  ...[
    'ui penstock',
    'penstock',
    '//evil.example',
    '/a/../b',
    '/a?b',
    'https://h/a',
    '/ui',
    '/%2e',
  ].map((value) => [`X-Forwarded-Prefix: ${value}`, 'X-Forwarded-Prefix'] as const),
  ...['a b', 'http://a', 'a/b', 'user@localhost', 'localhost:port', 'localhost:65536', '[::1'].map(
    (value) => [`X-Forwarded-Host: ${value}`, 'X-Forwarded-Host'] as const,
  ),
  ...['ftp', 'https:', 'http https', '1', 'constructor'].map(
    (value) => [`X-Forwarded-Proto: ${value}`, 'X-Forwarded-Proto'] as const,
  ),
  ...['0', '65536', '-1', '80a', '8.0', 'https'].map(
    (value) => [`X-Forwarded-Port: ${value}`, 'X-Forwarded-Port'] as const,
  ),
  ['Forwarded: host', 'Forwarded'],
  ['Forwarded: for=1.2.3.4;;host=localhost', 'Forwarded'],
  ['Forwarded: proto=gopher', 'Forwarded (proto)'],
  ['Forwarded: host="a b"', 'Forwarded (host)'],
];

/** Forms that proxies are known to send. */
const readable: readonly (readonly string[])[] = [
  ['X-Forwarded-Prefix: /', 'X-Forwarded-Host: localhost:8443', 'X-Forwarded-Proto: HTTPS'],
  ['X-Forwarded-Prefix: /log/stream/', 'X-Forwarded-Host: [::1]:80', 'X-Forwarded-Port: 65535'],
  ['X-Forwarded-Host: localhost, inner_name', 'X-Forwarded-Proto: https, http'],
  ['X-Forwarded-Prefix:', 'X-Forwarded-Host:', 'X-Forwarded-Proto:', 'Forwarded:'],
  ['Forwarded: for="[2001:db8::1]:4711";proto=https;host="localhost:8443";by=_a, for=unknown'],
  ['X-Forwarded-For: anything at all'],
];

describe('what a trusted proxy forwards', () => {
  const upgrade = [...websocket, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
  const protocol = 'Sec-WebSocket-Protocol: graphql-transport-ws';

  it.each(unreadable)(
    'is refused when it is “%s”: 400, with header and value',
    async (header, named) => {
      const value = header.slice(header.indexOf(': ') + 2);
      for (const headers of [[header], [header, ...upgrade, protocol]]) {
        const answer = await ask({ line: 'GET /graphql', headers });
        expect(answer.status, answer.body).toBe(400);
        const problem = JSON.parse(answer.body) as { code: string; detail: string };
        expect(problem.code).toBe('unreadable-forwarding');
        expect(problem.detail).toContain(`${named} with the value `);
        expect(problem.detail).toContain(
          named.includes('(') ? 'allowed is' : JSON.stringify(value),
        );
      }
      const page = await ask({ line: 'GET /', headers: [header, 'Accept: text/html'] });
      expect([page.status, page.headers.get('content-type')]).toEqual([
        400,
        'text/html; charset=utf-8',
      ]);
    },
  );

  it.each(readable.map((headers) => [headers.join('; '), headers] as const))(
    'is taken in a form that proxies send: %s',
    async (_name, headers) => {
      expect((await ask({ line: 'GET /healthz', headers })).status).toBe(200);
      expect(
        (await ask({ line: 'GET /graphql', headers: [...headers, ...upgrade, protocol] })).status,
      ).toBe(101);
    },
  );

  it('makes a WebSocket of wss the own one of a page of https', async () => {
    const from = ['X-Forwarded-Host: localhost:8443', 'Origin: https://localhost:8443'];
    const open = async (scheme: string) => {
      const forwarded = [...from, `X-Forwarded-Proto: ${scheme}`];
      return (await ask({ line: 'GET /graphql', headers: [...forwarded, ...upgrade, protocol] }))
        .status;
    };
    expect([await open('wss'), await open('https'), await open('ws')]).toEqual([101, 101, 403]);
  });
});

describe('problem details (RFC 9457)', () => {
  it.each(refused)('are the answer to %s: %i', async (_what, status, asked) => {
    const answer = await (typeof asked === 'string' ? answerTo(asked) : ask(asked));
    expect(answer.status, answer.body).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    const problem = JSON.parse(answer.body) as Record<string, unknown>;
    expect(problem).toMatchObject({
      type: expect.stringMatching(/^urn:penstock:/) as unknown,
      title: expect.stringMatching(/./) as unknown,
      detail: expect.stringMatching(/./) as unknown,
      status,
    });
    expect(answer.headers.has('allow')).toBe(status === 405);
  });

  it('say which methods a path takes', async () => {
    const methods = async (line: string) => (await ask({ line })).headers.get('allow');
    expect(await methods('GET /ingest/orders')).toBe('POST, OPTIONS');
    expect(await methods('DELETE /readyz')).toBe('GET, HEAD, OPTIONS');
    expect(await methods('DELETE /graphql')).toBe('GET, HEAD, POST, OPTIONS');
  });

  it('have what GraphQL’s clients read, at its path; its own answers stay as they are', async () => {
    const { body } = await ask({ line: 'POST /graphql', headers: [json], body: '{' });
    expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
    const query = JSON.stringify({ query: '{ nothing }' });
    const own = await ask({ line: 'POST /graphql', headers: [json], body: query });
    expect(own.headers.get('content-type')).toContain('application/json');
    expect(Object.keys(JSON.parse(own.body) as object)).toEqual(['errors']);
  });
});

describe('HEAD and OPTIONS', () => {
  it.each(['/', '/healthz', '/metrics', '/docs-json', '/ui/topics'])(
    'of %s are answered without a body',
    async (path) => {
      const accept = ['Accept: text/html'];
      const get = await ask({ line: `GET ${path}`, headers: accept });
      const head = await ask({ line: `HEAD ${path}`, headers: accept });
      expect([head.status, head.body]).toEqual([get.status, '']);
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
    },
  );

  it('say what a path takes', async () => {
    for (const [path, allow] of [
      ['/ingest/orders', 'POST, OPTIONS'],
      ['/healthz', 'GET, HEAD, OPTIONS'],
      ['/', 'GET, HEAD, OPTIONS'],
      ['*', 'GET, HEAD, POST, OPTIONS'],
    ]) {
      const answer = await ask({ line: `OPTIONS ${path}` });
      expect([answer.status, answer.headers.get('allow')], path).toEqual([204, allow]);
    }
    expect((await ask({ line: 'OPTIONS /no/such/thing' })).status).toBe(404);
  });
});

describe('requests that look odd and are none', () => {
  it('are answered: an offer to speak HTTP/2, a probe of HTTP/1.0, an absolute URL', async () => {
    const h2c = ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABk'];
    expect((await ask({ line: 'GET /healthz', headers: h2c })).status).toBe(200);
    for (const line of ['GET /healthz', 'OPTIONS /', 'GET /metrics']) {
      expect((await answerTo(`${line} HTTP/1.0\r\n\r\n`)).status, line).toBeLessThan(300);
    }
    expect((await ask({ line: 'GET http://localhost/healthz' })).status).toBe(200);
  });
});

describe('the path of the public URL', () => {
  it('may be there or not, and is what the page’s addresses are relative to', async () => {
    for (const path of ['/', '/log', '/log/', '/ui/topics', '/log/ui/topics?range=1h']) {
      const page = await ask({ line: `GET ${path}`, headers: ['Accept: text/html'] });
      expect(page.body, path).toContain('<base href="/log/" />');
    }
    for (const path of ['/healthz', '/log/healthz', '/log/docs-json', '/docs-json']) {
      expect((await ask({ line: `GET ${path}` })).status, path).toBe(200);
    }
    expect((await ask({ line: 'GET /logs/healthz' })).status).toBe(404);
  });
});
