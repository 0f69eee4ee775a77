import type { Config } from '@penstock/platform';
import type { AskingRequest, Forwarding } from './forwarding.ts';

/** The path under which a proxy shows this server; empty when it has the address to itself. */
export type PublicPath = (request: AskingRequest) => string;

/** The prefix from a trusted proxy takes precedence over PENSTOCK_PUBLIC_URL. */
export function publicPathReader(
  { http }: Pick<Config, 'http'>,
  forwarding: (request: AskingRequest) => Forwarding,
): PublicPath {
  const configured = http.publicUrl?.path ?? '';
  return (request) => forwarding(request).prefix ?? configured;
}

/** The URL as this server's routes know it, whether or not the proxy has removed its path. */
export function withoutPublicPath(url: string, path: string): string {
  if (path === '' || !url.startsWith(path)) return url;
  const rest = url.slice(path.length);
  if (rest.startsWith('/')) return rest;
  return rest === '' || rest.startsWith('?') ? `/${rest}` : url;
}
