import { describe, expect, it } from 'vitest';
import { loopbackPolicy, originProblem } from './origin.ts';

const policy = loopbackPolicy({
  bind: '127.0.0.1',
  kafka: {
    bind: '127.0.0.1',
    port: 9092,
    advertisedHost: 'localhost',
    advertisedPort: undefined,
    bootstrapServers: [],
    external: false,
  },
});
const host = 'localhost:8080';
const origin = 'http://localhost:8080';

function problem(method: string, headers: Record<string, string>) {
  return originProblem(policy, { method, headers });
}

describe('a server on a loopback address', () => {
  it.each([host, '127.0.0.1:8080', '[::1]:8080', 'LOCALHOST', '127.0.0.1'])(
    'answers to %s',
    (name) => {
      expect(problem('GET', { host: name })).toBeUndefined();
    },
  );

  it.each(['evil.example:8080', 'localhost.evil.example', '', '10.0.0.1'])(
    'does not answer to %j, which may have been made to resolve to it',
    (name) => {
      expect(problem('GET', { host: name })).toBe('unknown-host');
    },
  );
});

describe('a page', () => {
  it('of its own origin may do anything', () => {
    expect(problem('POST', { host, origin })).toBeUndefined();
    expect(problem('GET', { host, origin, upgrade: 'websocket' })).toBeUndefined();
  });

  it.each(['http://evil.example', 'null', 'http://localhost:3000', 'not an origin'])(
    'of the origin %s may neither post nor open a WebSocket',
    (foreign) => {
      expect(problem('POST', { host, origin: foreign })).toBe('foreign-origin');
      expect(problem('DELETE', { host, origin: foreign })).toBe('foreign-origin');
      expect(problem('GET', { host, origin: foreign, upgrade: 'websocket' })).toBe(
        'foreign-origin',
      );
    },
  );

  it('is not there when a program calls: no Origin, no objection', () => {
    expect(problem('POST', { host })).toBeUndefined();
  });
});

describe('a server on the network', () => {
  it('does not know its names, but still keeps foreign pages off', () => {
    const open = { hosts: undefined };
    const headers = { host: 'penstock.example' };
    expect(originProblem(open, { method: 'GET', headers })).toBeUndefined();
    expect(
      originProblem(open, {
        method: 'POST',
        headers: { ...headers, origin: 'https://evil.example' },
      }),
    ).toBe('foreign-origin');
  });
});
