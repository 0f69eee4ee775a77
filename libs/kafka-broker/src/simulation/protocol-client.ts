import {
  decodeResponse,
  encodeRequest,
  FrameSplitter,
  type ApiKey,
  type RequestInputOf,
  type ResponseOf,
} from '@penstock/kafka-protocol';
import type { Clock } from '@penstock/kafka-log';
import { Violation } from '@penstock/kafka-log/faults';
import type { ClientEnd, SimulatedNetwork } from './simulated-network.ts';

/** The connection broke, or an answer did not come in time: nobody knows what has happened. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

interface Waiting {
  readonly correlationId: number;
  readonly resolve: (frame: Buffer) => void;
  readonly reject: (error: Error) => void;
}

const FRAME_BYTES_MAX = 64 * 1024 * 1024;

/** A client's connection that speaks the protocol; several requests may be on their way. */
export class ProtocolClient {
  readonly #clock: Clock;
  readonly #end: ClientEnd | undefined;
  readonly #fail: (error: unknown) => void;
  readonly #splitter = new FrameSplitter(FRAME_BYTES_MAX);
  #waiting: Waiting[] = [];
  #correlationId = 0;
  #isOpen: boolean;

  /** @param fail gets what only the broker can have done wrong */
  constructor(network: SimulatedNetwork, clock: Clock, fail: (error: unknown) => void) {
    this.#clock = clock;
    this.#fail = fail;
    this.#end = network.connect({
      onData: (bytes) => this.#take(bytes),
      onClose: () => this.#closed('the connection broke'),
    });
    this.#isOpen = this.#end !== undefined;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  close(): void {
    this.#end?.close();
    this.#closed('the client closed the connection');
  }

  /** Sends a request that has no answer. */
  post<K extends ApiKey>(apiKey: K, version: number, body: RequestInputOf<K>): void {
    const header = { correlationId: ++this.#correlationId, clientId: 'simulated' };
    if (this.#isOpen) {
      this.#end?.send(Buffer.concat(encodeRequest(apiKey, version, header, body)));
    }
  }

  /** @throws Unanswered */
  async request<K extends ApiKey>(
    apiKey: K,
    version: number,
    body: RequestInputOf<K>,
    timeoutMs = 3000,
  ): Promise<ResponseOf<K>> {
    if (!this.#isOpen) throw new Unanswered('not connected');
    this.post(apiKey, version, body);
    const correlationId = this.#correlationId;
    const timer = this.#clock.schedule(timeoutMs, () => this.close());
    try {
      const frame = await new Promise<Buffer>((resolve, reject) => {
        this.#waiting.push({ correlationId, resolve, reject });
      });
      return decodeResponse(apiKey, version, frame).body;
    } finally {
      timer.cancel();
    }
  }

  #take(bytes: Buffer): void {
    for (const frame of this.#splitter.push(bytes)) {
      const waiting = this.#waiting.shift();
      const correlationId = frame.readInt32BE(0);
      if (waiting === undefined || waiting.correlationId !== correlationId) {
        const wanted = waiting?.correlationId ?? 'none';
        this.#fail(new Violation(`answer ${correlationId} came, expected was ${wanted}`));
        return;
      }
      waiting.resolve(Buffer.from(frame));
    }
  }

  #closed(reason: string): void {
    if (!this.#isOpen && this.#waiting.length === 0) return;
    this.#isOpen = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(new Unanswered(reason));
  }
}
