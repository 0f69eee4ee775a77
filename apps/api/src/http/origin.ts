import type { Config } from '@penstock/platform';
import {
  forwardingReader,
  type AskingRequest,
  type Forwarding,
  type UnreadableHeader,
} from './forwarding.ts';

/** Why a request is turned away before it reaches a route. */
export type Refusal =
  | { readonly kind: 'no-host' }
  | ({ readonly kind: 'unreadable-forwarding' } & UnreadableHeader)
  | { readonly kind: 'unknown-host'; readonly host: string }
  | { readonly kind: 'foreign-origin'; readonly origin: string; readonly host: string };

export interface OriginPolicy {
  /**
   * Names and addresses by which this server may be addressed, in the form of
   * PENSTOCK_ALLOWED_HOSTS; undefined when any is allowed, because the names of a server on the
   * network are not known.
   */
  readonly hosts: readonly string[] | undefined;
  /** The origin of PENSTOCK_PUBLIC_URL. */
  readonly publicOrigin: string | undefined;
  /** Origins whose pages may use the ingest routes. */
  readonly corsOrigins: readonly string[];
  readonly forwarding: (request: AskingRequest) => Forwarding;
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const INGEST_PATH = /^\/(ingest|topics|v3)(\/|\?|$)/;

export function originPolicy(config: Pick<Config, 'kafka' | 'http'>) {
  const { http } = config;
  return {
    hosts: knownHosts(config),
    publicOrigin: http.publicUrl?.origin,
    corsOrigins: http.corsOrigins,
    forwarding: forwardingReader(http.trustedProxies),
  } satisfies OriginPolicy;
}

/** On the network any name is allowed unless PENSTOCK_ALLOWED_HOSTS is set. */
function knownHosts(config: Pick<Config, 'kafka' | 'http'>): readonly string[] | undefined {
  const { kafka, http } = config;
  const { bind, isLoopback } = http;
  if (http.allowedHosts.includes('*')) return undefined;
  if (!isLoopback && http.allowedHosts.length === 0) return undefined;
  const advertised = kafka.listeners.map(({ advertisedHost }) => advertisedHost);
  const own = ['localhost', '127.0.0.1', '[::1]', bind, `[${bind}]`, ...advertised];
  const given = http.allowedHosts.flatMap((host) => (host.includes(':') ? [`[${host}]`] : [host]));
  return [...own, http.publicUrl?.hostname ?? bind, ...given].map((host) => host.toLowerCase());
}

/**
 * A browser can be used for two attacks even on a server at a loopback address. A foreign name that
 * was made to resolve to it (DNS rebinding) shows in Host. A foreign page that posts to it, or
 * opens a WebSocket, shows in Origin, which the browser sets and a page cannot.
 *
 * A page under a rebound name can set `X-Forwarded-Host`, and a browser on a proxy's machine comes
 * from the proxy's address: so both names have to be known, the one in Host and the forwarded one.
 * A request without Host (HTTP/1.0, as some probes are) comes from no browser.
 */
export function refusalOf(policy: OriginPolicy, request: AskingRequest): Refusal | undefined {
  const { host, origin } = request.headers;
  if (host === undefined && request.httpVersion !== '1.0') return { kind: 'no-host' };
  const forwarding = policy.forwarding(request);
  if (forwarding.unreadable !== undefined) {
    return { kind: 'unreadable-forwarding', ...forwarding.unreadable };
  }
  for (const name of [host, forwarding.host]) {
    if (name !== undefined && !isKnownHost(policy.hosts, name)) {
      return { kind: 'unknown-host', host: name };
    }
  }
  if (origin === undefined || !mayChange(request)) return undefined;
  if (isOwnOrigin(policy, request, forwarding)) return undefined;
  if (isIngestPath(request.url) && isCorsOrigin(policy, origin)) return undefined;
  return { kind: 'foreign-origin', origin, host: host ?? '' };
}

/** Whether pages of other origins may use a path, if they are listed. */
export function isIngestPath(url: string | undefined): boolean {
  return INGEST_PATH.test(url ?? '');
}

/** Whether a request is a browser's CORS preflight. */
export function isPreflight({ method, headers }: AskingRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function mayChange(request: AskingRequest): boolean {
  const isSafe = SAFE_METHODS.has(request.method ?? 'GET') && !isPreflight(request);
  return !isSafe || request.headers.upgrade !== undefined;
}

function isKnownHost(hosts: readonly string[] | undefined, header: string): boolean {
  if (hosts === undefined) return true;
  const name = header.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();
  return hosts.some((host) =>
    host.startsWith('.') ? name === host.slice(1) || name.endsWith(host) : name === host,
  );
}

function isCorsOrigin({ corsOrigins }: OriginPolicy, origin: string): boolean {
  return corsOrigins.includes('*') || corsOrigins.includes(origin);
}

/**
 * An origin is the server's own when it is that of PENSTOCK_PUBLIC_URL, or of the requested
 * address. The scheme is compared only if a proxy has given it.
 */
function isOwnOrigin(
  policy: OriginPolicy,
  { headers }: AskingRequest,
  { host, port, protocol }: Forwarding,
): boolean {
  const origin = headers.origin ?? '';
  if (!URL.canParse(origin)) return false;
  if (origin === policy.publicOrigin) return true;
  const scheme = new URL(origin).protocol;
  if (protocol !== undefined && scheme !== `${protocol}:`) return false;
  return [headers.host, host].some(
    (name) =>
      name !== undefined &&
      (originOf(scheme, name) === origin ||
        (port !== undefined && originOf(scheme, `${withoutPort(name)}:${port}`) === origin)),
  );
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '');
}

function originOf(scheme: string, host: string): string | undefined {
  const text = `${scheme}//${host}`;
  return URL.canParse(text) ? new URL(text).origin : undefined;
}
