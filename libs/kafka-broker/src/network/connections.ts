import type { Socket } from 'node:net';
import type { Clock, Logger } from '@penstock/kafka-log';
import type { BrokerConfigs } from '../configs/broker-configs.ts';
import type { BrokerMetrics } from '../metrics.ts';
import {
  ConnectionGate,
  parseConnectionOverrides,
  type Candidate,
  type GateSettings,
} from './connection-gate.ts';
import { ConnectionWatch, type WatchLimits } from './connection-watch.ts';
import { Connection } from './connection.ts';
import type { OpenListener } from './listeners.ts';
import { ReceiveMemory } from './receive-memory.ts';
import type { Client, Dispatched } from './request-dispatcher.ts';
import { EventLoopBudget } from './event-loop-budget.ts';

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
  readonly #clients: ConnectionGate<AcceptedSocket>;
  /** Before `#clients`, one for each listener of clients. */
  readonly #ofListeners = new Map<OpenListener, ConnectionGate<AcceptedSocket>>();
  readonly #ownProcesses: ConnectionGate<AcceptedSocket>;
  readonly #watch: ConnectionWatch;
  readonly #memory: ReceiveMemory;
  readonly #eventLoop: EventLoopBudget;
  #isClosing = false;
  #onAllClosed: (() => void) | undefined;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    const { clock, logger, configs } = options;
    const { requestBytesMax, ...bounds } = { ...BOUNDS, ...options.bounds };
    const queuedBytesMax = configs.number('queued.max.request.bytes');
    this.#memory = new ReceiveMemory(queuedBytesMax > 0 ? queuedBytesMax : requestBytesMax, () => {
      for (const connection of this.#open) connection.retarget();
    });
    this.#eventLoop = new EventLoopBudget(clock);
    const onAdmitted = this.#add.bind(this);
    this.#clients = this.#gate(clientLimits(configs), onAdmitted);
    this.#ownProcesses = this.#gate(OWN_LIMITS, onAdmitted);
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
  accept(socket: Socket, listener: OpenListener): void {
    // Nothing else handles errors of the socket until it becomes a connection.
    socket.on('error', () => {});
    if (this.#isClosing) socket.destroy();
    else this.#gateOf(listener).offer(new AcceptedSocket(socket, listener));
  }

  #gateOf(listener: OpenListener): ConnectionGate<AcceptedSocket> {
    if (listener.isInternal) return this.#ownProcesses;
    let gate = this.#ofListeners.get(listener);
    if (gate === undefined) {
      const limits = listenerLimits(this.#options.configs, listener.name);
      gate = this.#gate(limits, (accepted, address) => {
        accepted.leaveListener = () => gate?.leave(address);
        this.#clients.offer(accepted);
      });
      this.#ofListeners.set(listener, gate);
    }
    return gate;
  }

  #gate(
    settings: GateSettings,
    onAdmitted: (accepted: AcceptedSocket, address: string) => void,
  ): ConnectionGate<AcceptedSocket> {
    const { clock, logger, metrics } = this.#options;
    return new ConnectionGate({
      ...{ clock, logger, settings, onAdmitted },
      onRefused: (accepted) => {
        metrics.connectionsRefusedTotal += 1;
        accepted.leaveListener();
      },
      onGone: (accepted) => accepted.leaveListener(),
    });
  }

  /**
   * Takes up nothing more, answers what was taken up, closes all; by force after `forcedAfterMs`.
   */
  async close(forcedAfterMs: number): Promise<void> {
    this.#isClosing = true;
    for (const gate of [...this.#ofListeners.values(), this.#clients, this.#ownProcesses]) {
      gate.close();
    }
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

  #add(accepted: AcceptedSocket, address: string): void {
    const { socket, listener } = accepted;
    const { configs, dispatch, logger, metrics } = this.#options;
    metrics.connections += 1;
    metrics.connectionsTotal += 1;
    this.#watch.start();
    const connection = new Connection(socket, {
      dispatch,
      logger,
      address,
      advertised: listener.advertised,
      requestBytesMax: configs.number('socket.request.max.bytes'),
      memory: this.#memory,
      eventLoop: this.#eventLoop,
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
        const gate = listener.isInternal ? this.#ownProcesses : this.#clients;
        if (!this.#isClosing) {
          gate.leave(address);
          accepted.leaveListener();
        }
        if (this.#open.size === 0) this.#onAllClosed?.();
      },
    });
    this.#open.add(connection);
  }
}

/** A socket that was accepted and is no connection yet. */
class AcceptedSocket implements Candidate {
  readonly socket: Socket;
  readonly listener: OpenListener;
  /** Gives back the place that its listener gave it, if it has one. */
  leaveListener = (): void => {};

  constructor(socket: Socket, listener: OpenListener) {
    this.socket = socket;
    this.listener = listener;
  }

  get remoteAddress(): string | undefined {
    return this.socket.remoteAddress;
  }

  get destroyed(): boolean {
    return this.socket.destroyed;
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Of the product's own processes: far more than they need, and no client takes their places. */
const OWN_LIMITS: GateSettings = {
  connectionsMax: () => 1024,
  connectionsPerAddressMax: () => Infinity,
  creationRateMax: () => Infinity,
};

/**
 * `listener.name.<name>.max.connections` and `.max.connection.creation.rate` (KIP-402, KIP-612).
 */
function listenerLimits(configs: BrokerConfigs, name: string): GateSettings {
  const prefix = `listener.name.${name.toLowerCase()}.`;
  return {
    connectionsMax: () => limitOf(configs, `${prefix}max.connections`),
    connectionsPerAddressMax: () => Infinity,
    creationRateMax: () => limitOf(configs, `${prefix}max.connection.creation.rate`),
  };
}

function limitOf(configs: BrokerConfigs, name: string): number {
  return configs.value(name) === null ? Infinity : configs.number(name);
}

function clientLimits(configs: BrokerConfigs): GateSettings {
  const limit = (name: string) => limitOf(configs, name);
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
