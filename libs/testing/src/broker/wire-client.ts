import {
  decodeResponse,
  encodeRequest,
  FrameSplitter,
  type ApiKey,
  type RequestInputOf,
  type ResponseOf,
} from '@penstock/kafka-protocol';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const FRAME_BYTES_MAX = 256 * 1024 * 1024;

/**
 * A client that speaks the protocol request by request, for tests of what libraries do not do:
 * pipelining, odd versions, broken bytes. Answers are matched by their order.
 */
export class WireClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter(FRAME_BYTES_MAX);
  readonly #waiting: {
    resolve: (frame: Buffer) => void;
    reject: (error: Error) => void;
  }[] = [];
  #correlationId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      for (const frame of this.#splitter.push(chunk)) this.#waiting.shift()?.resolve(frame);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('connection closed'));
    });
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<WireClient> {
    const socket = connect({ port, host, noDelay: true });
    await once(socket, 'connect');
    return new WireClient(socket);
  }

  /** True once the broker has closed the connection. */
  get isClosed(): boolean {
    return this.#socket.closed;
  }

  /**
   * Resolves when the broker has closed the connection; also by a reset, which it becomes when
   * bytes were on their way to the broker.
   */
  closed(): Promise<void> {
    if (this.#socket.closed) return Promise.resolve();
    return new Promise((resolve) => this.#socket.once('close', () => resolve()));
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Sends a request for which no answer comes. */
  post<K extends ApiKey>(apiKey: K, version: number, body: RequestInputOf<K>): void {
    const header = { correlationId: (this.#correlationId += 1), clientId: 'wire' };
    for (const chunk of encodeRequest(apiKey, version, header, body)) this.#socket.write(chunk);
  }

  /** Sends a request and resolves with its answer; several may be on their way. */
  async send<K extends ApiKey>(
    apiKey: K,
    version: number,
    body: RequestInputOf<K>,
  ): Promise<ResponseOf<K>> {
    this.post(apiKey, version, body);
    const correlationId = this.#correlationId;
    const response = decodeResponse(apiKey, version, await this.nextFrame());
    if (response.correlationId !== correlationId) {
      throw new Error(`answer ${response.correlationId} to request ${correlationId}`);
    }
    return response.body;
  }

  /** The next answer that nobody waits for yet, without its length. */
  nextFrame(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#socket.closed) reject(new Error('connection closed'));
      else this.#waiting.push({ resolve, reject });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.closed();
  }
}
