import { ProtocolError } from '../protocol-error.ts';
import { readInt64 } from './int64.ts';
import { readUuid } from './uuid.ts';

/**
 * Reads Kafka's primitive types from a slice of a buffer.
 *
 * Invariants: `position` never passes `end`; nothing is allocated for a length or a count before it
 * was compared with the bytes that remain, and with the elements that may still come. Whatever does
 * not fit throws ProtocolError.
 */
export class Reader {
  readonly buffer: Buffer;
  position: number;
  readonly end: number;
  /**
   * Array elements and tagged fields that may still be read. An element of two bytes becomes an
   * object of a hundred, so bytes alone do not bound what a message costs.
   */
  elementsLeft = Infinity;

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    if (position < 0 || end > buffer.length || position > end) {
      throw new RangeError(`slice ${position}..${end} of ${buffer.length} bytes`);
    }
    this.buffer = buffer;
    this.position = position;
    this.end = end;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.end - this.position;
  }

  /** Throws the error for the present position. */
  fail(expected: string): never {
    throw new ProtocolError(this.position, expected);
  }

  /** Moves past `size` bytes and returns where they begin. */
  take(size: number, what: string): number {
    const start = this.position;
    if (size > this.end - start) this.fail(`${size} bytes of ${what}, ${this.end - start} remain`);
    this.position = start + size;
    return start;
  }

  /** Counts elements that are about to be read. */
  spend(elements: number): void {
    this.elementsLeft -= elements;
    if (this.elementsLeft < 0) this.fail('fewer array elements and tagged fields in one message');
  }

  bool(): boolean {
    return this.buffer[this.take(1, 'bool')] !== 0;
  }

  int8(): number {
    return (this.buffer[this.take(1, 'int8')]! << 24) >> 24;
  }

  int16(): number {
    const at = this.take(2, 'int16');
    return (((this.buffer[at]! << 8) | this.buffer[at + 1]!) << 16) >> 16;
  }

  int32(): number {
    const at = this.take(4, 'int32');
    const bytes = this.buffer;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  /** int64 as number; see int64.ts for what happens beyond 2^53. */
  int64(): number {
    return readInt64(this.buffer, this.take(8, 'int64'));
  }

  uuid(): string {
    return readUuid(this.buffer, this.take(16, 'uuid'));
  }

  /** Unsigned varint of at most 32 bits. */
  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.buffer[this.take(1, 'uvarint')]!;
      if (shift === 28 && byte > 0x0f) this.fail('uvarint of at most 32 bits');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    return this.fail('uvarint of at most 32 bits');
  }

  /** Zigzag varint, an int32. */
  varint(): number {
    const raw = this.uvarint();
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** Zigzag varlong as number; see int64.ts for what happens beyond 2^53. */
  varlong(): number {
    // Two halves of the zigzag value, because shifts are 32 bits wide: 28 bits low, 36 bits high.
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.buffer[this.take(1, 'varlong')]!;
      if (index === 9 && byte > 1) this.fail('varlong of at most 64 bits');
      if (index < 4) low |= (byte & 0x7f) << (index * 7);
      else high += (byte & 0x7f) * 2 ** ((index - 4) * 7);
      if (byte < 0x80) {
        // value = zigzag >> 1, taken from both halves without losing the bit between them.
        const half = (low >>> 1) + (high % 2) * 0x8000000 + Math.floor(high / 2) * 0x10000000;
        return (low & 1) === 0 ? half : -half - 1;
      }
    }
    return this.fail('varlong of at most 64 bits');
  }

  /** The text in the next `size` bytes. */
  text(size: number): string {
    const at = this.take(size, 'string');
    return size === 0 ? '' : this.buffer.toString('utf8', at, at + size);
  }

  /** The next `size` bytes, not copied: the view pins the buffer that was received. */
  view(size: number, what = 'bytes'): Buffer {
    const at = this.take(size, what);
    return this.buffer.subarray(at, at + size);
  }

  /** Skips a section of tagged fields: count, then tag, size and bytes of each. */
  skipTaggedFields(): void {
    let count = this.uvarint();
    this.spend(count);
    for (; count > 0; count--) {
      this.uvarint();
      this.take(this.uvarint(), 'tagged field');
    }
  }
}
