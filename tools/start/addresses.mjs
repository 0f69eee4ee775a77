/** `host:port`, an IPv6 address in brackets. */
export function hostAndPort(host, port) {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The address at which a process of this machine reaches what listens on `bind`. */
export function localHostOf(bind) {
  return bind === '0.0.0.0' || bind === '::' || bind === 'localhost' ? '127.0.0.1' : bind;
}

/** The name by which people reach it from this machine. */
export function publicHostOf({ bind, isLoopback, hosts }) {
  const isEverywhere = bind === '0.0.0.0' || bind === '::';
  return isEverywhere || (isLoopback && hosts.length > 1) ? 'localhost' : bind;
}
