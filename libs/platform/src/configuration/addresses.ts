import { hostname } from 'node:os';

/**
 * Addresses for "this machine" or "every interface", with their counterpart in the other family.
 */
const OTHER_FAMILY: Readonly<Record<string, string>> = {
  '127.0.0.1': '::1',
  '0.0.0.0': '::',
  '::1': '127.0.0.1',
  '::': '0.0.0.0',
};

/**
 * The addresses to bind for a requested one, which comes first. Programs resolve `localhost` to ::1
 * or to 127.0.0.1: both must answer.
 */
export function boundAddresses(bind: string): readonly string[] {
  const first = bind === 'localhost' ? '127.0.0.1' : bind;
  const other = OTHER_FAMILY[first];
  return other === undefined ? [first] : [first, other];
}

export function isLoopback(bind: string): boolean {
  return bind === 'localhost' || bind === '::1' || bind.startsWith('127.');
}

export function isWildcard(bind: string): boolean {
  return bind === '0.0.0.0' || bind === '::';
}

/** The name under which clients reach what listens on `bind`, when no other name is set. */
export function publicHostOf(bind: string): string {
  if (isLoopback(bind)) return 'localhost';
  return isWildcard(bind) ? hostname() : bind;
}

/** The address at which a process of this machine reaches what listens on `bind`. */
export function localHostOf(bind: string): string {
  if (isWildcard(bind) || bind === 'localhost') return '127.0.0.1';
  return bind;
}

/** `host:port`, an IPv6 address in brackets. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
