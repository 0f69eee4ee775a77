/** What a REDIS_URL says, without its secrets. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  /** `host:port`, for people. */
  readonly address: string;
  /** Whether it is on this machine. */
  readonly isLocal: boolean;
}

const PORT_DEFAULT = 6379;
/** What Redis can be set to have at most: its setting `databases` is an int. */
const DATABASE_MAX = 2 ** 31 - 1;

/** @throws TypeError for what `isRedisUrl` refuses */
export function parseRedisUrl(text: string): RedisAddress {
  const parsed = tryParse(text);
  if (parsed === undefined) throw new TypeError('this is no Redis URL');
  return parsed;
}

/** Whether a text is `redis://[user:password@]host[:port][/database]`, or the same with rediss. */
export function isRedisUrl(text: string): boolean {
  return tryParse(text) !== undefined;
}

function tryParse(text: string): RedisAddress | undefined {
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  const { hostname, port, pathname, search, hash } = new URL(text);
  const database = /^\/?$/.test(pathname) ? '0' : /^\/(\d{1,10})$/.exec(pathname)?.[1];
  if (hostname === '' || database === undefined || Number(database) > DATABASE_MAX) {
    return undefined;
  }
  if (search !== '' || hash !== '' || port === '0') return undefined;
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return {
    host,
    port: port === '' ? PORT_DEFAULT : Number(port),
    database: Number(database),
    address: `${hostname}:${port === '' ? PORT_DEFAULT : port}`,
    isLocal: host === 'localhost' || host === '::1' || host.startsWith('127.'),
  };
}
