import { isRedisUrl } from './redis-url.ts';
import {
  isHostPattern,
  isOrigin,
  isProxyRange,
  isPublicUrl,
  OWN_SEGMENTS,
} from './http-addresses.ts';

/** One environment variable: what the README's table and the error messages are made from. */
export interface Variable {
  readonly name: string;
  readonly description: string;
  /** As shown to people; empty when the variable has no default. */
  readonly default: string;
  /** What may be written, in words; part of the error message. */
  readonly allowed: string;
  /** The value of what was written; undefined for what may not be written. */
  readonly parse: (text: string) => string | number | boolean | undefined;
}

/** The elements of a value that is a list. */
export function elementsOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '');
}

interface VariableOptions {
  readonly description: string;
  readonly default?: string;
  readonly allowed?: string;
}

interface IntegerOptions extends VariableOptions {
  readonly min: number;
  readonly max: number;
}

const ADDRESS = {
  allowed: 'an IPv4 or IPv6 address, or localhost',
  pattern: /^(localhost|[0-9.]+|[0-9a-fA-F:]+)$/,
};
const UNBOUNDED = Number.MAX_SAFE_INTEGER;
const BOOTSTRAP_SERVERS =
  /^\s*(\[[0-9a-fA-F:]+\]|[^\s,:[\]]+):\d{1,5}(\s*,\s*(\[[0-9a-fA-F:]+\]|[^\s,:[\]]+):\d{1,5})*\s*$/;

/**
 * Every variable that Penstock reads, in the order of the README's table, but for the settings of
 * Apache Kafka (kafka-settings.ts). The only place in the repository that names them, apart from
 * the start-up scripts that run before the build.
 */
