import type { SeededRandom } from '@penstock/testing';

/**
 * Writes Kafka's primitive types, also wrongly: unlike the product's writer it takes any length for
 * anything, and varints that are longer than they need to be.
 */
export class ByteWriter {
  readonly #parts: Buffer[] = [];

  bytes(bytes: Buffer): void {
    this.#parts.push(bytes);
  }

  int(value: number, size: 1 | 2 | 4): void {
    const part = Buffer.allocUnsafe(size);
    part.writeIntBE(size === 4 ? value | 0 : wrap(value, size), 0, size);
    this.#parts.push(part);
  }

  int64(value: number): void {
    const part = Buffer.allocUnsafe(8);
    const clamped = Math.max(-(2 ** 63), Math.min(2 ** 63 - 1024, Math.trunc(value)));
    part.writeBigInt64BE(BigInt.asIntN(64, BigInt(clamped)));
    this.#parts.push(part);
  }

  uvarint(value: number): void {
    const part: number[] = [];
    let rest = value >>> 0;
    for (; rest >= 0x80; rest >>>= 7) part.push((rest & 0x7f) | 0x80);
    part.push(rest);
    this.#parts.push(Buffer.from(part));
  }

  /** A varint of ten bytes, or one that does not end. */
  overlongVarint(random: SeededRandom): void {
    const part = Buffer.alloc(random.int(5, 11), 0x80 | random.int(0, 0x7f));
    if (random.chance(0.5)) part[part.length - 1] = random.int(0, 1);
    this.#parts.push(part);
  }

  uuid(text: string): void {
    this.#parts.push(Buffer.from(text.replaceAll('-', ''), 'hex'));
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function wrap(value: number, size: 1 | 2): number {
  const bits = size * 8;
  return (value << (32 - bits)) >> (32 - bits);
}
