import { BlockList, isIP } from 'node:net';

/** Where the HTTP port is reached from outside. */
export interface PublicUrl {
  /** `https://host:port/path`, without a slash at the end. */
  readonly href: string;
  /** `https://host:port`, as browsers write it in Origin. */
  readonly origin: string;
  /** Name or address alone, as `new URL` writes it. */
  readonly hostname: string;
  /** `/path`, or empty when Penstock has the whole address to itself. */
  readonly path: string;
}

const PATH = /^(\/[A-Za-z0-9._~-]+)*\/?$/;
const HOST_NAME = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i;
const NAMED_RANGES = new Set(['loopback', 'linklocal', 'uniquelocal']);

export function isPublicUrl(text: string): boolean {
  return parsePublicUrl(text) !== undefined;
}

/**
 * First segments of the paths of the HTTP port's own routes. Below such a path it could not be told
 * whether the proxy took the path away: `/api/x` may be itself, or `/x` below `/api`.
 */
export const OWN_SEGMENTS = [
  'api',
  'assets',
  'docs',
  'graphql',
  'healthz',
  'ingest',
  'metrics',
  'readyz',
  'topics',
  'ui',
  'v3',
] as const;

/**
 * The path under which a proxy shows this server, without a slash at the end. Undefined for a text
 * that is no path, has `.` or `..` in it, or begins as one of our routes does.
 */
export function parsePublicPath(text: string): string | undefined {
  if (!PATH.test(text) || /\/\.\.?(\/|$)/.test(text)) return undefined;
  const [, segment] = text.toLowerCase().split('/');
  return OWN_SEGMENTS.some((own) => own === segment) ? undefined : text.replace(/\/$/, '');
}

/**
 * Undefined for a text that is no web server's address, or whose path `parsePublicPath` refuses.
 */
export function parsePublicUrl(text: string): PublicUrl | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const path = text.replace(/^https?:\/\/[^/?#]*/i, '');
  const more = url.search + url.hash + url.username + url.password;
  if (more !== '' || /[?#@]/.test(text)) return undefined;
  const plainPath = parsePublicPath(path);
  if (plainPath === undefined) return undefined;
  return {
    href: url.origin + plainPath,
    origin: url.origin,
    hostname: url.hostname,
    path: plainPath,
  };
}

/** An origin as browsers write it: scheme, host, and the port where it is not the scheme's own. */
export function isOrigin(text: string): boolean {
  return /^https?:\/\/[^/?#@]+$/i.test(text) && URL.canParse(text);
}

/** A name, an address, `.name` for a name and all below it, or `*`. */
export function isHostPattern(text: string): boolean {
  if (text === '*') return true;
  const address = text.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) !== 0 || HOST_NAME.test(text.replace(/^\./, ''));
}

/** An address, a subnet in CIDR form, or a name that `@fastify/proxy-addr` knows. */
export function isProxyRange(text: string): boolean {
  if (NAMED_RANGES.has(text)) return true;
  const [address = '', length, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (length === undefined) return true;
  if (!/^\d{1,3}$/.test(length)) return false;
  try {
    new BlockList().addSubnet(address, Number(length), family === 4 ? 'ipv4' : 'ipv6');
    return true;
  } catch {
    return false;
  }
}
