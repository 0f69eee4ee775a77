import { ProtocolError } from './protocol-error.ts';

const PREFIX_BYTES = 4;
/** Until that many bytes of a frame have arrived, its claimed size alone allocates no more. */
const ALLOCATE_BYTES_MAX = 1024 * 1024;

/**
 * Cuts what a connection receives into frames: an int32 size, then that many bytes.
 *
 * A frame that lies within one received chunk is a view of it; one that spans chunks is copied once
 * into memory of its own (more often above 1 MiB, where memory grows with what has arrived, so that
 * a size that lies costs no more than 1 MiB).
 */
export class FrameSplitter {
  readonly #frameBytesMax: number;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixLength = 0;
  /** The frame being collected; its size is `frameSize`, and `frameLength` bytes have arrived. */
  #frame: Buffer | undefined;
  #frameSize = 0;
  #frameLength = 0;

  /** `frameBytesMax`: frames above it are refused (Kafka's `socket.request.max.bytes`). */
  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Bytes held for a frame that is not complete. */
  get pendingBytes(): number {
    return this.#frame === undefined ? this.#prefixLength : PREFIX_BYTES + this.#frameLength;
  }

  /**
   * Takes the next chunk and returns the frames that are complete now, without their size prefix.
   * Throws ProtocolError when a size is negative or too large; the connection is then of no use.
   */
  push(chunk: Buffer): Buffer[] {
    const frames: Buffer[] = [];
    let position = 0;
    while (position < chunk.length) {
      position =
        this.#frame === undefined
          ? this.#begin(chunk, position, frames)
          : this.#collect(this.#frame, chunk, position, frames);
    }
    return frames;
  }

  /** Reads a size prefix at `position`, and the frame too if it is all there. */
  #begin(chunk: Buffer, position: number, frames: Buffer[]): number {
    let start = position;
    let size: number;
    if (this.#prefixLength === 0 && chunk.length - start >= PREFIX_BYTES) {
      size = chunk.readInt32BE(start);
      start += PREFIX_BYTES;
    } else {
      const taken = Math.min(PREFIX_BYTES - this.#prefixLength, chunk.length - start);
      chunk.copy(this.#prefix, this.#prefixLength, start, start + taken);
      this.#prefixLength += taken;
      start += taken;
      if (this.#prefixLength < PREFIX_BYTES) return start;
      this.#prefixLength = 0;
      size = this.#prefix.readInt32BE(0);
    }
    if (size < 0 || size > this.#frameBytesMax) {
      throw new ProtocolError(0, `a frame of 0 to ${this.#frameBytesMax} bytes, not ${size}`);
    }
    if (chunk.length - start >= size) {
      frames.push(chunk.subarray(start, start + size));
      return start + size;
    }
    this.#frame = Buffer.allocUnsafeSlow(Math.min(size, ALLOCATE_BYTES_MAX));
    this.#frameSize = size;
    this.#frameLength = 0;
    return start;
  }

  /** Adds bytes to the frame begun earlier. */
  #collect(frame: Buffer, chunk: Buffer, position: number, frames: Buffer[]): number {
    const taken = Math.min(this.#frameSize - this.#frameLength, chunk.length - position);
    const length = this.#frameLength + taken;
    let target = frame;
    if (length > target.length) {
      target = Buffer.allocUnsafeSlow(Math.min(this.#frameSize, 2 * length));
      frame.copy(target, 0, 0, this.#frameLength);
    }
    chunk.copy(target, this.#frameLength, position, position + taken);
    this.#frameLength = length;
    this.#frame = target;
    if (length === this.#frameSize) {
      frames.push(target);
      this.#frame = undefined;
    }
    return position + taken;
  }
}
