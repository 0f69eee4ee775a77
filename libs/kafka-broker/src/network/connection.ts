import type { Socket } from 'node:net';
import type { Logger } from '@penstock/kafka-log';
import { ProtocolError } from '@penstock/kafka-protocol';
import { CloseConnection, type EncodedAnswer } from '../handlers/handler.ts';
import { FrameError, ReceiveBuffer } from './receive-buffer.ts';
import { receiveInto, type Receiver } from './socket-receiver.ts';
import type { Client, Dispatched, EncodedOrNone } from './request-dispatcher.ts';

export interface ConnectionOptions {
  dispatch: (frame: Buffer, client: Client) => Dispatched;
  logger: Logger;
  /** `socket.request.max.bytes` */
  requestBytesMax: number;
  /** `connections.max.idle.ms` */
  idleMsMax: number;
  onBytes: (received: number, sent: number) => void;
  onClosed: (connection: Connection) => void;
}

/** A place in the order of answers; `answer` is undefined until it is known. */
interface Slot {
  answer: EncodedOrNone | undefined;
}

/** Unsent bytes at which no further request is taken up until the client reads. */
const UNSENT_BYTES_MAX = 1024 * 1024;
/** Answers waited for at which no further request is taken up. */
const SLOTS_MAX = 10_000;

/**
 * One client's connection.
 *
 * Requests are taken up in order and answered in order. As in Kafka the next request waits until
 * the previous one is answered, with one exception: after a pipelined one (Produce), whose effect is
 * already in the log, the next is taken up while the disk works; so one sync serves many requests.
 * While the client does not read its answers, nothing more is read from it.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #client: Client;
  readonly #disconnectListeners = new Set<() => void>();
  readonly #receiver: Receiver;
  readonly #received: ReceiveBuffer;
  readonly #slots: Slot[] = [];
  #isBusy = false;
  #isPaused = false;
  #isClosed = false;
  #isEnding = false;

  /** `accepted`: a socket that was paused when it was connected. */
  constructor(accepted: Socket, options: ConnectionOptions) {
    this.#options = options;
    this.#client = {
      host: `/${accepted.remoteAddress?.replace(/^::ffff:/, '') ?? ''}`,
      onDisconnect: (listener) => {
        this.#disconnectListeners.add(listener);
        return () => void this.#disconnectListeners.delete(listener);
      },
    };
    const received = new ReceiveBuffer(options.requestBytesMax);
    this.#received = received;
    this.#receiver = receiveInto(accepted, {
      target: () => received.target(),
      onRead: (bytes) => this.#read(bytes),
    });
    const { socket } = this.#receiver;
    this.#socket = socket;
    socket.on('drain', () => this.#goOn());
    socket.on('error', (error) => this.close('socket error', error));
    socket.on('close', () => this.close('closed by the client'));
    socket.setTimeout(options.idleMsMax, () => {
      if (this.#slots.length === 0) this.close('idle');
    });
  }

  /** Answers what was taken up, takes up nothing more, then closes. */
  end(): void {
    this.#isEnding = true;
    if (this.#slots.length === 0) this.#socket.end();
  }

  close(reason: string, cause?: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.logger.debug({ client: this.#client.host, err: cause }, `connection: ${reason}`);
    this.#socket.destroy();
    for (const slot of this.#slots) slot.answer?.onSent();
    this.#slots.length = 0;
    this.#received.close();
    for (const listener of [...this.#disconnectListeners]) listener();
    this.#options.onClosed(this);
  }

  /** Takes in what was read; false stops reading until requests were taken up. */
  #read(bytes: number): boolean {
    if (this.#isClosed) return false;
    this.#options.onBytes(bytes, 0);
    this.#received.received(bytes);
    this.#takeUpAll();
    if (this.#isClosed) return false;
    this.#isPaused = this.#received.target().length === 0;
    return !this.#isPaused;
  }

  /** Takes up what had to wait, after something that was waited for has come. */
  #goOn(): void {
    if (this.#isClosed) return;
    this.#takeUpAll();
    if (this.#isClosed) return;
    this.#receiver.retarget();
    if (this.#isPaused && this.#received.target().length > 0) {
      this.#isPaused = false;
      this.#receiver.resume();
    }
  }

  /** Takes up requests for as long as it may. */
  #takeUpAll(): void {
    try {
      while (this.#canTakeUp()) {
        const frame = this.#received.next();
        if (!frame) break;
        this.#takeUp(frame);
      }
      if (!this.#isClosed) this.#received.settle();
    } catch (error) {
      this.#fail(error);
    }
  }

  #canTakeUp(): boolean {
    return (
      !this.#isBusy &&
      !this.#isClosed &&
      !this.#isEnding &&
      this.#slots.length < SLOTS_MAX &&
      this.#socket.writableLength <= UNSENT_BYTES_MAX
    );
  }

  #takeUp(frame: Buffer): void {
    const { answer, isPipelined } = this.#options.dispatch(frame, this.#client);
    if (!(answer instanceof Promise)) {
      if (answer === null) return;
      this.#slots.push({ answer });
      this.#flush();
      return;
    }
    const slot: Slot = { answer: undefined };
    this.#slots.push(slot);
    this.#isBusy = !isPipelined;
    answer.then(
      (settled) => {
        if (this.#isClosed) {
          settled?.onSent();
          return;
        }
        slot.answer = settled;
        if (!isPipelined) this.#isBusy = false;
        this.#flush();
        this.#goOn();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  /** Sends the answers at the head of the queue that are known. */
  #flush(): void {
    let ready = 0;
    while (ready < this.#slots.length && this.#slots[ready]?.answer !== undefined) ready += 1;
    if (ready === 0) return;
    const slots = this.#slots.splice(0, ready);
    const chunkCount = slots.reduce((sum, { answer }) => sum + (answer?.chunks.length ?? 0), 0);
    if (chunkCount > 1) this.#socket.cork();
    for (const { answer } of slots) if (answer) this.#send(answer);
    if (chunkCount > 1) this.#socket.uncork();
    if (this.#isEnding && this.#slots.length === 0) this.#socket.end();
  }

  #send(answer: EncodedAnswer): void {
    const last = answer.chunks.length - 1;
    for (const [index, chunk] of answer.chunks.entries()) {
      this.#options.onBytes(0, chunk.length);
      if (index === last) this.#socket.write(chunk, () => answer.onSent());
      else this.#socket.write(chunk);
    }
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    const { logger } = this.#options;
    const fields = { client: this.#client.host, reason: String(error) };
    if (error instanceof CloseConnection) {
      logger.info(fields, 'connection closed');
    } else if (error instanceof FrameError || error instanceof ProtocolError) {
      logger.warn(fields, 'connection closed: it sent bytes that are no Kafka request');
    } else {
      logger.error(
        { client: this.#client.host, err: error },
        'connection closed: a request failed',
      );
    }
    this.close('failed', error);
  }
}
