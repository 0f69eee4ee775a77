import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { FrameSplitter } from '@penstock/kafka-protocol';

const FRAME_BYTES_MAX = 256 * 1024 * 1024;

/** A connection that sends any bytes and takes what comes, frame by frame. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter(FRAME_BYTES_MAX);
  readonly #frames: Buffer[] = [];
  #wake: (() => void) | undefined;
  /** The broker's bytes cannot be cut into frames. */
  problem: string | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      try {
        for (const frame of this.#splitter.push(chunk)) this.#frames.push(Buffer.from(frame));
      } catch (error) {
        this.problem = String(error);
        socket.destroy();
      }
      this.#wake?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#wake?.());
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  get isClosed(): boolean {
    return this.#socket.destroyed || this.#socket.readableEnded;
  }

  send(bytes: Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  /** The next frame; undefined when the broker closed, or when nothing came in time. */
  async next(timeoutMs: number): Promise<Buffer | 'closed' | 'silent'> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const frame = this.#frames.shift();
      if (frame) return frame;
      if (this.isClosed) return 'closed';
      const left = deadline - performance.now();
      if (left <= 0) return 'silent';
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }
}
