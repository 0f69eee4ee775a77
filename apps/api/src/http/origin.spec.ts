import { loadConfig } from '@penstock/platform';
import { describe, expect, it } from 'vitest';
import { originPolicy, refusalOf } from './origin.ts';

interface Asked {
  readonly method?: string;
  readonly url?: string;
  readonly headers: Record<string, string>;
  readonly from?: string;
  readonly httpVersion?: string;
}

/** Why a server with these settings turns a request away; undefined when it does not. */
function refusal(env: Record<string, string>, asked: Asked): string | undefined {
  const { method = 'GET', url = '/', headers, from = '127.0.0.1', httpVersion = '1.1' } = asked;
  const request = { method, url, headers, httpVersion, socket: { remoteAddress: from } };
  return refusalOf(originPolicy(loadConfig(env)), request)?.kind;
}

const host = 'localhost:8080';
const origin = 'http://localhost:8080';

describe('a server on a loopback address', () => {
  it.each([host, '127.0.0.1:8080', '[::1]:8080', 'LOCALHOST', '127.0.0.1', 'localhost.'])(
    'answers to %s',
    (name) => {
      expect(refusal({}, { headers: { host: name } })).toBeUndefined();
    },
  );

  it.each(['evil.example:8080', 'localhost.evil.example', '', '10.0.0.1'])(
    'does not answer to %j, which may have been made to resolve to it',
    (name) => {
      expect(refusal({}, { headers: { host: name } })).toBe('unknown-host');
    },
  );

  it('answers probes of HTTP/1.0, which come without a Host and from no browser', () => {
    const probe = { method: 'OPTIONS', headers: {} };
    expect(refusal({}, { ...probe, httpVersion: '1.0' })).toBeUndefined();
    expect(refusal({}, probe)).toBe('no-host');
  });
});

describe('a page', () => {
  it('of its own origin may do anything', () => {
    expect(refusal({}, { method: 'POST', headers: { host, origin } })).toBeUndefined();
    expect(refusal({}, { headers: { host, origin, upgrade: 'websocket' } })).toBeUndefined();
  });

  it.each(['http://evil.example', 'null', 'http://localhost:3000', 'not an origin'])(
    'of the origin %s may neither post nor open a WebSocket',
    (foreign) => {
      for (const method of ['POST', 'DELETE']) {
        const asked = { method, headers: { host, origin: foreign } };
        expect(refusal({}, asked)).toBe('foreign-origin');
      }
      const headers = { host, origin: foreign, upgrade: 'websocket' };
      expect(refusal({}, { headers })).toBe('foreign-origin');
    },
  );

  it('is not there when a program calls: no Origin, no objection', () => {
    expect(refusal({}, { method: 'POST', headers: { host } })).toBeUndefined();
  });
});

describe('a server on the network', () => {
  const env = { PENSTOCK_BIND: '0.0.0.0' };
  const post = (headers: Record<string, string>) => ({ method: 'POST', headers });

  it('does not know its names, but still keeps foreign pages off', () => {
    const headers = { host: 'penstock.example' };
    expect(refusal(env, { headers })).toBeUndefined();
    expect(refusal(env, post({ ...headers, origin: 'https://evil.example' }))).toBe(
      'foreign-origin',
    );
  });

  it('answers to the names that it was told, once it was told some', () => {
    const told = { ...env, PENSTOCK_ALLOWED_HOSTS: 'a.example,.b.example,fd00::1' };
    for (const name of ['a.example:1', 'b.example', 'x.B.example', '[fd00::1]:8080', 'localhost']) {
      expect(refusal(told, { headers: { host: name } }), name).toBeUndefined();
    }
    for (const name of ['xb.example', 'b.example.evil', 'x.a.example']) {
      expect(refusal(told, { headers: { host: name } }), name).toBe('unknown-host');
    }
    expect(refusal({ PENSTOCK_ALLOWED_HOSTS: '*' }, { headers: { host: 'any' } })).toBeUndefined();
  });
});

describe('a server behind a proxy', () => {
  const page = 'https://penstock.example';
  const env = { PENSTOCK_PUBLIC_URL: `${page}/log` };
  const trusting = { ...env, PENSTOCK_TRUSTED_PROXIES: '10.0.0.0/8' };
  const post = (headers: Record<string, string>, from?: string) => ({
    method: 'POST',
    headers,
    ...(from === undefined ? {} : { from }),
  });

  it.each(['127.0.0.1:8080', 'penstock.example', 'penstock.example:8443'])(
    'takes its public origin for its own when the proxy sends Host: %s',
    (sent) => {
      expect(refusal(env, post({ host: sent, origin: page }))).toBeUndefined();
      expect(refusal(env, post({ host: sent, origin: 'https://evil.example' }))).toBe(
        'foreign-origin',
      );
    },
  );

  it('believes forwarded names of proxies that it trusts, and of nobody else', () => {
    const names = 'penstock.example';
    const settings = { PENSTOCK_TRUSTED_PROXIES: '10.0.0.0/8', PENSTOCK_ALLOWED_HOSTS: names };
    const forms: Record<string, string>[] = [
      { 'x-forwarded-host': 'penstock.example', 'x-forwarded-proto': 'https' },
      { 'x-forwarded-host': 'penstock.example, inner.example' },
      { forwarded: 'for=1.2.3.4;host=penstock.example;proto=https, for=10.0.0.1' },
    ];
    for (const form of forms) {
      const headers = { host, origin: page, ...form };
      expect(refusal(settings, post(headers, '10.1.1.1'))).toBeUndefined();
      expect(refusal(settings, post(headers, '11.1.1.1'))).toBe('foreign-origin');
    }
    const other = { host: 'localhost', origin: 'http://localhost:81', 'x-forwarded-port': '81' };
    expect(refusal(settings, post(other, '10.1.1.1'))).toBeUndefined();
    const plain = { host, origin: 'http://penstock.example', ...forms[0] };
    expect(refusal(settings, post(plain, '10.1.1.1')), 'another scheme').toBe('foreign-origin');
  });

  it('knows rebound names also when their page forwards a good one', () => {
    const rebound = { host: 'evil.example', 'x-forwarded-host': 'penstock.example' };
    expect(refusal(trusting, { headers: rebound, from: '10.1.1.1' })).toBe('unknown-host');
    const forwarded = { host, 'x-forwarded-host': 'evil.example' };
    expect(refusal(trusting, { headers: forwarded, from: '10.1.1.1' })).toBe('unknown-host');
  });
});

describe('pages that were allowed to send records', () => {
  const env = { PENSTOCK_CORS_ORIGINS: 'https://shop.example' };
  const headers = { host, origin: 'https://shop.example' };
  const preflight = { 'access-control-request-method': 'POST' };

  it('may use the ingest routes, and nothing else', () => {
    for (const url of ['/ingest/t', '/topics/t', '/v3/clusters/c/topics/t/records']) {
      expect(refusal(env, { method: 'POST', url, headers })).toBeUndefined();
      const asked = { method: 'OPTIONS', url, headers: { ...headers, ...preflight } };
      expect(refusal(env, asked)).toBeUndefined();
      expect(refusal({}, asked)).toBe('foreign-origin');
    }
    for (const url of ['/graphql', '/ingested', '/']) {
      expect(refusal(env, { method: 'POST', url, headers })).toBe('foreign-origin');
    }
  });
});