export const VARIABLES: readonly Variable[] = [
  integer('PENSTOCK_KAFKA_PORT', {
    description: 'Port of the embedded broker; 0 takes any free one',
    default: '9092',
    min: 0,
    max: 65535,
  }),
  integer('PENSTOCK_HTTP_PORT', {
    description: 'Port of dashboard, API and ingest; 0 takes any free one',
    default: '8080',
    min: 0,
    max: 65535,
  }),
  text('PENSTOCK_BIND', {
    description: 'Address that both ports listen on; on a loopback address in both families',
    default: '127.0.0.1',
    ...ADDRESS,
  }),
  text('PENSTOCK_KAFKA_BIND', {
    description: 'Address that the embedded broker listens on; unset: `PENSTOCK_BIND`',
    ...ADDRESS,
  }),
  text('PENSTOCK_HTTP_BIND', {
    description: 'Address of dashboard, API and ingest; unset: `PENSTOCK_BIND`',
    ...ADDRESS,
  }),
  text('PENSTOCK_ADVERTISED_HOST', {
    description:
      'Host that Kafka clients are told to connect to; unset: localhost on a loopback address, else the name of this machine',
    allowed: 'a host name or an address',
    pattern: /^[A-Za-z0-9.:_-]+$/,
  }),
  text('PENSTOCK_DATA_DIR', {
    description: 'Folder of everything that is kept; deleting it is a factory reset',
    default: './data',
    allowed: 'a path',
    pattern: /^[^\0]+$/,
  }),
  choice('PENSTOCK_DURABILITY', ['fsync', 'os'], {
    description:
      'When `acks=all` is answered: once the bytes are on the disk (fsync) or once the operating system has them (os)',
    default: 'fsync',
  }),
  {
    name: 'REDIS_URL',
    description:
      'Redis for batch jobs; unset: a Redis on 127.0.0.1:6379 is used, else one is started',
    default: '',
    allowed: 'redis://[user:password@]host[:port][/database], or rediss:// with TLS',
    parse: (url) => (isRedisUrl(url) ? url : undefined),
  },
  integer('PENSTOCK_REDIS_PORT', {
    description:
      'Local port on which a Redis is looked for, else started, when `REDIS_URL` is unset',
    default: '6379',
    min: 1,
    max: 65535,
  }),
  integer('PENSTOCK_WORKERS', {
    description: 'Worker processes that share the partitions of the pipelines',
    default: '1',
    min: 1,
    max: 64,
  }),
  integer('PENSTOCK_PIPELINES_MEMORY_MB', {
    description:
      'Memory that the stream processors of a worker may take, in MB; a pipeline that grows beyond it is cut off',
    default: '512',
    min: 32,
    max: 65536,
  }),
  flag('PENSTOCK_RELOAD', {
    description:
      'Whether `npm start` follows the files in `pipelines/src` and reloads the pipelines when one is saved',
    default: '1',
    allowed: '0 or 1',
  }),
  text('KAFKA_BOOTSTRAP_SERVERS', {
    description: 'Apache Kafka cluster to use instead of the embedded broker',
    allowed: 'host:port, several separated by commas',
    pattern: BOOTSTRAP_SERVERS,
  }),
  flag('PENSTOCK_DEMO', {
    description: 'Run the samples with their generators, as `npm start -- --demo` does',
    default: '0',
    allowed: '0 or 1',
  }),
  choice('PENSTOCK_LOG_LEVEL', ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    description: 'Least level that is logged',
    default: 'info',
  }),
  text('PENSTOCK_PUBLIC_URL', {
    description:
      'Address at which browsers and producers reach the HTTP port, when a proxy is in front; its path is where the proxy puts Penstock, whether or not it takes the path away',
    allowed: `http://host[:port][/path] or https://host[:port][/path], the path not below ${OWN_SEGMENTS.map((own) => `/${own}`).join(', ')}`,
    holds: isPublicUrl,
  }),
  text('PENSTOCK_ALLOWED_HOSTS', {
    description:
      'Names by which the HTTP port may be addressed (Host), besides its own; `.example.com` is that name and all below it, `*` any name',
    allowed: 'host names or addresses without a port, several separated by commas, or *',
    holds: (text) => everyElement(text, isHostPattern),
  }),
  text('PENSTOCK_CORS_ORIGINS', {
    description: 'Origins whose pages may send records to the ingest routes; `*` is any page',
    allowed: 'http(s)://host[:port] without a path, several separated by commas, or *',
    holds: (text) => everyElement(text, (element) => element === '*' || isOrigin(element)),
  }),
  text('PENSTOCK_TRUSTED_PROXIES', {
    description:
      'Addresses of proxies whose `X-Forwarded-Host`, `-Proto`, `-Port` and `-Prefix`, or `Forwarded`, are believed',
    allowed:
      'addresses, address/prefix-length, loopback, linklocal or uniquelocal, several separated by commas',
    holds: (text) => everyElement(text, isProxyRange),
  }),
  integer('PENSTOCK_INGEST_BODY_BYTES_MAX', {
    description: 'Largest request body of the ingest routes, after decompression',
    default: '16777216',
    min: 1024,
    max: 1024 ** 3,
  }),
  integer('PENSTOCK_INGEST_INFLIGHT_BYTES_MAX', {
    description: 'Bytes of ingest requests in progress above which further ones are answered 503',
    default: '134217728',
    min: 1024 ** 2,
    max: 16 * 1024 ** 3,
  }),
  flag('PENSTOCK_COERCE_REPLICATION_FACTOR', {
    description:
      'Whether the embedded broker takes any replication factor as 1; it refuses more than 1 otherwise',
    default: '0',
    allowed: '0 or 1',
  }),
];

function integer(name: string, options: IntegerOptions): Variable {
  const { min, max } = options;
  return {
    name,
    description: options.description,
    default: options.default ?? '',
    allowed: max === UNBOUNDED ? `a whole number from ${min}` : `${min} to ${max}`,
    parse: (text) => {
      const value = /^-?\d+$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

type TextOptions = VariableOptions &
  ({ readonly pattern: RegExp } | { readonly holds: (text: string) => boolean });

function text(name: string, options: TextOptions): Variable {
  const holds = 'holds' in options ? options.holds : (text: string) => options.pattern.test(text);
  return {
    name,
    description: options.description,
    default: options.default ?? '',
    allowed: options.allowed ?? 'text',
    parse: (text) => (holds(text) ? text : undefined),
  };
}

function choice(name: string, values: readonly string[], options: VariableOptions): Variable {
  return {
    name,
    description: options.description,
    default: options.default ?? '',
    allowed: values.join(', '),
    parse: (text) => (values.includes(text) ? text : undefined),
  };
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['0', false],
  ['false', false],
]);

function flag(name: string, options: VariableOptions): Variable {
  return {
    name,
    description: options.description,
    default: options.default ?? '',
    allowed: options.allowed ?? '0 or 1',
    parse: (text) => FLAGS.get(text),
  };
}

function everyElement(text: string, holds: (element: string) => boolean): boolean {
  const elements = elementsOf(text);
  return elements.length > 0 && elements.every(holds);
}
