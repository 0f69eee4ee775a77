import type { IncomingHttpHeaders } from 'node:http';
import { OWN_SEGMENTS, parsePublicPath } from '@penstock/platform';
import proxyAddress from '@fastify/proxy-addr';
import parseForwarded from 'forwarded-parse';

/**
 * What a proxy says of the request that it received; a field is absent if the proxy does not say.
 */
export interface Forwarding {
  /** `host` or `host:port`. */
  readonly host?: string;
  /** A WebSocket's is that of the page: a proxy that says `wss` means `https`. */
  readonly protocol?: 'http' | 'https';
  readonly port?: string;
  /** `/path` that the proxy has put Penstock under. */
  readonly prefix?: string;
  /** The first header that could not be read: the request is to be refused. */
  readonly unreadable?: UnreadableHeader;
}

export interface UnreadableHeader {
  readonly header: string;
  readonly value: string;
  /** What may stand there, in words. */
  readonly allowed: string;
}

/** The parts of a request that decide whether it is accepted; Node's own requests have them. */
export interface AskingRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

const NOTHING: Forwarding = {};
const PORT_MAX = 65_535;
const SCHEMES: ReadonlyMap<string, 'http' | 'https'> = new Map([
  ['http', 'http'],
  ['https', 'https'],
  ['ws', 'http'],
  ['wss', 'https'],
]);
const ALLOWED = {
  host: 'host or host:port',
  protocol: 'http, https, ws or wss',
  port: `1 to ${PORT_MAX}`,
  prefix: `a path such as /penstock, of letters, digits and . _ ~ -, not below ${OWN_SEGMENTS.map((segment) => `/${segment}`).join(', ')}`,
  forwarded: 'name=value pairs as in RFC 7239',
};

/**
 * Reads `Forwarded` (RFC 7239), else `X-Forwarded-*`, from trusted proxies; those headers are
 * ignored from anybody else. Of several proxies the first entry counts: clients connected to that
 * proxy. A header without a value says nothing.
 */
export function forwardingReader(
  trustedProxies: readonly string[],
): (request: AskingRequest) => Forwarding {
  if (trustedProxies.length === 0) return () => NOTHING;
  const trusts = proxyAddress.compile([...trustedProxies]);
  return ({ headers, socket }) => {
    if (socket.remoteAddress === undefined || !trusts(socket.remoteAddress, 0)) return NOTHING;
    const { forwarded = '' } = headers;
    return {
      ...prefixOf(headers),
      ...(forwarded === '' ? customary(headers) : standard(forwarded)),
    };
  };
}

function standard(header: string): Forwarding {
  let entry: Record<string, string>;
  try {
    [entry = {}] = parseForwarded(header);
  } catch {
    return { unreadable: { header: 'Forwarded', value: header, allowed: ALLOWED.forwarded } };
  }
  return {
    ...protocolOf('Forwarded (proto)', entry.proto),
    ...hostOf('Forwarded (host)', entry.host),
  };
}

function customary(headers: IncomingHttpHeaders): Forwarding {
  return {
    ...portOf('X-Forwarded-Port', first(headers['x-forwarded-port'])),
    ...protocolOf('X-Forwarded-Proto', first(headers['x-forwarded-proto'])),
    ...hostOf('X-Forwarded-Host', first(headers['x-forwarded-host'])),
  };
}

function hostOf(header: string, value: string | undefined): Forwarding {
  if (value === undefined) return NOTHING;
  const isHost = /^[^/?#@\\\s]+$/.test(value) && URL.canParse(`http://${value}`);
  return isHost ? { host: value } : { unreadable: { header, value, allowed: ALLOWED.host } };
}

function protocolOf(header: string, value: string | undefined): Forwarding {
  if (value === undefined) return NOTHING;
  const protocol = SCHEMES.get(value.toLowerCase());
  return protocol === undefined
    ? { unreadable: { header, value, allowed: ALLOWED.protocol } }
    : { protocol };
}

function portOf(header: string, value: string | undefined): Forwarding {
  if (value === undefined) return NOTHING;
  const isPort = /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= PORT_MAX;
  return isPort ? { port: value } : { unreadable: { header, value, allowed: ALLOWED.port } };
}

function prefixOf(headers: IncomingHttpHeaders): Forwarding {
  const value = first(headers['x-forwarded-prefix']);
  if (value === undefined) return NOTHING;
  const prefix = parsePublicPath(value);
  return prefix === undefined
    ? { unreadable: { header: 'X-Forwarded-Prefix', value, allowed: ALLOWED.prefix } }
    : { prefix };
}

function first(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return text?.split(',', 1)[0]?.trim() || undefined;
}
