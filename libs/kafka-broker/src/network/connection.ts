import type { Socket } from 'node:net';
import type { Logger } from '@penstock/kafka-log';
import { ProtocolError } from '@penstock/kafka-protocol';
import { CloseConnection, type EncodedAnswer } from '../handlers/handler.ts';
import type { WatchLimits } from './connection-watch.ts';
import type { AdvertisedAddress } from './listeners.ts';
import { FrameError, ReceiveBuffer } from './receive-buffer.ts';
import type { ReceiveMemory } from './receive-memory.ts';
import { receiveInto, type Receiver } from './socket-receiver.ts';
import type { Client, Dispatched, EncodedOrNone } from './request-dispatcher.ts';
import type { EventLoopBudget } from './event-loop-budget.ts';

export interface ConnectionOptions {
  readonly dispatch: (frame: Buffer, client: Client) => Dispatched;
  readonly logger: Logger;
  /** The client's IP address. */
  readonly address: string;
  /** What it is told to connect to. */
  readonly advertised: AdvertisedAddress;
  /** `socket.request.max.bytes` */
  readonly requestBytesMax: number;
  readonly memory: ReceiveMemory;
  readonly eventLoop: EventLoopBudget;
  /** The time by which activity is dated, ms; it may lag. */
  readonly now: () => number;
  readonly onSent: (bytes: number) => void;
  /** The client sent bytes that are no request. */
  readonly onMalformed: () => void;
  readonly onClosed: (connection: Connection) => void;
}

/** A place in the order of answers; `answer` is undefined until it is known. */
interface Slot {
  answer: EncodedOrNone | undefined;
}

/** Unsent bytes at which no further request is taken up until the client reads. */
const UNSENT_BYTES_MAX = 1024 * 1024;
/** Answers waited for at which no further request is taken up. */
const SLOTS_MAX = 10_000;
/** Answers up to this size are sent together with those of other requests of the same read. */
const GATHERED_BYTES_MAX = 1024;
const GATHERED_MAX = 64;
/** What an unfinished request must bring in `progressMs`. */
const PROGRESS_BYTES_MIN = 16 * 1024;

