import type { IncomingHttpHeaders } from 'node:http';
import proxyAddress from '@fastify/proxy-addr';
import parseForwarded from 'forwarded-parse';

/**
 * What a proxy says of the request that it received; a field is absent if the proxy does not say.
 */
export interface Forwarding {
  /** `host` or `host:port`. */
  readonly host?: string;
  readonly protocol?: string;
  readonly port?: string;
  /** `/path` that the proxy has put Penstock under. */
  readonly prefix?: string;
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
const PREFIX = /^(\/[A-Za-z0-9._~-]+)+\/?$/;

/**
 * Reads `Forwarded` (RFC 7239), else `X-Forwarded-*`, from trusted proxies; those headers are
 * ignored from anybody else. Of several proxies the first entry counts: clients connected to that
 * proxy.
 */
export function forwardingReader(
  trustedProxies: readonly string[],
): (request: AskingRequest) => Forwarding {
  if (trustedProxies.length === 0) return () => NOTHING;
  const trusts = proxyAddress.compile([...trustedProxies]);
  return ({ headers, socket }) => {
    if (socket.remoteAddress === undefined || !trusts(socket.remoteAddress, 0)) return NOTHING;
    const prefix = first(headers['x-forwarded-prefix']);
    return {
      ...(standard(headers.forwarded) ?? customary(headers)),
      ...(prefix !== undefined && PREFIX.test(prefix) ? { prefix: prefix.replace(/\/$/, '') } : {}),
    };
  };
}

function standard(header: string | undefined): Forwarding | undefined {
  if (header === undefined) return undefined;
  try {
    const [{ host, proto } = {}] = parseForwarded(header);
    return present({ host, protocol: proto?.toLowerCase() });
  } catch {
    // The proxy is trusted but its header is malformed: it counts as empty.
    return NOTHING;
  }
}

function customary(headers: IncomingHttpHeaders): Forwarding {
  return present({
    host: first(headers['x-forwarded-host']),
    protocol: first(headers['x-forwarded-proto'])?.toLowerCase(),
    port: first(headers['x-forwarded-port']),
  });
}

function first(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return text?.split(',', 1)[0]?.trim() || undefined;
}

function present(forwarding: Record<string, string | undefined>): Forwarding {
  return Object.fromEntries(
    Object.entries(forwarding).filter(([, value]) => value !== undefined && value !== ''),
  );
}
