import { createServer, type Server } from 'node:http';
import { createServer as createSocketServer, type AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from '@penstock/platform';

/** Where the application listens. */
export interface Listening {
  readonly hosts: readonly string[];
  readonly port: number;
  /** Stops accepting where the application does not do so itself. */
  close(): Promise<void>;
}

/** Events that the servers of further addresses pass on to the application's own. */
const EVENTS = ['request', 'checkContinue', 'checkExpectation', 'upgrade', 'clientError'];
/** Error codes for an address that this machine does not have. */
const NO_SUCH_ADDRESS = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);
const TRIES_MAX = 20;

/**
 * Listens on all addresses of `http`, on one port. A further address is left out if the machine
 * lacks its family.
 * @throws the socket's error when an address cannot be bound, even a further one that another
 *   program has: a client that asks for `localhost` must not reach that program
 */
export async function listen(
  app: NestFastifyApplication,
  http: Pick<Config['http'], 'hosts' | 'port'>,
): Promise<Listening> {
  const [first = '127.0.0.1', ...others] = http.hosts;
  const wanted = http.port === 0 ? await freePortOn(http.hosts) : http.port;
  await app.listen({ port: wanted, host: first, ipv6Only: true });
  const main = app.getHttpServer() as Server;
  const { port } = main.address() as AddressInfo;
  const further: Server[] = [];
  const hosts = [first];
  for (const host of others) {
    const server = serverLike(main);
    if (!(await listensOn(server, host, port))) continue;
    further.push(server);
    hosts.push(host);
  }
  return { hosts, port, close: () => closeAll(further) };
}

/** A server that passes everything on to the application's own, with the same limits. */
function serverLike(main: Server): Server {
  const { requestTimeout, headersTimeout, keepAliveTimeout, timeout } = main;
  const server = createServer();
  Object.assign(server, { requestTimeout, headersTimeout, keepAliveTimeout, timeout });
  for (const event of EVENTS) {
    if (main.listenerCount(event) === 0) continue;
    server.on(event, (...passed: unknown[]) => void main.emit(event, ...passed));
  }
  return server;
}

/** @returns whether the machine has the address */
function listensOn(
  server: ReturnType<typeof createSocketServer>,
  host: string,
  port: number,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (NO_SUCH_ADDRESS.has(String(error.code))) resolve(false);
      else reject(error);
    });
    server.listen({ host, port, ipv6Only: true }, () => resolve(true));
  });
}

/** A port that is free on all of these addresses at this moment. */
async function freePortOn(hosts: readonly string[]): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const probes = hosts.map(() => createSocketServer());
    try {
      let port = 0;
      for (const [index, host] of hosts.entries()) {
        const probe = probes[index];
        if (probe === undefined || !(await listensOn(probe, host, port))) continue;
        port = (probe.address() as AddressInfo).port;
      }
      return port;
    } catch (error) {
      if (tries === TRIES_MAX) throw error;
    } finally {
      for (const probe of probes) probe.close();
    }
  }
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeIdleConnections();
        }),
    ),
  );
}
