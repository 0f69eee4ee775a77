/**
 * An address on this server as the browser has to ask for it: below the page's base, which the
 * server writes, since a proxy may show it below a path.
 *
 * @param path begins with a slash
 */
export function serverUrl(path: string): URL {
  return new URL(path.slice(1), document.baseURI);
}

/** Where the dashboard begins: `/`, or `/path/` below a proxy's path. */
export function basePath(): string {
  return new URL(document.baseURI).pathname;
}

/** `http://host:port/path` for people and their programs, without a slash at the end. */
export function serverAddress(): string {
  return serverUrl('/').href.replace(/\/$/, '');
}
