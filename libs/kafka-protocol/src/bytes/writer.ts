import { writeInt64 } from './int64.ts';
import { writeUuid } from './uuid.ts';

/** What may stand for a field of record batches: one buffer, or several in order. */
export type RecordsInput = Uint8Array | readonly Uint8Array[];

/**
 * From this size on a buffer given to `append` is passed on as it is; below, copying is cheaper.
 */
const REFERENCE_BYTES_MIN = 4096;
const SLAB_BYTES = 64 * 1024;

/**
 * What is left of the slab that messages are written into; taken while a message is being written.
 */
let slab: Buffer | undefined;

/**
 * Writes Kafka's primitive types into memory taken from a shared slab (or given by the caller), and
 * collects large buffers without copying them.
 *
 * Invariant: the message is `chunks` in order, then `buffer[start..position]`.
 * A buffer passed to `append` must not change until the chunks have been sent.
 */
export class Writer {
  #buffer: Buffer;
  #start = 0;
  #position = 0;
  #chunks: Buffer[] = [];
  #chunkedBytes = 0;
  readonly #pooled: boolean;

  /**
   * `target`: memory to write into, used from its beginning and left behind when it is too small.
   */
  constructor(target?: Buffer) {
    this.#pooled = target === undefined;
    this.#buffer = target ?? slab ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
    if (this.#pooled) slab = undefined;
  }

  /** Bytes written so far. */
  get byteLength(): number {
    return this.#chunkedBytes + this.#position - this.#start;
  }

  /** Ends the message and returns its bytes in order. The writer must not be used afterwards. */
  finish(): Buffer[] {
    this.#flush();
    if (this.#pooled && this.#buffer.length - this.#position >= 512) {
      slab = this.#buffer.subarray(this.#position);
    }
    return this.#chunks;
  }

  /** Like `finish`, for a message that began with `skipInt32`: puts its length there. */
  finishFrame(): Buffer[] {
    const chunks = this.finish();
    chunks[0]!.writeInt32BE(this.#chunkedBytes - 4, 0);
    return chunks;
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  int8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#position++] = value;
  }

  int16(value: number): void {
    this.#reserve(2);
    this.#buffer[this.#position++] = value >>> 8;
    this.#buffer[this.#position++] = value;
  }

  int32(value: number): void {
    this.#reserve(4);
    const at = this.#position;
    this.#buffer[at] = value >>> 24;
    this.#buffer[at + 1] = value >>> 16;
    this.#buffer[at + 2] = value >>> 8;
    this.#buffer[at + 3] = value;
    this.#position = at + 4;
  }

  /** int64 from a number; see int64.ts for what happens beyond 2^53. */
  int64(value: number): void {
    this.#reserve(8);
    writeInt64(this.#buffer, value, this.#position);
    this.#position += 8;
  }

  uuid(value: string): void {
    this.#reserve(16);
    writeUuid(this.#buffer, value, this.#position);
    this.#position += 16;
  }

  /** Unsigned varint of a uint32. */
  uvarint(value: number): void {
    this.#reserve(5);
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.#buffer[this.#position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#position++] = rest;
  }

  /** Zigzag varint of an int32. */
  varint(value: number): void {
    this.uvarint((value << 1) ^ (value >> 31));
  }

  /** Zigzag varlong of a number; see int64.ts for what happens beyond 2^53. */
  varlong(value: number): void {
    this.#reserve(18);
    // Through the 8 bytes of the int64, so that saturation and halves are handled in one place.
    writeInt64(this.#buffer, value, this.#position + 10);
    const high = this.#buffer.readInt32BE(this.#position + 10);
    const low = this.#buffer.readUInt32BE(this.#position + 14);
    const sign = high >> 31;
    let zigzagHigh = (((high << 1) | (low >>> 31)) ^ sign) >>> 0;
    let zigzagLow = ((low << 1) ^ sign) >>> 0;
    while (zigzagHigh !== 0 || zigzagLow >= 0x80) {
      this.#buffer[this.#position++] = (zigzagLow & 0x7f) | 0x80;
      zigzagLow = ((zigzagLow >>> 7) | (zigzagHigh << 25)) >>> 0;
      zigzagHigh >>>= 7;
    }
    this.#buffer[this.#position++] = zigzagLow;
  }

  /** UTF-8 text whose size, `byteLength`, the caller has already written. */
  text(value: string, byteLength: number): void {
    this.#reserve(byteLength);
    // As many bytes as UTF-16 units means ASCII, which latin1 writes faster.
    const encoding = byteLength === value.length ? 'latin1' : 'utf8';
    this.#buffer.write(value, this.#position, byteLength, encoding);
    this.#position += byteLength;
  }

  /** Copies `bytes` in. */
  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#position);
    this.#position += bytes.length;
  }

  /** Adds record batches: large buffers by reference, small ones as copies. */
  append(input: RecordsInput): void {
    if (input instanceof Uint8Array) {
      this.#appendBuffer(input);
    } else {
      for (const part of input) this.#appendBuffer(part);
    }
  }

  /** Leaves room for an int32 to be set later, within the first chunk of the message. */
  skipInt32(): void {
    this.#reserve(4);
    this.#position += 4;
  }

  /** Makes room for `size` bytes in one piece. */
  #reserve(size: number): void {
    if (this.#position + size > this.#buffer.length) this.#grow(size);
  }

  #grow(size: number): void {
    const written = this.#buffer.subarray(this.#start, this.#position);
    // What is written so far moves along, so that small fields stay in one chunk.
    const next = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * written.length + size));
    next.set(written);
    this.#buffer = next;
    this.#start = 0;
    this.#position = written.length;
  }

  #appendBuffer(bytes: Uint8Array): void {
    if (bytes.length < REFERENCE_BYTES_MIN) {
      this.bytes(bytes);
      return;
    }
    this.#flush();
    const buffer = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#chunks.push(buffer);
    this.#chunkedBytes += buffer.length;
  }

  #flush(): void {
    if (this.#position === this.#start) return;
    this.#chunks.push(this.#buffer.subarray(this.#start, this.#position));
    this.#chunkedBytes += this.#position - this.#start;
    this.#start = this.#position;
  }
}

/** Bytes that `input` adds to a message. */
export function sizeOfRecords(input: RecordsInput): number {
  if (input instanceof Uint8Array) return input.byteLength;
  let size = 0;
  for (const part of input) size += part.length;
  return size;
}
