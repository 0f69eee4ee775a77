/** The peer broke the framing; the connection is of no use any more. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

const LENGTH_BYTES = 4;
/** What one read may bring: as much as a socket's buffer usually holds. */
const SHARED_BYTES = 512 * 1024;
/** Memory of a connection in the middle of a frame, kept for the next one that needs it. */
const OWN_BYTES = 256 * 1024;
const OWN_KEPT = 16;

const shared = Buffer.allocUnsafeSlow(SHARED_BYTES);
const spare: Buffer[] = [];

/**
 * Where a connection's bytes are received, and cut into frames (an int32 length, then that many
 * bytes) without being copied.
 *
 * Reading and taking frames happen in one turn of the event loop, so connections without unfinished
 * bytes receive into one shared buffer and own no memory. What is left over when the turn ends moves
 * to a buffer of the connection's own, which grows only as bytes really arrive: a length alone costs
 * nothing.
 *
 * Invariant: `#buffer[#start..#end]` is what was received and not taken. A frame that `next` gave is
 * a view, valid until the turn of the event loop ends.
 */
export class ReceiveBuffer {
  readonly #frameBytesMax: number;
  #buffer: Buffer = shared;
  #start = 0;
  #end = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Memory for the next read; empty when nothing may be read before frames are taken. */
  target(): Buffer {
    return this.#buffer.subarray(this.#end);
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
    return frame;
  }

  /** Ends the turn: leaves the shared buffer to others and makes room for the next read. */
  settle(): void {
    const rest = this.#end - this.#start;
    if (rest === 0) {
      this.#replaceBy(shared);
      return;
    }
    const capacity = this.#capacityFor(rest, this.#frameEnd() - this.#start);
    const isKept = this.#buffer !== shared && capacity === this.#buffer.length;
    if (isKept && this.#start === 0) return;
    const target = isKept ? this.#buffer : allocate(capacity);
    this.#buffer.copy(target, 0, this.#start, this.#end);
    this.#replaceBy(target);
    this.#end = rest;
  }

  /** How large the buffer should be that holds `rest` bytes, the first frame of which is `frame` long. */
  #capacityFor(rest: number, frame: number): number {
    if (rest < OWN_BYTES && frame <= OWN_BYTES) return OWN_BYTES;
    const isOwn = this.#buffer !== shared;
    // Full of whole frames that wait: nothing more is read until some are taken.
    if (isOwn && (rest < this.#buffer.length || frame <= rest)) return this.#buffer.length;
    return Math.max(rest, Math.min(2 * rest, frame));
  }

  /** Gives the memory back; nothing more is received. */
  close(): void {
    this.#replaceBy(shared);
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

  #replaceBy(buffer: Buffer): void {
    const before = this.#buffer;
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = 0;
    if (before.length === OWN_BYTES && before !== buffer && spare.length < OWN_KEPT) {
      spare.push(before);
    }
  }
}

function allocate(bytes: number): Buffer {
  return (bytes === OWN_BYTES ? spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(bytes);
}

/** The first four bytes of what browsers and `curl` send, read as a length. */
const HTTP_VERBS = new Set(
  ['GET ', 'POST', 'PUT ', 'HEAD', 'OPTI', 'DELE'].map((verb) => Buffer.from(verb).readInt32BE(0)),
);
