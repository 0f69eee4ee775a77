import type { Socket } from 'node:net';
import type { Clock, Logger } from '@penstock/kafka-log';
import type { Listener, ListenOptions } from './server.ts';

/** What clients are told to connect to. */
export interface AdvertisedAddress {
  readonly host: string;
  readonly port: number;
}

/** Where clients come in, and what those who come in there are told. */
export interface ListenerOptions {
  /** As in Kafka's `listeners`, for instance `PLAINTEXT`. */
  readonly name: string;
  /** See `ListenOptions.hosts`. */
  readonly hosts: readonly string[];
  /** 0 picks a free port. */
  readonly port: number;
  /** Taken instead of any free port when it is free itself: the one of the last run. */
  readonly preferredPort?: number | undefined;
  readonly advertisedHost: string;
  /** The port listened on unless it is given. */
  readonly advertisedPort?: number | undefined;
  /** For the product's own processes: limits on clients' connections do not count here. */
  readonly isInternal?: boolean;
}

/** A listener that is listened on. */
export interface OpenListener {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly port: number;
  readonly advertised: AdvertisedAddress;
  readonly isInternal: boolean;
}

export interface OpenOptions {
  readonly listen: (options: ListenOptions) => Promise<Listener>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly onConnection: (socket: Socket, listener: OpenListener) => void;
}

/** The listeners of a broker. */
export class Listeners {
  readonly #servers: Listener[] = [];
  readonly #open: OpenListener[] = [];

  private constructor() {}

  /** @throws the socket's error for the first listener that cannot be opened; none is open then */
  static async open(wanted: readonly ListenerOptions[], options: OpenOptions): Promise<Listeners> {
    const listeners = new Listeners();
    try {
      for (const each of wanted) await listeners.#add(each, options);
    } catch (error) {
      await listeners.close();
      throw error;
    }
    return listeners;
  }

  /** In the order in which they were given. */
  get all(): readonly OpenListener[] {
    return this.#open;
  }

  /** Stops accepting. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
  }

  async #add(wanted: ListenerOptions, options: OpenOptions): Promise<void> {
    const { listen, logger, clock, onConnection } = options;
    const opened: OpenListener[] = [];
    const attempt = (port: number) =>
      listen({
        ...{ hosts: wanted.hosts, port, logger, clock },
        onConnection: (socket) => {
          const [listener] = opened;
          if (listener === undefined) socket.destroy();
          else onConnection(socket, listener);
        },
      });
    const server = await onPreferredPort(wanted, attempt);
    const { name, hosts, advertisedHost, advertisedPort, isInternal = false } = wanted;
    const advertised = { host: advertisedHost, port: advertisedPort ?? server.port };
    opened.push({ name, hosts, port: server.port, advertised, isInternal });
    this.#servers.push(server);
    this.#open.push(...opened);
  }
}

async function onPreferredPort(
  { port, preferredPort }: ListenerOptions,
  attempt: (port: number) => Promise<Listener>,
): Promise<Listener> {
  if (port !== 0 || preferredPort === undefined) return attempt(port);
  try {
    return await attempt(preferredPort);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return attempt(0);
  }
}

/** As Kafka writes them in `listeners`: `NAME://host:port`, with commas. */
export function listenerUrls(
  listeners: readonly OpenListener[],
  addressOf: (listener: OpenListener) => AdvertisedAddress,
): string {
  return listeners
    .map((listener) => {
      const { host, port } = addressOf(listener);
      return `${listener.name}://${host.includes(':') ? `[${host}]` : host}:${port}`;
    })
    .join(',');
}
