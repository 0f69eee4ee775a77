import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '@penstock/platform';

/** Why a request is turned away before it reaches a route. */
export type OriginProblem = 'unknown-host' | 'foreign-origin';

export interface OriginPolicy {
  /**
   * Host names by which this server may be addressed; undefined when it listens on the network,
   * where its names are not known.
   */
  readonly hosts: ReadonlySet<string> | undefined;
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The names under which a server on a loopback address is reached. */
export function loopbackPolicy(config: Pick<Config, 'bind' | 'kafka'>): OriginPolicy {
  const { bind, kafka } = config;
  return {
    hosts: new Set(['localhost', '127.0.0.1', '[::1]', bind, `[${bind}]`, kafka.advertisedHost]),
  };
}

/**
 * Two attacks come with a browser's help even to a server on a loopback address. A foreign name
 * that was made to resolve to it (DNS rebinding) shows in Host. A foreign page that posts to it, or
 * opens a WebSocket, shows in Origin, which the browser sets and a page cannot.
 */
export function originProblem(
  policy: OriginPolicy,
  request: { readonly method: string; readonly headers: IncomingHttpHeaders },
): OriginProblem | undefined {
  const host = request.headers.host;
  if (policy.hosts !== undefined && !policy.hosts.has(hostName(host))) return 'unknown-host';
  const { origin, upgrade } = request.headers;
  if (origin === undefined) return undefined;
  const changes = upgrade !== undefined || !SAFE_METHODS.has(request.method);
  return changes && originHost(origin) !== host ? 'foreign-origin' : undefined;
}

function hostName(host: string | undefined): string {
  return (host ?? '').replace(/:\d+$/, '').toLowerCase();
}

/** `host:port` of an origin as Host would carry it; undefined for `null` and what is none. */
function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
