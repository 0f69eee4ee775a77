import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { ConfigError } from './config-error.ts';
import { parsePublicUrl, type PublicUrl } from './http-addresses.ts';
import { kafkaListener, kafkaSettings } from './kafka-settings.ts';
import { elementsOf, VARIABLES } from './variables.ts';

export type Durability = 'fsync' | 'os';
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/**
 * All settings of a process: read from the environment once, validated, frozen, and injected
 * (the class is the injection token; instances are made by `loadConfig` alone).
 */
export abstract class Config {
  /** Address both ports listen on. */
  abstract readonly bind: string;
  /** Whether `bind` is reachable from this machine only. */
  abstract readonly bindIsLoopback: boolean;
  /** Absolute path of the data folder. */
  abstract readonly dataDir: string;
  abstract readonly durability: Durability;
  abstract readonly logLevel: LogLevel;
  abstract readonly demo: boolean;
  abstract readonly http: {
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
    /** Address that the embedded broker listens on. */
    readonly bind: string;
    /** Port of the embedded broker. */
    readonly port: number;
    /** Host that clients of the embedded broker are told to connect to. */
    readonly advertisedHost: string;
    /** Port that they are told; undefined: the one that is listened on. */
    readonly advertisedPort: number | undefined;
    /** `host:port` of the brokers that api and worker connect to. */
    readonly bootstrapServers: readonly string[];
    /** True when these are a cluster's: the embedded broker is then not started. */
    readonly external: boolean;
  };
  /** Redis to use; undefined when the start-up script found none. */
  abstract readonly redisUrl: string | undefined;
  /** Local port on which the start-up script looks for a Redis, or starts one. */
  abstract readonly redisPort: number;
  abstract readonly ingest: {
    readonly bodyBytesMax: number;
    readonly inflightBytesMax: number;
  };
  /** Settings of the embedded broker. */
  abstract readonly broker: {
    /** What was set, by Kafka's own names (`log.retention.ms`), as written and not checked. */
    readonly explicit: Readonly<Record<string, string>>;
    readonly coercesReplicationFactor: boolean;
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
  const bind = value['PENSTOCK_BIND'] as string;
  return deepFreeze<Config>({
    bind,
    bindIsLoopback: isLoopback(bind),
    dataDir: resolve(value['PENSTOCK_DATA_DIR'] as string),
    durability: value['PENSTOCK_DURABILITY'] as Durability,
    logLevel: value['PENSTOCK_LOG_LEVEL'] as LogLevel,
    demo: value['PENSTOCK_DEMO'] as boolean,
    http: httpAddresses(value),
    kafka: kafkaAddresses(value, env),
    redisUrl: value['REDIS_URL'] as string | undefined,
    redisPort: value['PENSTOCK_REDIS_PORT'] as number,
    ingest: {
      bodyBytesMax: value['PENSTOCK_INGEST_BODY_BYTES_MAX'] as number,
      inflightBytesMax: value['PENSTOCK_INGEST_INFLIGHT_BYTES_MAX'] as number,
    },
    broker: {
      explicit: kafkaSettings(env),
      coercesReplicationFactor: value['PENSTOCK_COERCE_REPLICATION_FACTOR'] as boolean,
    },
  });
}

function httpAddresses(value: Record<string, unknown>): Config['http'] {
  const listed = (name: string): string[] => elementsOf(value[name] as string | undefined);
  const publicUrl = value['PENSTOCK_PUBLIC_URL'] as string | undefined;
  return {
    port: value['PENSTOCK_HTTP_PORT'] as number,
    publicUrl: publicUrl === undefined ? undefined : parsePublicUrl(publicUrl),
    allowedHosts: listed('PENSTOCK_ALLOWED_HOSTS').map((host) => host.toLowerCase()),
    corsOrigins: listed('PENSTOCK_CORS_ORIGINS').map((origin) =>
      origin === '*' ? origin : new URL(origin).origin,
    ),
    trustedProxies: listed('PENSTOCK_TRUSTED_PROXIES'),
  };
}

/** Our own variables count before Kafka's `listeners`, and those before our defaults. */
function kafkaAddresses(value: Record<string, unknown>, env: Environment): Config['kafka'] {
  const bootstrap = value['KAFKA_BOOTSTRAP_SERVERS'] as string | undefined;
  const listener = kafkaListener(kafkaSettings(env));
  const ownBind = value['PENSTOCK_BIND'] as string;
  const ownPort = value['PENSTOCK_KAFKA_PORT'] as number;
  const bind = env['PENSTOCK_BIND'] ? ownBind : (listener.host ?? ownBind);
  const port = env['PENSTOCK_KAFKA_PORT'] ? ownPort : (listener.port ?? ownPort);
  const ownHost = value['PENSTOCK_ADVERTISED_HOST'] as string | undefined;
  return {
    bind,
    port,
    advertisedHost: ownHost ?? listener.advertisedHost ?? advertisedHostFor(bind, isLoopback(bind)),
    advertisedPort: ownHost === undefined ? listener.advertisedPort : undefined,
    bootstrapServers: bootstrap ? elementsOf(bootstrap) : [`${connectHostFor(bind)}:${port}`],
    external: bootstrap !== undefined,
  };
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

function isLoopback(bind: string): boolean {
  return bind === 'localhost' || bind === '::1' || bind.startsWith('127.');
}

function advertisedHostFor(bind: string, bindIsLoopback: boolean): string {
  if (bindIsLoopback) return 'localhost';
  return isWildcard(bind) ? hostname() : bind;
}

/** The address at which a process of this machine reaches what listens on `bind`. */
function connectHostFor(bind: string): string {
  if (isWildcard(bind)) return '127.0.0.1';
  return bind.includes(':') ? `[${bind}]` : bind;
}

function isWildcard(bind: string): boolean {
  return bind === '0.0.0.0' || bind === '::';
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  }
  return Object.freeze(value);
}
