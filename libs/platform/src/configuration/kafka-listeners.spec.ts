import { describe, expect, test } from 'vitest';
import { loadConfig } from './config.ts';

function listenersOf(env: Record<string, string>): string[] {
  const { listeners } = loadConfig(env).kafka;
  return listeners.map(
    ({ name, hosts, port, advertisedHost, advertisedPort }) =>
      `${name} ${hosts.join('+')} ${port} as ${advertisedHost}:${advertisedPort ?? port}`,
  );
}

const noticesOf = (env: Record<string, string>) => loadConfig(env).broker.notices.join('\n');

describe('the environment of other containers is served as there', () => {
  const everywhere = '0.0.0.0+::';

  test('Apache Kafka: for controllers, for containers and for the host', () => {
    const env = {
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: 'CONTROLLER://:9093,INTERNAL://:19092,HOST://:29092',
      KAFKA_ADVERTISED_LISTENERS: 'HOST://localhost:39092,INTERNAL://kafka:19092',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@kafka:9093',
      KAFKA_INTER_BROKER_LISTENER_NAME: 'INTERNAL',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP:
        'INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT,HOST:PLAINTEXT',
    };
    expect(listenersOf(env)).toEqual([
      `INTERNAL ${everywhere} 19092 as kafka:19092`,
      `HOST ${everywhere} 29092 as localhost:39092`,
    ]);
    expect(noticesOf(env)).toMatch(/controllers.*CONTROLLER$/);
    expect(loadConfig(env).kafka.publicServers).toEqual(['kafka:19092', 'localhost:39092']);
  });

  test('Confluent: where only the advertised listeners are given, their ports are listened on', () => {
    const env = {
      KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka:29092,PLAINTEXT_HOST://localhost:9092',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,PLAINTEXT_HOST:PLAINTEXT',
    };
    expect(listenersOf(env)).toEqual([
      `PLAINTEXT ${everywhere} 29092 as kafka:29092`,
      `PLAINTEXT_HOST ${everywhere} 9092 as localhost:9092`,
    ]);
    // One that another port stands for, behind NAT.
    expect(
      listenersOf({
        KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://outside:31000',
        PENSTOCK_KAFKA_PORT: '9092',
        PENSTOCK_BIND: '::1',
      }),
    ).toEqual(['PLAINTEXT ::1+127.0.0.1 9092 as outside:31000']);
  });

  test('Bitnami: by names of its own', () => {
    const env = {
      KAFKA_CFG_LISTENERS: 'PLAINTEXT://:9092,EXTERNAL://:9094,CONTROLLER://:9093',
      KAFKA_CFG_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka:9092,EXTERNAL://localhost:9094',
      KAFKA_CFG_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_CFG_LISTENER_SECURITY_PROTOCOL_MAP:
        'CONTROLLER:SASL_SSL,EXTERNAL:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    };
    expect(listenersOf(env)).toEqual([
      `PLAINTEXT ${everywhere} 9092 as kafka:9092`,
      `EXTERNAL ${everywhere} 9094 as localhost:9094`,
    ]);
    expect(() => loadConfig({ ...env, KAFKA_LISTENERS: 'PLAINTEXT://:1' })).toThrow(
      /give it twice/,
    );
  });
});

test('one port on two families is two listeners', () => {
  expect(
    listenersOf({
      KAFKA_LISTENERS: 'FOUR://127.0.0.1:9092,SIX://[::1]:9092',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'FOUR:PLAINTEXT,SIX:PLAINTEXT',
    }),
  ).toEqual(['FOUR 127.0.0.1 9092 as localhost:9092', 'SIX ::1 9092 as localhost:9092']);
});

test('what our own variables say beside Kafka’s is not ignored in silence', () => {
  const env = {
    KAFKA_LISTENERS: 'PLAINTEXT://:19092,OTHER://:29092',
    KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka:19092',
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,OTHER:PLAINTEXT',
    PENSTOCK_KAFKA_PORT: '9092',
    PENSTOCK_ADVERTISED_HOST: 'me',
  };
  expect(noticesOf(env)).toMatch(/PENSTOCK_KAFKA_PORT=9092 has no effect beside KAFKA_LISTENERS/);
  expect(noticesOf(env)).toMatch(/PENSTOCK_ADVERTISED_HOST has no effect/);
  expect(noticesOf(env)).toMatch(/says nothing of OTHER/);
  expect(
    listenersOf({ KAFKA_LISTENERS: 'PLAINTEXT://:19092', PENSTOCK_ADVERTISED_HOST: 'me' }),
  ).toEqual(['PLAINTEXT 0.0.0.0+:: 19092 as me:19092']);
  const cluster = { KAFKA_BOOTSTRAP_SERVERS: 'k:9092', KAFKA_LISTENERS: 'SSL://:1' };
  expect(noticesOf(cluster)).toMatch(/not started.*KAFKA_LISTENERS/);
  expect(noticesOf({ KAFKA_OPTS: '-Dfoo=1' })).toMatch(/KAFKA_OPTS/);
});

test.each<[what: string, env: Record<string, string>, message: RegExp]>([
  ['no listener', { KAFKA_LISTENERS: 'localhost:9092' }, /^KAFKA_LISTENERS=.*NAME:\/\/host:port/],
  ['a port that is none', { KAFKA_LISTENERS: 'PLAINTEXT://:70000' }, /NAME:\/\/host:port/],
  ['one port twice', { KAFKA_LISTENERS: 'PLAINTEXT://:1,PLAINTEXT2://:1' }, /a different port/],
  ['one name twice', { KAFKA_LISTENERS: 'PLAINTEXT://:1,plaintext://:2' }, /a different name/],
  ['TLS', { KAFKA_LISTENERS: 'PLAINTEXT://:1,SSL://:9093' }, /SSL \(SSL\).*not built/],
  [
    'SASL by the map',
    {
      KAFKA_LISTENERS: 'PLAINTEXT://:1,OUT://:9093',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'OUT:SASL_PLAINTEXT,PLAINTEXT:PLAINTEXT',
    },
    /OUT \(SASL_PLAINTEXT\).*not built/,
  ],
  ['a name without protocol', { KAFKA_LISTENERS: 'OUT://:9093' }, /none for OUT/],
  [
    'a protocol that is none',
    { KAFKA_LISTENERS: 'OUT://:1', KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'OUT:TLS' },
    /NAME:PROTOCOL/,
  ],
  [
    'an advertised name that is not listened on',
    {
      KAFKA_LISTENERS: 'PLAINTEXT://:1',
      KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://a:1,HOST://b:2',
    },
    /^KAFKA_ADVERTISED_LISTENERS=.*names that are in listeners: PLAINTEXT/,
  ],
  [
    'an address that nobody reaches',
    { KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://0.0.0.0:9092' },
    /addresses that clients can reach/,
  ],
  [
    'another name between brokers',
    { KAFKA_LISTENERS: 'PLAINTEXT://:1', KAFKA_INTER_BROKER_LISTENER_NAME: 'INSIDE' },
    /^KAFKA_INTER_BROKER_LISTENER_NAME="INSIDE"/,
  ],
  [
    'nothing but controllers',
    { KAFKA_LISTENERS: 'CONTROLLER://:9093', KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER' },
    /not for controllers/,
  ],
  [
    'users for the JVM',
    { KAFKA_OPTS: '-Djava.security.auth.login.config=/etc/kafka/jaas.conf' },
    /^KAFKA_OPTS=.*not built/,
  ],
])('%s stops the start', (_, env, message) => {
  expect(() => loadConfig(env)).toThrow(message);
});
