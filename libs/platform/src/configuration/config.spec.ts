import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.ts';
import { loadConfig } from './config.ts';
import { settingVariable } from './kafka-settings.ts';
import { VARIABLES } from './variables.ts';

describe('loadConfig', () => {
  it('takes the documented defaults from an empty environment', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      bind: '127.0.0.1',
      bindIsLoopback: true,
      durability: 'fsync',
      demo: false,
      logLevel: 'info',
      http: { port: 8080 },
      kafka: {
        port: 9092,
        advertisedHost: 'localhost',
        bootstrapServers: ['127.0.0.1:9092'],
        external: false,
      },
      redisUrl: undefined,
      broker: { explicit: {}, coercesReplicationFactor: false },
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
    expect(loadConfig({ PENSTOCK_BIND: '::1' }).kafka).toMatchObject({
      advertisedHost: 'localhost',
      bootstrapServers: ['[::1]:9092'],
    });
    expect(loadConfig({ PENSTOCK_BIND: '10.1.2.3' }).kafka.advertisedHost).toBe('10.1.2.3');
    const everywhere = loadConfig({ PENSTOCK_BIND: '0.0.0.0' });
    expect(everywhere.bindIsLoopback).toBe(false);
    expect(everywhere.kafka.bootstrapServers).toEqual(['127.0.0.1:9092']);
    expect(everywhere.kafka.advertisedHost).not.toBe('0.0.0.0');
    expect(loadConfig({ PENSTOCK_ADVERTISED_HOST: 'kafka.example' }).kafka.advertisedHost).toBe(
      'kafka.example',
    );
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
    });
    expect(settingVariable('a-dash_and.dot')).toBe('KAFKA_A___DASH__AND_DOT');
  });

  it('listens where the environment of an Apache Kafka container says, unless it says otherwise itself', () => {
    const container = {
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: 'CONTROLLER://:9093,INTERNAL://:19092,HOST://:29092',
      KAFKA_ADVERTISED_LISTENERS: 'HOST://localhost:29092,INTERNAL://kafka:19092',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP:
        'INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT,HOST:PLAINTEXT',
    };
    expect(loadConfig(container).kafka).toEqual({
      bind: '0.0.0.0',
      port: 19092,
      advertisedHost: 'kafka',
      advertisedPort: 19092,
      bootstrapServers: ['127.0.0.1:19092'],
      external: false,
    });
    const own = { PENSTOCK_BIND: '::1', PENSTOCK_KAFKA_PORT: '1', PENSTOCK_ADVERTISED_HOST: 'me' };
    expect(loadConfig({ ...container, ...own }).kafka).toMatchObject({
      bind: '::1',
      port: 1,
      advertisedHost: 'me',
      advertisedPort: undefined,
    });
  });

  it('reads where it is reached through proxies, as browsers write it', () => {
    expect(
      loadConfig({
        PENSTOCK_PUBLIC_URL: 'https://Penstock.Example:443/log/',
        PENSTOCK_ALLOWED_HOSTS: '.Example.com, 10.0.0.1,::1',
        PENSTOCK_CORS_ORIGINS: 'https://App.example:443,http://localhost:3000',
        PENSTOCK_TRUSTED_PROXIES: 'loopback, 10.0.0.0/8, fd00::/8',
      }).http,
    ).toEqual({
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
    ['REDIS_URL', 'localhost:6379', 'redis://host:port or rediss://host:port'],
    ['KAFKA_BOOTSTRAP_SERVERS', 'localhost', 'host:port, several separated by commas'],
    [
      'PENSTOCK_PUBLIC_URL',
      'penstock.example',
      'http://host[:port][/path] or https://host[:port][/path]',
    ],
    [
      'PENSTOCK_PUBLIC_URL',
      'https://a.example/b?c',
      'http://host[:port][/path] or https://host[:port][/path]',
    ],
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

it('does not serve without TLS where TLS was asked for', () => {
  expect(() => loadConfig({ KAFKA_LISTENERS: 'SSL://:9093' })).toThrow(
    /TLS and SASL are not built/,
  );
  const mapped = {
    KAFKA_LISTENERS: 'OUT://:9093',
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'OUT:SASL_SSL',
  };
  expect(() => loadConfig(mapped)).toThrow(/OUT \(SASL_SSL\)/);
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
