import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../protocol-error.ts';
import { Reader } from './reader.ts';
import { sizeOfUvarint, sizeOfVarint, sizeOfVarlong } from './varint.ts';
import { Writer } from './writer.ts';

const POWERS = Array.from({ length: 53 }, (_, bit) => 2 ** bit);
const AROUND_POWERS = POWERS.flatMap((power) => [power - 1, power, -power, -power + 1, -power - 1]);
const SAFE = [...AROUND_POWERS, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER].filter((value) =>
  Number.isSafeInteger(value),
);
const INT32 = SAFE.filter((value) => value === (value | 0));

function written(write: (writer: Writer) => void): Buffer {
  const writer = new Writer();
  write(writer);
  return Buffer.concat(writer.finish());
}

/** The zigzag encoding by BigInt, as a reference. */
function zigzagVarint(value: bigint): Buffer {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

describe('int64 as number', () => {
  it('is exact for every safe integer', () => {
    for (const value of SAFE) {
      const bytes = written((w) => w.int64(value));
      expect(bytes.readBigInt64BE(0)).toBe(BigInt(value));
      expect(new Reader(bytes).int64()).toBe(value);
    }
  });

  it('keeps the ends of the range, and rounds what lies between them and 2^53', () => {
    const bytes = Buffer.alloc(8);
    for (const end of [2n ** 63n - 1n, -(2n ** 63n)]) {
      bytes.writeBigInt64BE(end);
      const value = new Reader(bytes).int64();
      expect(written((w) => w.int64(value))).toEqual(bytes);
    }
    bytes.writeBigInt64BE(2n ** 60n + 1n);
    expect(new Reader(bytes).int64()).toBe(2 ** 60);
  });

  it('refuses to write what is not an integer', () => {
    expect(() => written((w) => w.int64(1.5))).toThrow(RangeError);
    expect(() => written((w) => w.int64(Number.NaN))).toThrow(RangeError);
  });
});

describe('varints', () => {
  it('are written and read as zigzag, in the size announced', () => {
    for (const value of INT32) {
      const bytes = written((w) => w.varint(value));
      expect(bytes, String(value)).toEqual(zigzagVarint(BigInt(value)));
      expect(sizeOfVarint(value)).toBe(bytes.length);
      expect(new Reader(bytes).varint()).toBe(value);
    }
    for (const value of [...SAFE, 2 ** 63, -(2 ** 63)]) {
      const bytes = written((w) => w.varlong(value));
      const exact = value === 2 ** 63 ? 2n ** 63n - 1n : BigInt(value);
      expect(bytes, String(value)).toEqual(zigzagVarint(exact));
      expect(sizeOfVarlong(value), String(value)).toBe(bytes.length);
      expect(new Reader(bytes).varlong()).toBe(value);
    }
  });

  it('are written and read unsigned up to 32 bits', () => {
    for (const value of INT32.map((each) => each >>> 0)) {
      const bytes = written((w) => w.uvarint(value));
      expect(sizeOfUvarint(value)).toBe(bytes.length);
      expect(new Reader(bytes).uvarint()).toBe(value);
    }
  });

  it('are rejected when they are longer than their type', () => {
    const endless = Buffer.alloc(11, 0xff);
    expect(() => new Reader(endless).uvarint()).toThrow(ProtocolError);
    expect(() => new Reader(endless).varint()).toThrow(ProtocolError);
    expect(() => new Reader(endless).varlong()).toThrow(ProtocolError);
    expect(() => new Reader(Buffer.from('ffffffff1f', 'hex')).uvarint()).toThrow(ProtocolError);
    expect(() => new Reader(Buffer.from('ffffffffffffffffff02', 'hex')).varlong()).toThrow(
      ProtocolError,
    );
  });
});

describe('a reader', () => {
  it('does not look beyond its slice', () => {
    const reader = new Reader(Buffer.alloc(16), 4, 7);
    expect(() => reader.int32()).toThrow('at byte 4: expected 4 bytes of int32, 3 remain');
    expect(reader.int16()).toBe(0);
    expect(reader.remaining).toBe(1);
  });
});

describe('a writer', () => {
  it('grows without losing what was written, and does not mix messages of one slab', () => {
    const texts = Array.from({ length: 50 }, (_, index) => `${index}-`.repeat(1 + index * 100));
    const messages = texts.map((text) => {
      const writer = new Writer();
      writer.text(text, Buffer.byteLength(text));
      return writer.finish();
    });
    expect(messages.map((chunks) => Buffer.concat(chunks).toString())).toEqual(texts);
  });

  it('writes while another message is being written', () => {
    const outer = new Writer();
    outer.text('outer', 5);
    expect(written((w) => w.text('inner', 5)).toString()).toBe('inner');
    outer.text(' still', 6);
    expect(Buffer.concat(outer.finish()).toString()).toBe('outer still');
  });

  it('keeps order when small and large buffers alternate and nothing fits', () => {
    const writer = new Writer(Buffer.alloc(8));
    writer.skipInt32();
    writer.append([Buffer.alloc(10, 1), Buffer.alloc(5000, 2)]);
    writer.append(Buffer.alloc(3, 3));
    writer.append(new Uint8Array(6000).fill(4));
    writer.int8(5);
    expect(writer.byteLength).toBe(4 + 10 + 5000 + 3 + 6000 + 1);
    const bytes = Buffer.concat(writer.finishFrame());
    expect(bytes.readInt32BE(0)).toBe(bytes.length - 4);
    const runs = [...bytes.subarray(4)].filter((byte, at, all) => byte !== all[at - 1]);
    expect(runs).toEqual([1, 2, 3, 4, 5]);
  });
});
