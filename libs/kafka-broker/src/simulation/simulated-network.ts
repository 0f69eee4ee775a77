import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Clock } from '@penstock/kafka-log';
import type { Random } from '@penstock/kafka-log/faults';
import type { Listener, ListenOptions } from '../network/server.ts';

/** One direction of a connection: bytes arrive in order, later, and cut anywhere. */
class Link {
  readonly #clock: Clock;
  readonly #random: Random;
  #arrivesAt = 0;
  readonly #onItsWay: (() => void)[] = [];

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Calls `arrive` after everything that was sent before has arrived. */
  send(arrive: () => void): void {
    const now = this.#clock.monotonicNow();
    const latency = this.#random.chance(0.05) ? this.#random.below(80) : this.#random.next() * 2;
    this.#arrivesAt = Math.max(this.#arrivesAt, now + latency);
    this.#onItsWay.push(arrive);
    this.#clock.schedule(this.#arrivesAt - now, () => this.#onItsWay.shift()!());
  }
}

/** What the broker sees of a connection: as much of a socket as it uses. */
class SimulatedSocket extends EventEmitter {
  readonly remoteAddress = '10.0.0.7';
  writableLength = 0;
  destroyed = false;
  readonly #clock: Clock;
  readonly #toClient: Link;
  readonly #onArrival: (bytes: Buffer) => void;
  readonly #onEnd: () => void;
  /** As sockets are that were paused when they were connected. */
  #isPaused = true;
  readonly #received: Buffer[] = [];

  constructor(clock: Clock, toClient: Link, onArrival: (bytes: Buffer) => void, onEnd: () => void) {
    super();
    this.#clock = clock;
    this.#toClient = toClient;
    this.#onArrival = onArrival;
    this.#onEnd = onEnd;
  }

  /** The memory is read when the bytes leave, as a kernel does: it must not change before. */
  write(chunk: Buffer, done?: () => void): boolean {
    if (this.destroyed) return false;
    this.writableLength += chunk.length;
    this.#toClient.send(() => {
      if (this.destroyed) return;
      this.writableLength -= chunk.length;
      this.#onArrival(Buffer.from(chunk));
      done?.();
      if (this.writableLength === 0) this.emit('drain');
    });
    return true;
  }

  end(): void {
    this.#toClient.send(() => this.destroy());
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#toClient.send(this.#onEnd);
    this.#clock.defer(() => this.emit('close'));
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#clock.defer(() => {
      while (!this.#isPaused && this.#received.length > 0 && !this.destroyed) {
        this.emit('data', this.#received.shift());
      }
    });
  }

  cork(): void {}
  uncork(): void {}

  /** Bytes came from the client. */
  arrived(bytes: Buffer): void {
    if (this.destroyed) return;
    if (this.#isPaused || this.#received.length > 0) this.#received.push(bytes);
    else this.emit('data', bytes);
  }

  /** The process is dead: nothing is delivered to it or taken from it. */
  vanish(): void {
    this.removeAllListeners();
    this.destroyed = true;
    this.#toClient.send(this.#onEnd);
  }
}

/** The client's end of a connection. */
export interface ClientEnd {
  send(bytes: Buffer): void;
  close(): void;
}

export interface ClientEvents {
  readonly onData: (bytes: Buffer) => void;
  readonly onClose: () => void;
}

/** Connections without sockets: they have latency, split what they carry, and break. */
export class SimulatedNetwork {
  readonly #clock: Clock;
  readonly #random: Random;
  #onConnection: ((socket: Socket) => void) | undefined;
  readonly #open = new Set<{ socket: SimulatedSocket; drop: () => void }>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** For BrokerOptions. */
  readonly listen = (options: ListenOptions): Promise<Listener> => {
    this.#onConnection = options.onConnection;
    return Promise.resolve({
      port: 9092,
      close: () => {
        this.#onConnection = undefined;
        return Promise.resolve();
      },
    });
  };

  /** Connects; undefined when nobody listens. */
  connect(events: ClientEvents): ClientEnd | undefined {
    const accept = this.#onConnection;
    if (accept === undefined) return undefined;
    const toServer = new Link(this.#clock, this.#random);
    const toClient = new Link(this.#clock, this.#random);
    let isClosed = false;
    const close = (): void => {
      if (isClosed) return;
      isClosed = true;
      this.#open.delete(entry);
      events.onClose();
    };
    const onArrival = (bytes: Buffer): void => {
      if (!isClosed) events.onData(bytes);
    };
    const socket = new SimulatedSocket(this.#clock, toClient, onArrival, close);
    const entry = { socket, drop: close };
    this.#open.add(entry);
    this.#clock.schedule(this.#random.next(), () => accept(socket as unknown as Socket));
    return {
      send: (bytes) => {
        for (const part of this.#split(bytes)) toServer.send(() => socket.arrived(part));
      },
      close: () => {
        if (isClosed) return;
        isClosed = true;
        this.#open.delete(entry);
        toServer.send(() => socket.destroy());
      },
    };
  }

  /** Breaks some of the connections. */
  breakSome(): void {
    for (const { socket } of [...this.#open]) if (this.#random.chance(0.5)) socket.destroy();
  }

  /**
   * The broker's process is dead.
   * @param isSilent the machine is too: what was on its way is lost
   */
  processDied(isSilent: boolean): void {
    this.#onConnection = undefined;
    for (const { socket, drop } of [...this.#open]) {
      socket.vanish();
      if (isSilent) drop();
    }
  }

  #split(bytes: Buffer): Buffer[] {
    if (bytes.length < 2 || this.#random.chance(0.8)) return [bytes];
    const at = 1 + this.#random.below(bytes.length - 1);
    return [bytes.subarray(0, at), bytes.subarray(at)];
  }
}