/**
 * One client's connection.
 *
 * Requests are taken up in order and answered in order. As in Kafka the next request waits until
 * the previous one is answered, with one exception: after a pipelined one (Produce), whose effect
 * is already in the log, the next is taken up while the disk works; so one sync serves many
 * requests. While the client does not read its answers, nothing more is read from it. A client that
 * has closed its sending side only still gets its answers.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #client: Client;
  readonly #disconnectListeners = new Set<() => void>();
  readonly #receiver: Receiver;
  readonly #received: ReceiveBuffer;
  readonly #slots: Slot[] = [];
  readonly #progress: Progress;
  #isBusy = false;
  #isPaused = false;
  #isClosed = false;
  /** Nothing more is taken up: the broker stops. */
  #isEnding = false;
  /** Nothing more comes: the client has closed its side. */
  #isHalfClosed = false;
  /** Waits for a later turn of the event loop. */
  #isDeferred = false;
  #isGoingOnPlanned = false;

  /** `accepted`: a socket that was paused when it was connected. */
  constructor(accepted: Socket, options: ConnectionOptions) {
    this.#options = options;
    this.#client = {
      host: `/${options.address}`,
      advertised: options.advertised,
      onDisconnect: (listener) => {
        this.#disconnectListeners.add(listener);
        // A request that was taken up after the client had closed its side need not wait either.
        if (this.#isHalfClosed) queueMicrotask(listener);
        return () => void this.#disconnectListeners.delete(listener);
      },
    };
    this.#progress = new Progress(options.now());
    const received = new ReceiveBuffer(options.requestBytesMax, options.memory, () =>
      options.eventLoop.defer(() => this.#goOn()),
    );
    this.#received = received;
    this.#receiver = receiveInto(accepted, {
      target: () => received.target(),
      onRead: (bytes) => this.#read(bytes),
    });
    const { socket } = this.#receiver;
    this.#socket = socket;
    socket.on('drain', () => this.#goOn());
    socket.on('error', (error) => this.close('socket error', error));
    socket.on('end', () => this.#halfClose());
    socket.on('close', () => this.close('closed by the client'));
  }

  /** Answers that the client has not taken yet, bytes. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** How long the client has taken nothing of what waits to be sent, ms. */
  stalledMs(now: number): number {
    return this.unsentBytes === 0 ? 0 : now - this.#progress.sentAt;
  }

  /** Why the connection should be closed now, if it should. */
  review(now: number, limits: WatchLimits): string | undefined {
    const progress = this.#progress;
    progress.noteUnsent(this.#receiver.unsentBytes(), now);
    progress.noteRequest(this.#received, this.#isPaused || !this.#canTakeUp(), now);
    if (!progress.hasReceived && now - progress.openedAt > limits.firstByteMs) {
      return 'nothing came';
    }
    if (now - progress.requestAt > limits.progressMs) return 'a request comes too slowly';
    const activeAt = Math.max(progress.receivedAt, progress.sentAt);
    const isIdle = this.#slots.length === 0 && now - activeAt > limits.idleMs;
    return isIdle ? 'idle' : undefined;
  }

  /** The memory for the next read has changed. */
  retarget(): void {
    if (!this.#isClosed) this.#receiver.retarget();
  }

  /** Answers what was taken up, takes up nothing more, then closes. */
  end(): void {
    this.#isEnding = true;
    this.#endIfDone();
  }

  close(reason: string, cause?: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.logger.debug({ client: this.#client.host, err: cause }, `connection: ${reason}`);
    this.#socket.destroy();
    for (const slot of this.#slots) slot.answer?.onSent();
    this.#slots.length = 0;
    this.#received.close();
    this.#tellDisconnected();
    this.#options.onClosed(this);
  }

  #tellDisconnected(): void {
    for (const listener of [...this.#disconnectListeners]) listener();
  }

  /** Requests that arrived before the end are answered; parked ones need not wait any longer. */
  #halfClose(): void {
    this.#isHalfClosed = true;
    this.#tellDisconnected();
    this.#goOn();
  }

  #endIfDone(): void {
    if (this.#slots.length > 0 || this.#isClosed) return;
    const isDone = this.#isHalfClosed && !this.#isDeferred && this.#socket.writableLength === 0;
    if (this.#isEnding || isDone) this.#socket.end();
  }

  /** Takes in what was read; false stops reading until requests were taken up. */
  #read(bytes: number): boolean {
    if (this.#isClosed) return false;
    this.#progress.received(this.#options.now());
    this.#received.received(bytes);
    this.#takeUpAll();
    if (this.#isClosed) return false;
    this.#isPaused = this.#received.target().length === 0;
    return !this.#isPaused;
  }

  /** One sync of the disk settles many answers in a row: they are sent together. */
  #planGoingOn(): void {
    if (this.#isGoingOnPlanned) return;
    this.#isGoingOnPlanned = true;
    queueMicrotask(() => {
      this.#isGoingOnPlanned = false;
      this.#flush();
      this.#goOn();
    });
  }

  /** Takes up requests that waited for an answer, memory, their turn or the client to read. */
  #goOn(): void {
    if (this.#isClosed) return;
    this.#takeUpAll();
    if (this.#isClosed) return;
    this.#receiver.retarget();
    if (this.#isPaused && this.#received.target().length > 0) {
      this.#isPaused = false;
      this.#receiver.resume();
    }
    this.#endIfDone();
  }

  /** Takes up requests for as long as it may. */
  #takeUpAll(): void {
    const { eventLoop } = this.#options;
    try {
      while (this.#canTakeUp()) {
        if (!eventLoop.hasTime()) {
          if (this.#received.pendingBytes > 0) this.#defer();
          break;
        }
        const frame = this.#received.next();
        if (!frame) break;
        this.#takeUp(frame);
      }
      this.#flush();
      if (!this.#isClosed) this.#received.settle();
    } catch (error) {
      // The requests handled before the error are still answered.
      this.#flush();
      this.#fail(error);
    }
  }

  #defer(): void {
    this.#isDeferred = true;
    this.#options.eventLoop.defer(() => {
      this.#isDeferred = false;
      this.#goOn();
    });
  }

  #canTakeUp(): boolean {
    return (
      !this.#isBusy &&
      !this.#isDeferred &&
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
      if (answer.byteLength > GATHERED_BYTES_MAX || this.#slots.length >= GATHERED_MAX) {
        this.#flush();
      }
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
        this.#planGoingOn();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  /** Sends the answers at the head of the queue that are known. */
  #flush(): void {
    let ready = 0;
    while (ready < this.#slots.length && this.#slots[ready]?.answer !== undefined) ready += 1;
    if (ready === 0) return;
    const answers = this.#slots.splice(0, ready).flatMap(({ answer }) => answer ?? []);
    if (answers.length > 0) this.#send(answers);
    this.#endIfDone();
  }

  /**
   * A write to the socket costs as much as handling a small request, so small answers share one.
   */
  #send(answers: readonly EncodedAnswer[]): void {
    const { socket } = this.#receiver;
    if (socket.writableLength === 0) this.#progress.sent(this.#options.now());
    const chunks = answers.flatMap((answer) => answer.chunks);
    const bytes = answers.reduce((sum, answer) => sum + answer.byteLength, 0);
    this.#options.onSent(bytes);
    const whenSent = () => this.#sent(answers);
    if (chunks.length === 1) {
      socket.write(chunks[0]!, whenSent);
    } else if (bytes <= GATHERED_MAX * GATHERED_BYTES_MAX) {
      socket.write(Buffer.concat(chunks, bytes), whenSent);
    } else {
      socket.cork();
      const last = chunks.pop()!;
      for (const chunk of chunks) socket.write(chunk);
      socket.write(last, whenSent);
      socket.uncork();
    }
  }

  #sent(answers: readonly EncodedAnswer[]): void {
    for (const answer of answers) answer.onSent();
    this.#progress.sent(this.#options.now());
    if (this.#isHalfClosed) this.#goOn();
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    const { logger, onMalformed } = this.#options;
    const fields = { client: this.#client.host, reason: String(error) };
    if (error instanceof CloseConnection) {
      logger.info(fields, 'connection closed');
    } else if (error instanceof FrameError || error instanceof ProtocolError) {
      onMalformed();
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

/** When a connection last got on with what it does; all times as `ConnectionOptions.now`, ms. */
class Progress {
  readonly openedAt: number;
  hasReceived = false;
  receivedAt: number;
  /** The client took something of what was sent to it, or nothing waited. */
  sentAt: number;
  /** The request that is coming was finished, begun, or grew enough. */
  requestAt: number;
  #unsentBytes = 0;
  #requestsDone = 0;
  #requestBytes = 0;

  constructor(now: number) {
    this.openedAt = now;
    this.receivedAt = now;
    this.sentAt = now;
    this.requestAt = now;
  }

  received(now: number): void {
    this.hasReceived = true;
    this.receivedAt = now;
  }

  sent(now: number): void {
    this.sentAt = now;
  }

  noteUnsent(bytes: number, now: number): void {
    if (bytes === this.#unsentBytes) return;
    this.#unsentBytes = bytes;
    this.sentAt = now;
  }

  /** `isWaitedFor`: the broker is not reading on, so the client cannot make progress. */
  noteRequest(received: ReceiveBuffer, isWaitedFor: boolean, now: number): void {
    const { pendingBytes, framesTaken } = received;
    const isSame = framesTaken === this.#requestsDone && pendingBytes > 0 && !isWaitedFor;
    if (isSame && pendingBytes - this.#requestBytes < PROGRESS_BYTES_MIN) return;
    this.#requestsDone = framesTaken;
    this.#requestBytes = pendingBytes;
    this.requestAt = now;
  }
}
