import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { RepeatedWarning, type Clock, type Logger } from '@penstock/kafka-log';

export interface ListenOptions {
  /** Address to bind; the IPv4 or IPv6 loopback or wildcard stands for both families. */
  host: string;
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

/** Addresses that stand for "this machine" or "every interface" in the other family. */
const OTHER_FAMILY: Readonly<Record<string, string>> = {
  '127.0.0.1': '::1',
  '0.0.0.0': '::',
  '::1': '127.0.0.1',
  '::': '0.0.0.0',
};

/**
 * Listens in both address families: clients that resolve `localhost` to `::1` first must not wait
 * for a refusal. A machine without the second family is served in the first alone.
 */
export class BrokerServer implements Listener {
  readonly #servers: Server[];
  readonly port: number;

  private constructor(servers: Server[], port: number) {
    this.#servers = servers;
    this.port = port;
  }

  /** @throws the socket's error (EADDRINUSE, EACCES, …) when the given address cannot be bound */
  static async listen(options: ListenOptions): Promise<BrokerServer> {
    const host = options.host === 'localhost' ? '127.0.0.1' : options.host;
    const first = await listenOn(host, options.port, options);
    const { port } = first.address() as AddressInfo;
    const servers = [first];
    const other = OTHER_FAMILY[host];
    if (other !== undefined) {
      try {
        servers.push(await listenOn(other, port, options));
      } catch (error) {
        options.logger.info({ host: other, reason: String(error) }, 'listening in one family only');
      }
    }
    return new BrokerServer(servers, port);
  }

  /** Stops accepting. Connections are their owner's to close. */
  async close(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    );
  }
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
