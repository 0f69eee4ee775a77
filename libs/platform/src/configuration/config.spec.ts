import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.ts';
import { loadConfig } from './config.ts';
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
      broker: { numPartitions: 1, autoCreateTopicsEnable: true, explicit: {} },
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

  it('hands explicit broker settings on under the names Kafka gives them', () => {
    const { broker } = loadConfig({ KAFKA_LOG_RETENTION_MS: '-1', KAFKA_NUM_PARTITIONS: '6' });
    expect(broker.explicit).toEqual({ 'log.retention.ms': '-1', 'num.partitions': '6' });
    expect(broker).toMatchObject({ logRetentionMs: -1, numPartitions: 6 });
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
    ['KAFKA_AUTO_CREATE_TOPICS_ENABLE', '2', 'true or false'],
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
      expect(variable.schema.safeParse(variable.default).success, variable.name).toBe(true);
    }
  });
});
