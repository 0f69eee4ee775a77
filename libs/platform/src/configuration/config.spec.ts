import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.ts';
import { loadConfig } from './config.ts';
import { settingVariable } from './kafka-settings.ts';
import { VARIABLES } from './variables.ts';

const REDIS_ALLOWED = 'redis://[user:password@]host[:port][/database], or rediss:// with TLS';

const PUBLIC_URL_ALLOWED =
  'http://host[:port][/path] or https://host[:port][/path], the path not below /api, /assets, /docs, /graphql, /healthz, /ingest, /metrics, /readyz, /topics, /ui, /v3';

describe('loadConfig', () => {
  it('takes the documented defaults from an empty environment', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      durability: 'fsync',
      demo: false,
      logLevel: 'info',
      http: { bind: '127.0.0.1', hosts: ['127.0.0.1', '::1'], isLoopback: true, port: 8080 },
      kafka: {
        listeners: [{ name: 'PLAINTEXT', hosts: ['127.0.0.1', '::1'], port: 9092 }],
        publicServers: ['localhost:9092'],
        bootstrapServers: ['127.0.0.1:9092'],
        external: false,
      },
      redisUrl: undefined,
      broker: { explicit: {}, coercesReplicationFactor: false, notices: [] },
    });
    expect(config.dataDir).toMatch(/\/data$/);
  });

  it('is frozen through and through', () => {
    const config = loadConfig({});
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.kafka)).toBe(true);
    expect(Object.isFrozen(config.broker.explicit)).toBe(true);
  });

  it('uses a cluster instead of the embedded broker when it is given one', () => {
    const { kafka } = loadConfig({ KAFKA_BOOTSTRAP_SERVERS: 'k1:9092, k2:9093' });
    expect(kafka.external).toBe(true);
    expect(kafka.bootstrapServers).toEqual(['k1:9092', 'k2:9093']);
  });

  it('tells clients a name that they can reach', () => {
    const servers = (env: Record<string, string>) => loadConfig(env).kafka;
    expect(servers({ PENSTOCK_BIND: '::1' })).toMatchObject({
      publicServers: ['localhost:9092'],
      bootstrapServers: ['[::1]:9092'],
    });
    expect(servers({ PENSTOCK_BIND: '10.1.2.3' }).publicServers).toEqual(['10.1.2.3:9092']);
    const everywhere = servers({ PENSTOCK_BIND: '0.0.0.0' });
    expect(everywhere.bootstrapServers).toEqual(['127.0.0.1:9092']);
    expect(everywhere.publicServers).toEqual([`${hostname()}:9092`]);
    expect(servers({ PENSTOCK_ADVERTISED_HOST: 'kafka.example' }).publicServers).toEqual([
      'kafka.example:9092',
    ]);
  });

  it('listens elsewhere for HTTP than for Kafka when it is told to', () => {
    const { http, kafka } = loadConfig({
      PENSTOCK_BIND: '10.1.2.3',
      PENSTOCK_HTTP_BIND: 'localhost',
      PENSTOCK_KAFKA_BIND: '::',
    });
    expect(http).toMatchObject({ hosts: ['127.0.0.1', '::1'], isLoopback: true });
    expect(kafka.listeners[0].hosts).toEqual(['::', '0.0.0.0']);
    expect(loadConfig({ PENSTOCK_BIND: '10.1.2.3' }).http).toMatchObject({
      hosts: ['10.1.2.3'],
      isLoopback: false,
    });
  });

  it('hands settings of the broker on under the names Kafka gives them, unknown ones too', () => {
    const { broker } = loadConfig({
      KAFKA_LOG_RETENTION_MS: '-1',
      KAFKA_NUM_PARTITIONS: 'six',
      KAFKA_A___DASH__AND_DOT: '1',
      KAFKA_HEAP_OPTS: '-Xmx1g',
      KAFKA_BROKER_RACK: '',
      PENSTOCK_COERCE_REPLICATION_FACTOR: '1',
    });
    expect(broker).toEqual({
      explicit: { 'log.retention.ms': '-1', 'num.partitions': 'six', 'a-dash_and.dot': '1' },
      coercesReplicationFactor: true,
      notices: ['there is no JVM here, so these have no effect: KAFKA_HEAP_OPTS'],
    });
    expect(settingVariable('a-dash_and.dot')).toBe('KAFKA_A___DASH__AND_DOT');
  });

  it('reads where it is reached through proxies, as browsers write it', () => {
    expect(
      loadConfig({
        PENSTOCK_PUBLIC_URL: 'https://Penstock.Example:443/log/',
        PENSTOCK_ALLOWED_HOSTS: '.Example.com, 10.0.0.1,::1',
        PENSTOCK_CORS_ORIGINS: 'https://App.example:443,http://localhost:3000',
        PENSTOCK_TRUSTED_PROXIES: 'loopback, 10.0.0.0/8, fd00::/8',
      }).http,
    ).toMatchObject({
      port: 8080,
      publicUrl: {
        href: 'https://penstock.example/log',
        origin: 'https://penstock.example',
        hostname: 'penstock.example',
        path: '/log',
      },
      allowedHosts: ['.example.com', '10.0.0.1', '::1'],
      corsOrigins: ['https://app.example', 'http://localhost:3000'],
      trustedProxies: ['loopback', '10.0.0.0/8', 'fd00::/8'],
    });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ REDIS_URL: '', PENSTOCK_HTTP_PORT: '' })).toMatchObject({
      redisUrl: undefined,
      http: { port: 8080 },
    });
  });

  it.each([
    ['PENSTOCK_HTTP_PORT', 'eighty', '0 to 65535'],
    ['PENSTOCK_HTTP_PORT', '70000', '0 to 65535'],
    ['PENSTOCK_KAFKA_PORT', '9092.5', '0 to 65535'],
    ['PENSTOCK_DURABILITY', 'maybe', 'fsync, os'],
    ['PENSTOCK_DEMO', 'yes', '0 or 1'],
    ['PENSTOCK_BIND', 'not an address', 'an IPv4 or IPv6 address, or localhost'],
    ['REDIS_URL', 'localhost:6379', REDIS_ALLOWED],
    ['REDIS_URL', 'redis://localhost:6379/one', REDIS_ALLOWED],
    ['REDIS_URL', 'redis://localhost:6379/1/2', REDIS_ALLOWED],
    ['REDIS_URL', 'redis://localhost:6379/-1', REDIS_ALLOWED],
    ['REDIS_URL', 'redis://localhost:6379?db=1', REDIS_ALLOWED],
    ['REDIS_URL', 'redis://localhost:99999', REDIS_ALLOWED],
    ['KAFKA_BOOTSTRAP_SERVERS', 'localhost', 'host:port, several separated by commas'],
    ['PENSTOCK_PUBLIC_URL', 'penstock.example', PUBLIC_URL_ALLOWED],
    ['PENSTOCK_PUBLIC_URL', 'https://a.example/b?c', PUBLIC_URL_ALLOWED],
    ...['/api', '/ui/', '/GraphQL/x', '/v3'].map((path): [string, string, string] => [
      'PENSTOCK_PUBLIC_URL',
      `https://a.example${path}`,
      PUBLIC_URL_ALLOWED,
    ]),
    [
      'PENSTOCK_ALLOWED_HOSTS',
      'a.example:80',
      'host names or addresses without a port, several separated by commas, or *',
    ],
    [
      'PENSTOCK_CORS_ORIGINS',
      'https://a.example/',
      'http(s)://host[:port] without a path, several separated by commas, or *',
    ],
    [
      'PENSTOCK_TRUSTED_PROXIES',
      '10.0.0.0/33',
      'addresses, address/prefix-length, loopback, linklocal or uniquelocal, several separated by commas',
    ],
    ['KAFKA_LISTENERS', 'localhost:9092', 'NAME://host:port, several separated by commas'],
  ])('refuses %s=%s in one line that says what is allowed', (name, value, allowed) => {
    let error: unknown;
    try {
      loadConfig({ [name]: value });
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ variable: name, value, allowed });
    expect((error as Error).message).toBe(
      `${name}="${value}" cannot be used: allowed is ${allowed}`,
    );
  });
});

describe('VARIABLES', () => {
  it('describes each variable once', () => {
    expect(new Set(VARIABLES.map(({ name }) => name)).size).toBe(VARIABLES.length);
    for (const { name, description, allowed } of VARIABLES) {
      expect(name).toMatch(/^[A-Z][A-Z0-9_]+$/);
      expect(description, name).not.toBe('');
      expect(allowed, name).not.toBe('');
    }
  });

  it('has defaults that its own rules allow', () => {
    for (const variable of VARIABLES) {
      if (variable.default === '') continue;
      expect(variable.parse(variable.default), variable.name).toBeDefined();
    }
  });
});
