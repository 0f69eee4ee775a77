import { OWN_BYTES, SHARED, type ReceiveMemory } from './receive-memory.ts';

/** The peer broke the framing; the connection is of no use any more. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

const LENGTH_BYTES = 4;
/** The least memory of a connection's own. */
const OWN_BYTES_MIN = 1024;

/**
 * Where a connection's bytes are received, and cut into frames (an int32 length, then that many
 * bytes) without being copied.
 *
 * Reading and taking frames happen in one turn of the event loop, so connections without unfinished
 * bytes receive into one shared buffer and own no memory. What is left over when the turn ends
 * moves to a buffer of the connection's own, which grows only as bytes really arrive: a length
 * alone costs nothing.
 *
 * Invariant: `#buffer[#start..#end]` is what was received and not taken. A frame that `next` gave
 * is a view, valid until the turn of the event loop ends.
 */
export class ReceiveBuffer {
  readonly #frameBytesMax: number;
  readonly #memory: ReceiveMemory;
  readonly #onMemory: () => void;
  #buffer: Buffer = SHARED;
  #start = 0;
  #end = 0;
  #framesTaken = 0;

  /** `onMemory`: memory that was lacking has come; `settle` again and read on. */
  constructor(frameBytesMax: number, memory: ReceiveMemory, onMemory: () => void) {
    this.#frameBytesMax = frameBytesMax;
    this.#memory = memory;
    this.#onMemory = onMemory;
  }

  /** Memory for the next read; empty when nothing may be read before frames are taken. */
  target(): Buffer {
    return this.#buffer === SHARED ? this.#memory.sharedTarget : this.#buffer.subarray(this.#end);
  }

  /** Bytes received and not taken. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  get framesTaken(): number {
    return this.#framesTaken;
  }

  /** Says how many bytes were put into `target()`. */
  received(bytes: number): void {
    this.#end += bytes;
  }

  /**
   * The next whole frame without its length; undefined when more bytes are needed.
   * @throws FrameError when a length is negative or too large
   */
  next(): Buffer | undefined {
    const frameEnd = this.#frameEnd();
    if (frameEnd > this.#end) return undefined;
    const frame = this.#buffer.subarray(this.#start + LENGTH_BYTES, frameEnd);
    this.#start = frameEnd;
    this.#framesTaken += 1;
    return frame;
  }

  /**
   * Ends the turn: leaves the shared buffer to others and makes room for the next read.
   * @throws FrameError as `next`
   */
  settle(): void {
    const rest = this.#end - this.#start;
    if (rest === 0) {
      this.close();
      return;
    }
    const frame = this.#frameEnd() - this.#start;
    const isWhole = frame <= rest;
    const capacity = this.#capacityFor(rest, frame);
    const isTooLarge = this.#buffer.length > OWN_BYTES && capacity <= OWN_BYTES;
    if (this.#buffer === SHARED || isTooLarge) {
      // What was read is kept whatever the limit says; room for more may have to wait.
      this.#moveTo(this.#memory.take(this.#memory.fits(capacity) ? capacity : rest));
    }
    if (isWhole) {
      this.#memory.isDone(this);
      if (this.#end === this.#buffer.length) this.#compact();
      return;
    }
    if (this.#start + frame > this.#buffer.length) this.#compact();
    // A read should bring much: there is more room long before the last byte is used.
    if (capacity > this.#buffer.length && this.#end >= this.#buffer.length / 2) {
      const grown = this.#memory.grow(this, capacity, this.#buffer.length, this.#onMemory);
      if (grown) this.#moveTo(grown);
    }
  }

  /** Gives the memory back; nothing is held any more. */
  close(): void {
    const before = this.#buffer;
    this.#buffer = SHARED;
    this.#start = 0;
    this.#end = 0;
    this.#memory.isDone(this);
    if (before !== SHARED) this.#memory.giveBack(before);
  }

  /**
   * The buffer size for `rest` bytes held, whose first frame takes `frame` bytes. A large
   * unfinished frame gets at most twice what has arrived, so that a client must send bytes to be
   * given memory.
   */
  #capacityFor(rest: number, frame: number): number {
    if (rest < OWN_BYTES && frame <= OWN_BYTES && this.#memory.isPlenty) return OWN_BYTES;
    if (frame <= rest) return rest;
    return Math.max(rest, Math.min(Math.max(2 * rest, OWN_BYTES_MIN), frame));
  }

  /** Moves what is held to `target`, and gives the memory back in which it was. */
  #moveTo(target: Buffer): void {
    const before = this.#buffer;
    before.copy(target, 0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    this.#buffer = target;
    if (before !== SHARED) this.#memory.giveBack(before);
  }

  #compact(): void {
    if (this.#start === 0) return;
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  /** Where the frame at `#start` ends; beyond `#end` while it is unfinished. */
  #frameEnd(): number {
    if (this.#end - this.#start < LENGTH_BYTES) return this.#start + LENGTH_BYTES;
    const size = this.#buffer.readInt32BE(this.#start);
    if (size < 0 || size > this.#frameBytesMax) {
      const hint = HTTP_VERBS.has(size) ? ' (this looks like an HTTP request)' : '';
      throw new FrameError(`a frame of ${size} bytes, allowed are ${this.#frameBytesMax}${hint}`);
    }
    return this.#start + LENGTH_BYTES + size;
  }
}

/** The first four bytes of what browsers and `curl` send, read as a length. */
const HTTP_VERBS = new Set(
  ['GET ', 'POST', 'PUT ', 'HEAD', 'OPTI', 'DELE'].map((verb) => Buffer.from(verb).readInt32BE(0)),
);
