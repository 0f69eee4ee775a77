import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../random.ts';

/** What happens to bytes on their way, in either direction. Everything left out does not happen. */
export interface ProxyFaults {
  /** Latency of every piece, ms. Order is kept, as TCP does. */
  readonly delayMs?: number;
  /** Up to this much is added to `delayMs`, drawn for each piece. */
  readonly jitterMs?: number;
  /**
   * Data is cut into pieces of 1 to this many bytes, so that reads on the other side are partial.
   */
  readonly pieceBytesMax?: number;
  /** Probability that a piece is lost and both sides get a reset instead, as after an outage. */
  readonly resetProbability?: number;
  /** Nothing passes and nothing is closed: a cable that was pulled. */
  readonly isStalled?: boolean;
  /** New connections are reset at once. */
  readonly refusesConnections?: boolean;
}

export interface FaultProxyOptions {
  /** Where the broker listens; a function is asked at each connection, for brokers that move. */
  readonly upstreamPort: number | (() => number);
  readonly upstreamHost?: string;
  /** Where the proxy listens on 127.0.0.1; 0, the default, picks a free port. */
  readonly port?: number;
  readonly faults?: ProxyFaults;
  /** Which pieces are cut, delayed and reset follows from it. */
  readonly seed?: number;
}

/** How often a stalled link looks whether it may go on, ms. */
const STALL_POLL_MS = 5;

/**
 * A TCP proxy that delays, cuts and resets what passes through it. Kafka clients go on to the
 * address that the broker advertises, so a broker behind a proxy must advertise the proxy's port.
 *
 * `await using proxy = await FaultProxy.start({ upstreamPort, seed, faults: { delayMs: 20 } })`
 */
export class FaultProxy implements AsyncDisposable {
  /** May be replaced at any time; holds from the next piece on. */
  faults: ProxyFaults;
  connectionsTotal = 0;
  resetsTotal = 0;
  readonly #options: FaultProxyOptions;
  readonly #random: SeededRandom;
  readonly #server: Server;
  readonly #links = new Set<Link>();

  private constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.faults = options.faults ?? {};
    this.#random = new SeededRandom(options.seed ?? 1);
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (client) =>
      this.#accept(client),
    );
  }

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    proxy.#server.listen({ host: '127.0.0.1', port: options.port ?? 0 });
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#links.size;
  }

  /** Resets every connection that is open now, on both sides. */
  resetAll(): void {
    for (const link of this.#links) this.#reset(link);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resetAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    client.on('error', () => {});
    this.connectionsTotal += 1;
    if (this.faults.refusesConnections === true) {
      client.resetAndDestroy();
      this.resetsTotal += 1;
      return;
    }
    const { upstreamPort, upstreamHost = '127.0.0.1' } = this.#options;
    const port = typeof upstreamPort === 'function' ? upstreamPort() : upstreamPort;
    const upstream = connect({ host: upstreamHost, port, noDelay: true, allowHalfOpen: true });
    const link: Link = { sides: [client, upstream] };
    this.#links.add(link);
    upstream.on('error', () => this.#reset(link));
    for (const side of link.sides) {
      side.on('close', () => {
        if (client.closed && upstream.closed) this.#links.delete(link);
      });
    }
    void this.#pass(link, client, upstream);
    void this.#pass(link, upstream, client);
  }

  /** Passes one direction on until it ends; what cannot be passed on ends the link. */
  async #pass(link: Link, from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        for (const piece of this.#cut(chunk)) {
          await this.#hold(link);
          const { resetProbability = 0 } = this.faults;
          if (resetProbability > 0 && this.#random.chance(resetProbability)) {
            this.#reset(link);
            return;
          }
          if (!to.write(piece)) await once(to, 'drain');
        }
      }
      to.end();
    } catch {
      this.#reset(link);
    }
  }

  *#cut(chunk: Buffer): Generator<Buffer> {
    const { pieceBytesMax } = this.faults;
    if (pieceBytesMax === undefined) {
      yield chunk;
      return;
    }
    for (let at = 0; at < chunk.length;) {
      const end = at + this.#random.int(1, pieceBytesMax);
      yield chunk.subarray(at, end);
      at = end;
    }
  }

  async #hold(link: Link): Promise<void> {
    const { delayMs = 0, jitterMs = 0 } = this.faults;
    const waitMs = delayMs + (jitterMs > 0 ? this.#random.next() * jitterMs : 0);
    if (waitMs > 0) await delay(waitMs);
    while (this.faults.isStalled === true && this.#links.has(link)) await delay(STALL_POLL_MS);
  }

  #reset(link: Link): void {
    if (!this.#links.delete(link)) return;
    this.resetsTotal += 1;
    for (const side of link.sides) side.resetAndDestroy();
  }
}

interface Link {
  readonly sides: readonly [Socket, Socket];
}
