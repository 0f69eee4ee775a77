import { resolve } from 'node:path';
import { boundAddresses, hostAndPort, isLoopback, localHostOf } from './addresses.ts';
import { ConfigError } from './config-error.ts';
import { parsePublicUrl, type PublicUrl } from './http-addresses.ts';
import { kafkaListeners, type KafkaListener } from './kafka-listeners.ts';
import { jvmNotices, kafkaSettings, settingVariable } from './kafka-settings.ts';
import { secretsOf } from '../secrets/secrets.ts';
import { elementsOf, VARIABLES } from './variables.ts';

export type Durability = 'fsync' | 'os';
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/**
 * All settings of a process: read from the environment once, validated, frozen, and injected
 * (the class is the injection token; instances are made by `loadConfig` alone).
 */
export abstract class Config {
  /** Absolute path of the data folder. */
  abstract readonly dataDir: string;
  abstract readonly durability: Durability;
  abstract readonly logLevel: LogLevel;
  abstract readonly demo: boolean;
  /** How many worker processes the start-up script runs. */
  abstract readonly workers: number;
  abstract readonly pipelines: {
    /** Memory that the stream processors of a worker may take, in MB. */
    readonly memoryMb: number;
    /** Whether the start-up script follows the sources of the pipelines. */
    readonly reload: boolean;
  };
  abstract readonly http: {
    /** Address that was asked for. */
    readonly bind: string;
    /** Addresses that are bound, on one port; the first is `bind`. */
    readonly hosts: readonly string[];
    /** Whether it is reachable from this machine only. */
    readonly isLoopback: boolean;
    /** 0: any free one. */
    readonly port: number;
    /** Where it is reached through a proxy; undefined when nothing was said. */
    readonly publicUrl: PublicUrl | undefined;
    /** Names by which it may be addressed besides its own, as `isHostPattern` describes them. */
    readonly allowedHosts: readonly string[];
    /** Origins, as browsers write them, whose pages may send records; or `*`. */
    readonly corsOrigins: readonly string[];
    /** Addresses and subnets of proxies that are believed. */
    readonly trustedProxies: readonly string[];
  };
  abstract readonly kafka: {
    /** Of the embedded broker. */
    readonly listeners: readonly [KafkaListener, ...KafkaListener[]];
    /** `host:port` of the brokers that api and worker connect to. */
    readonly bootstrapServers: readonly string[];
    /** `host:port` of the brokers as clients outside of this product are told them. */
    readonly publicServers: readonly string[];
    /** True when these are a cluster's: the embedded broker is then not started. */
    readonly external: boolean;
  };
  /** Redis to use; undefined when the start-up script found none. */
  abstract readonly redisUrl: string | undefined;
  /** Local port on which the start-up script looks for a Redis, or starts one. */
  abstract readonly redisPort: number;
  /** What may be shown nowhere (maskSecrets): passwords, in each of their spellings. */
  abstract readonly secrets: readonly string[];
  abstract readonly ingest: {
    readonly bodyBytesMax: number;
    readonly inflightBytesMax: number;
  };
  /** Settings of the embedded broker. */
  abstract readonly broker: {
    /** What was set, by Kafka's own names (`log.retention.ms`), as written and not checked. */
    readonly explicit: Readonly<Record<string, string>>;
    readonly coercesReplicationFactor: boolean;
    /** Sentences on what was set and has no effect. */
    readonly notices: readonly string[];
  };
}

/** The part of `process.env` that `loadConfig` needs. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads, validates and freezes the configuration.
 * @throws ConfigError for the first variable that has a value which cannot be used.
 */
export function loadConfig(env: Environment = process.env): Config {
  const value = readVariables(env);
  const { notices, ...kafka } = kafkaAddresses(value, env);
  return deepFreeze<Config>({
    dataDir: resolve(value['PENSTOCK_DATA_DIR'] as string),
    durability: value['PENSTOCK_DURABILITY'] as Durability,
    logLevel: value['PENSTOCK_LOG_LEVEL'] as LogLevel,
    demo: value['PENSTOCK_DEMO'] as boolean,
    workers: value['PENSTOCK_WORKERS'] as number,
    pipelines: {
      memoryMb: value['PENSTOCK_PIPELINES_MEMORY_MB'] as number,
      reload: value['PENSTOCK_RELOAD'] as boolean,
    },
    http: httpAddresses(value),
    kafka,
    redisUrl: value['REDIS_URL'] as string | undefined,
    redisPort: value['PENSTOCK_REDIS_PORT'] as number,
    secrets: secretsOf(env),
    ingest: {
      bodyBytesMax: value['PENSTOCK_INGEST_BODY_BYTES_MAX'] as number,
      inflightBytesMax: value['PENSTOCK_INGEST_INFLIGHT_BYTES_MAX'] as number,
    },
    broker: {
      explicit: kafkaSettings(env),
      coercesReplicationFactor: value['PENSTOCK_COERCE_REPLICATION_FACTOR'] as boolean,
      notices,
    },
  });
}

