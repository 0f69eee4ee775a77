import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { ConfigError } from './config-error.ts';
import { VARIABLES } from './variables.ts';

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
  };
  abstract readonly kafka: {
    /** Port of the embedded broker. */
    readonly port: number;
    /** Host that clients of the embedded broker are told to connect to. */
    readonly advertisedHost: string;
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
    readonly numPartitions: number;
    readonly autoCreateTopicsEnable: boolean;
    readonly groupInitialRebalanceDelayMs: number;
    readonly messageMaxBytes: number;
    readonly logSegmentBytes: number;
    readonly logRollMs: number;
    readonly logRetentionMs: number;
    readonly logRetentionBytes: number;
    readonly logRetentionCheckIntervalMs: number;
    readonly logIndexIntervalBytes: number;
    readonly logCleanupPolicy: string;
    readonly offsetsRetentionMinutes: number;
    /** What was set explicitly, by Kafka's own names (`log.retention.ms`), as written. */
    readonly explicit: Readonly<Record<string, string>>;
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
  const bindIsLoopback = isLoopback(bind);
  const port = value['PENSTOCK_KAFKA_PORT'] as number;
  const bootstrap = value['KAFKA_BOOTSTRAP_SERVERS'] as string | undefined;
  return deepFreeze<Config>({
    bind,
    bindIsLoopback,
    dataDir: resolve(value['PENSTOCK_DATA_DIR'] as string),
    durability: value['PENSTOCK_DURABILITY'] as Durability,
    logLevel: value['PENSTOCK_LOG_LEVEL'] as LogLevel,
    demo: value['PENSTOCK_DEMO'] as boolean,
    http: { port: value['PENSTOCK_HTTP_PORT'] as number },
    kafka: {
      port,
      advertisedHost:
        (value['PENSTOCK_ADVERTISED_HOST'] as string | undefined) ??
        advertisedHostFor(bind, bindIsLoopback),
      bootstrapServers: bootstrap
        ? bootstrap.split(',').map((server) => server.trim())
        : [`${connectHostFor(bind)}:${port}`],
      external: bootstrap !== undefined,
    },
    redisUrl: value['REDIS_URL'] as string | undefined,
    redisPort: value['PENSTOCK_REDIS_PORT'] as number,
    ingest: {
      bodyBytesMax: value['PENSTOCK_INGEST_BODY_BYTES_MAX'] as number,
      inflightBytesMax: value['PENSTOCK_INGEST_INFLIGHT_BYTES_MAX'] as number,
    },
    broker: brokerSettings(value, env),
  });
}

function readVariables(env: Environment): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const variable of VARIABLES) {
    const given = env[variable.name];
    // An empty variable is one that was not set: compose files and shells make them so.
    const raw = given === undefined || given === '' ? variable.default : given;
    if (raw === '') continue;
    const parsed = variable.schema.safeParse(raw);
    if (!parsed.success) throw new ConfigError(variable.name, raw, variable.allowed);
    values[variable.name] = parsed.data;
  }
  return values;
}

function brokerSettings(value: Record<string, unknown>, env: Environment): Config['broker'] {
  const explicit: Record<string, string> = {};
  for (const { name, kafkaName } of VARIABLES) {
    const given = env[name];
    if (kafkaName !== undefined && given) explicit[kafkaName] = given;
  }
  return {
    numPartitions: value['KAFKA_NUM_PARTITIONS'] as number,
    autoCreateTopicsEnable: value['KAFKA_AUTO_CREATE_TOPICS_ENABLE'] as boolean,
    groupInitialRebalanceDelayMs: value['KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS'] as number,
    messageMaxBytes: value['KAFKA_MESSAGE_MAX_BYTES'] as number,
    logSegmentBytes: value['KAFKA_LOG_SEGMENT_BYTES'] as number,
    logRollMs: value['KAFKA_LOG_ROLL_MS'] as number,
    logRetentionMs: value['KAFKA_LOG_RETENTION_MS'] as number,
    logRetentionBytes: value['KAFKA_LOG_RETENTION_BYTES'] as number,
    logRetentionCheckIntervalMs: value['KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS'] as number,
    logIndexIntervalBytes: value['KAFKA_LOG_INDEX_INTERVAL_BYTES'] as number,
    logCleanupPolicy: value['KAFKA_LOG_CLEANUP_POLICY'] as string,
    offsetsRetentionMinutes: value['KAFKA_OFFSETS_RETENTION_MINUTES'] as number,
    explicit,
  };
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
