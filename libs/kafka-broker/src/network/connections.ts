import type { Socket } from 'node:net';
import type { Clock, Logger } from '@penstock/kafka-log';
import type { BrokerConfigs } from '../configs/broker-configs.ts';
import type { BrokerMetrics } from '../metrics.ts';
import { ConnectionGate, parseConnectionOverrides } from './connection-gate.ts';
import { ConnectionWatch, type WatchLimits } from './connection-watch.ts';
import { Connection } from './connection.ts';
import { ReceiveMemory } from './receive-memory.ts';
import type { Client, Dispatched } from './request-dispatcher.ts';
import { Turns } from './turns.ts';

const MIB = 1024 * 1024;

/** Bounds that Apache Kafka has no setting for; see `WatchLimits`. */
export interface ConnectionBounds {
  readonly firstByteMs: number;
  readonly progressMs: number;
  readonly stalledMs: number;
  readonly unsentBytesMax: number;
  /** Requests that have not arrived as a whole; `queued.max.request.bytes` overrides it. */
  readonly requestBytesMax: number;
}

const BOUNDS: ConnectionBounds = {
  firstByteMs: 60_000,
  progressMs: 60_000,
  stalledMs: 30_000,
  unsentBytesMax: 96 * MIB,
  requestBytesMax: 256 * MIB,
};

export interface ConnectionsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly configs: BrokerConfigs;
  readonly metrics: BrokerMetrics;
  readonly dispatch: (frame: Buffer, client: Client) => Dispatched;
  readonly bounds?: Partial<ConnectionBounds>;
}

/** All connections of a broker, and what they share: places, memory, the event loop. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open = new Set<Connection>();
  readonly #gate: ConnectionGate<Socket>;
  readonly #watch: ConnectionWatch;
  readonly #memory: ReceiveMemory;
  readonly #turns: Turns;
  #isClosing = false;
  #onAllClosed: (() => void) | undefined;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    const { clock, logger, configs, metrics } = options;
    const { requestBytesMax, ...bounds } = { ...BOUNDS, ...options.bounds };
    const queuedBytesMax = configs.number('queued.max.request.bytes');
    this.#memory = new ReceiveMemory(queuedBytesMax > 0 ? queuedBytesMax : requestBytesMax, () => {
      for (const connection of this.#open) connection.retarget();
    });
    this.#turns = new Turns(clock);
    this.#gate = new ConnectionGate({
      clock,
      logger,
      settings: gateSettings(configs),
      onAdmitted: (socket, address) => this.#add(socket, address),
      onRefused: () => {
        metrics.connectionsRefusedTotal += 1;
      },
    });
    this.#watch = new ConnectionWatch({
      clock,
      logger,
      limits: { idleMs: configs.number('connections.max.idle.ms'), ...bounds } as WatchLimits,
      connections: this.#open,
      onLook: () => this.#memory.wakeWaiting(),
    });
  }

  /** Memory of requests that have not been taken up, bytes. */
  get requestBytes(): number {
    return this.#memory.heldBytes;
  }

  /** Takes an accepted socket that does not read yet. */
  accept(socket: Socket): void {
    // Until it is a connection nobody else listens.
    socket.on('error', () => {});
    if (this.#isClosing) socket.destroy();
    else this.#gate.offer(socket);
  }

  /** Takes up nothing more, answers what was taken up, closes all; by force after `forcedAfterMs`. */
  async close(forcedAfterMs: number): Promise<void> {
    this.#isClosing = true;
    this.#gate.close();
    for (const connection of this.#open) connection.end();
    if (this.#open.size > 0) {
      await new Promise<void>((resolve) => {
        // Parked joins, and clients that do not read, would hold their connections open.
        const forced = this.#options.clock.schedule(forcedAfterMs, () => {
          for (const connection of this.#open) connection.close('the broker stops');
        });
        this.#onAllClosed = () => {
          forced.cancel();
          resolve();
        };
      });
    }
    this.#watch.stop();
  }

  #add(socket: Socket, address: string): void {
    const { configs, dispatch, logger, metrics } = this.#options;
    metrics.connections += 1;
    metrics.connectionsTotal += 1;
    this.#watch.start();
    const connection = new Connection(socket, {
      dispatch,
      logger,
      address,
      requestBytesMax: configs.number('socket.request.max.bytes'),
      memory: this.#memory,
      turns: this.#turns,
      now: () => this.#watch.now,
      onSent: (bytes) => {
        metrics.bytesOutTotal += bytes;
      },
      onMalformed: () => {
        metrics.malformedRequestsTotal += 1;
      },
      onClosed: (closed) => {
        metrics.connections -= 1;
        this.#open.delete(closed);
        if (!this.#isClosing) this.#gate.leave(address);
        if (this.#open.size === 0) this.#onAllClosed?.();
      },
    });
    this.#open.add(connection);
  }
}

function gateSettings(configs: BrokerConfigs) {
  const limit = (name: string) => (configs.value(name) === null ? Infinity : configs.number(name));
  return {
    connectionsMax: () => limit('max.connections'),
    connectionsPerAddressMax: (address: string) => {
      const overrides = parseConnectionOverrides(
        configs.value('max.connections.per.ip.overrides') ?? '',
      );
      return overrides?.get(address) ?? limit('max.connections.per.ip');
    },
    creationRateMax: () => limit('max.connection.creation.rate'),
  };
}