function httpAddresses(value: Record<string, unknown>): Config['http'] {
  const listed = (name: string): string[] => elementsOf(value[name] as string | undefined);
  const publicUrl = value['PENSTOCK_PUBLIC_URL'] as string | undefined;
  const bind = (value['PENSTOCK_HTTP_BIND'] ?? value['PENSTOCK_BIND']) as string;
  return {
    bind,
    hosts: boundAddresses(bind),
    isLoopback: isLoopback(bind),
    port: value['PENSTOCK_HTTP_PORT'] as number,
    publicUrl: publicUrl === undefined ? undefined : parsePublicUrl(publicUrl),
    allowedHosts: listed('PENSTOCK_ALLOWED_HOSTS').map((host) => host.toLowerCase()),
    corsOrigins: listed('PENSTOCK_CORS_ORIGINS').map((origin) =>
      origin === '*' ? origin : new URL(origin).origin,
    ),
    trustedProxies: listed('PENSTOCK_TRUSTED_PROXIES'),
  };
}

/** The secrets of this process, also where its configuration could not be read. */
export function environmentSecrets(env: Environment = process.env): string[] {
  return secretsOf(env);
}

function kafkaAddresses(
  value: Record<string, unknown>,
  env: Environment,
): Config['kafka'] & { notices: readonly string[] } {
  const cluster = value['KAFKA_BOOTSTRAP_SERVERS'] as string | undefined;
  const servers = cluster === undefined ? undefined : elementsOf(cluster);
  const given = kafkaSettings(env);
  // The broker's settings have no effect when a cluster is used.
  const settings = servers === undefined ? given : {};
  const bind = (value['PENSTOCK_KAFKA_BIND'] ?? value['PENSTOCK_BIND']) as string;
  const port = value['PENSTOCK_KAFKA_PORT'] as number;
  const { listeners, notices } = kafkaListeners(settings, {
    explicitBind: env['PENSTOCK_KAFKA_BIND'] || env['PENSTOCK_BIND'] ? bind : undefined,
    explicitPort: env['PENSTOCK_KAFKA_PORT'] ? port : undefined,
    advertisedHost: value['PENSTOCK_ADVERTISED_HOST'] as string | undefined,
    ...{ defaultBind: bind, defaultPort: port },
  });
  const [{ hosts, port: firstPort }] = listeners;
  return {
    listeners,
    bootstrapServers: servers ?? [hostAndPort(localHostOf(hosts[0] ?? ''), firstPort)],
    publicServers: servers ?? listeners.map(advertisedServer),
    external: servers !== undefined,
    notices: servers === undefined ? [...notices, ...jvmNotices(env)] : clusterNotices(given),
  };
}

function clusterNotices(settings: Readonly<Record<string, string>>): string[] {
  const names = Object.keys(settings).map(settingVariable);
  if (names.length === 0) return [];
  const sentence = 'these are settings of the embedded broker, which is not started';
  return [`${sentence} beside KAFKA_BOOTSTRAP_SERVERS: ${names.join(', ')}`];
}

function advertisedServer({ advertisedHost, advertisedPort, port }: KafkaListener): string {
  return hostAndPort(advertisedHost, advertisedPort ?? port);
}

function readVariables(env: Environment): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const variable of VARIABLES) {
    const given = env[variable.name];
    // An empty variable is one that was not set: compose files and shells make them so.
    const raw = given === undefined || given === '' ? variable.default : given;
    if (raw === '') continue;
    const value = variable.parse(raw);
    if (value === undefined) throw new ConfigError(variable.name, raw, variable.allowed);
    values[variable.name] = value;
  }
  return values;
}

export function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  }
  return Object.freeze(value);
}
