import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { RepeatedWarning, type Clock, type Logger } from '@penstock/kafka-log';

export interface ListenOptions {
  /**
   * Addresses to bind, all on one port. The first has to be one of this machine; the others are
   * the same in other address families, which a machine may not have.
   */
  hosts: readonly string[];
  /** 0 picks a free port. */
  port: number;
  /** Gets sockets that do not read yet. */
  onConnection: (socket: Socket) => void;
  logger: Logger;
  clock: Clock;
}

/** What accepts connections for a broker. */
export interface Listener {
  readonly port: number;
  /** Stops accepting. */
  close(): Promise<void>;
}

/** Tries to find a port that is free on all addresses. */
const TRIES_MAX = 20;
/** What the system says when it does not have an address at all. */
const NO_SUCH_ADDRESS = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** Listens by TCP. */
export class BrokerServer implements Listener {
  readonly #servers: Server[];
  readonly port: number;

  private constructor(servers: Server[], port: number) {
    this.#servers = servers;
    this.port = port;
  }

  /**
   * @throws the socket's error (EADDRINUSE, EACCES, …) when an address cannot be bound. One that
   *   another program has is not left out: who connects to `localhost` must not reach that program.
   */
  static async listen(options: ListenOptions): Promise<BrokerServer> {
    const isFree = options.port === 0;
    for (let tries = 1; ; tries += 1) {
      try {
        return await BrokerServer.#listenOnAll(options);
      } catch (error) {
        // The free port of one address may be in use on the other.
        if (!isFree || codeOf(error) !== 'EADDRINUSE' || tries === TRIES_MAX) throw error;
      }
    }
  }

  static async #listenOnAll(options: ListenOptions): Promise<BrokerServer> {
    const { hosts, logger } = options;
    const servers: Server[] = [];
    let { port } = options;
    for (const host of hosts) {
      try {
        const server = await listenOn(host, port, options);
        servers.push(server);
        port = (server.address() as AddressInfo).port;
      } catch (error) {
        if (servers.length > 0 && NO_SUCH_ADDRESS.has(codeOf(error))) {
          logger.info({ host, reason: String(error) }, 'not listening on this address');
          continue;
        }
        await closeAll(servers);
        throw error;
      }
    }
    return new BrokerServer(servers, port);
  }

  /** Stops accepting. Connections are their owner's to close. */
  close(): Promise<void> {
    return closeAll(this.#servers);
  }
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
  );
}

function listenOn(host: string, port: number, options: ListenOptions): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(
      { noDelay: true, keepAlive: true, pauseOnConnect: true, allowHalfOpen: true },
      options.onConnection,
    );
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: true, backlog: 511 }, () => {
      server.removeListener('error', reject);
      // Out of descriptors it fails for every client that waits, over and over.
      const { logger, clock } = options;
      const warning = new RepeatedWarning(logger, 'connections cannot be accepted', clock);
      server.on('error', (error) => warning.note({ err: error }));
      resolve(server);
    });
  });
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code);
}
