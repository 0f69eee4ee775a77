import type { Clock, Logger, Timer } from '@penstock/kafka-log';

/** The part of a socket that is of interest before it is a connection. */
export interface Candidate {
  readonly remoteAddress?: string | undefined;
  readonly destroyed: boolean;
  destroy(): void;
}

export interface GateSettings {
  /** `max.connections` */
  readonly connectionsMax: () => number;
  /** `max.connections.per.ip` with its overrides. */
  readonly connectionsPerAddressMax: (address: string) => number;
  /** `max.connection.creation.rate`, per second. */
  readonly creationRateMax: () => number;
}

export interface GateOptions<C extends Candidate> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: GateSettings;
  readonly onAdmitted: (candidate: C, address: string) => void;
  readonly onRefused: (candidate: C) => void;
  /** It was closed from outside while it waited. */
  readonly onGone?: (candidate: C) => void;
}

/** Sockets that wait for a place, as many as a listen queue holds. */
const WAITING_MAX = 511;
/** One line of log per reason in this time, ms. */
const LOG_INTERVAL_MS = 10_000;

/**
 * Decides which sockets become connections, as Kafka's `SocketServer` and `ConnectionQuotas`:
 *
 * - More than `max.connections.per.ip` from one address: closed at once.
 * - At `max.connections`, and above `max.connection.creation.rate`: the socket waits, not read
 *   from, until another connection ends or its time has come. Kafka stops accepting instead; a
 *   client sees the same, until more wait than a listen queue holds: those are closed.
 */
export class ConnectionGate<C extends Candidate> {
  readonly #options: GateOptions<C>;
  readonly #perAddress = new Map<string, number>();
  readonly #loggedAt = new Map<string, number>();
  #waiting: C[] = [];
  #admitted = 0;
  /** Connections that may be made before the rate holds them back; full at first. */
  #allowance = Infinity;
  #allowanceAt: number;
  #timer: Timer | undefined;

  constructor(options: GateOptions<C>) {
    this.#options = options;
    this.#allowanceAt = options.clock.monotonicNow();
  }

  /** Sockets that wait for a place. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes a socket that has just been accepted and is not read from yet. */
  offer(candidate: C): void {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#refuse(candidate, `${WAITING_MAX} connections wait for a place already`);
      return;
    }
    this.#waiting.push(candidate);
    this.#admitWaiting();
  }

  /** A connection that was admitted has ended. */
  leave(address: string): void {
    this.#admitted -= 1;
    const count = this.#perAddress.get(address) ?? 0;
    if (count <= 1) this.#perAddress.delete(address);
    else this.#perAddress.set(address, count - 1);
    this.#admitWaiting();
  }

  /** Closes those that wait. */
  close(): void {
    this.#timer?.cancel();
    for (const candidate of this.#waiting.splice(0)) candidate.destroy();
  }

  #admitWaiting(): void {
    while (this.#waiting.length > 0) {
      if (this.#admitted >= this.#options.settings.connectionsMax()) {
        this.#log('max.connections', 'connections wait: max.connections is reached');
        return;
      }
      if (!this.#hasAllowance()) return;
      const candidate = this.#waiting.shift()!;
      if (candidate.destroyed) {
        this.#options.onGone?.(candidate);
        continue;
      }
      this.#admit(candidate);
    }
  }

  #admit(candidate: C): void {
    const address = addressOf(candidate);
    const count = this.#perAddress.get(address) ?? 0;
    if (count >= this.#options.settings.connectionsPerAddressMax(address)) {
      this.#refuse(candidate, `max.connections.per.ip is reached for ${address}`);
      return;
    }
    this.#allowance -= 1;
    this.#admitted += 1;
    this.#perAddress.set(address, count + 1);
    this.#options.onAdmitted(candidate, address);
  }

  /** A bucket that fills at the rate and holds one second of it. */
  #hasAllowance(): boolean {
    const { clock, settings } = this.#options;
    const rate = settings.creationRateMax();
    if (rate === Infinity) return true;
    const now = clock.monotonicNow();
    const gained = ((now - this.#allowanceAt) / 1000) * rate;
    this.#allowance = Math.min(Math.max(rate, 1), this.#allowance + gained);
    this.#allowanceAt = now;
    if (this.#allowance >= 1) return true;
    this.#timer?.cancel();
    const waitMs = Math.ceil(((1 - this.#allowance) / Math.max(rate, Number.EPSILON)) * 1000);
    this.#timer = clock.schedule(waitMs, () => this.#admitWaiting());
    return false;
  }

  #refuse(candidate: C, reason: string): void {
    candidate.destroy();
    this.#options.onRefused(candidate);
    this.#log(reason, `connection refused: ${reason}`);
  }

  /** Says it once in a while only: whoever is refused comes again at once. */
  #log(reason: string, message: string): void {
    const now = this.#options.clock.monotonicNow();
    const last = this.#loggedAt.get(reason);
    if (last !== undefined && now - last < LOG_INTERVAL_MS) return;
    // A log line per address would let clients fill this map.
    if (this.#loggedAt.size >= 1000) this.#loggedAt.clear();
    this.#loggedAt.set(reason, now);
    const { length: waiting } = this.#waiting;
    this.#options.logger.warn({ connections: this.#admitted, waiting }, message);
  }
}

/** IPv4 addresses that came in by an IPv6 socket are written as IPv4. */
function addressOf(candidate: Candidate): string {
  return candidate.remoteAddress?.replace(/^::ffff:/, '') ?? '';
}

/**
 * Reads `max.connections.per.ip.overrides`, a list of `address:count`; an IPv6 address may stand in
 * brackets.
 * @returns undefined for a text that is none
 */
export function parseConnectionOverrides(text: string): ReadonlyMap<string, number> | undefined {
  const overrides = new Map<string, number>();
  for (const part of text.split(',').map((each) => each.trim())) {
    if (part === '') continue;
    const match = /^\[?([^\]]+)\]?:(\d+)$/.exec(part);
    if (!match) return undefined;
    const [, address, count] = match;
    if (address === 'localhost') {
      overrides.set('127.0.0.1', Number(count)).set('::1', Number(count));
    } else overrides.set(address!, Number(count));
  }
  return overrides;
}
