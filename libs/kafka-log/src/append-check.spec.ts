import type { Compression } from '@penstock/kafka-protocol';
import { COMPRESSIONS, computeRecordBatchCrc } from '@penstock/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { compress } from './codecs.ts';
import { batchOf, LogWorld, readAllBatches } from './faults/log-world.ts';
import type { AppendResult } from './results.ts';

const NOW = new LogWorld().clock.now();

/** A zigzag varint. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

interface RawRecord {
  readonly length?: number;
  readonly timestampDelta?: number;
  readonly offsetDelta?: number;
  readonly keyLength?: number;
  readonly valueLength?: number;
  readonly headerCount?: number;
  readonly tail?: Buffer;
}

/** The record `k=v`, with whatever is told otherwise. */
function record(raw: RawRecord, index: number): Buffer {
  const keyLength = raw.keyLength ?? 1;
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(raw.timestampDelta ?? 0),
    varint(raw.offsetDelta ?? index),
    varint(keyLength),
    Buffer.from(keyLength === -1 ? '' : 'k'),
    varint(raw.valueLength ?? 1),
    Buffer.from('v'),
    varint(raw.headerCount ?? 0),
    raw.tail ?? Buffer.alloc(0),
  ]);
  return Buffer.concat([varint(raw.length ?? body.length), body]);
}

/** A batch with a true CRC over whatever records. */
function batch(
  compression: Compression,
  records: readonly RawRecord[],
  { count = records.length, packed }: { count?: number; packed?: Buffer } = {},
): Buffer {
  const raw = Buffer.concat(records.map(record));
  const head = batchOf(['x'], { timestamp: NOW }).subarray(0, 61);
  const bytes = packed ?? (compression === 'none' ? raw : compress(compression, raw));
  const result = Buffer.concat([head, bytes]);
  result.writeInt32BE(result.length - 12, 8);
  result.writeInt16BE(COMPRESSIONS.indexOf(compression), 21);
  result.writeInt32BE(count - 1, 23);
  result.writeInt32BE(count, 57);
  return sealed(result);
}

function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(computeRecordBatchCrc(bytes), 17);
  return bytes;
}

/** What a log of its own says to the batch; a refused one must leave nothing. */
function answerTo(bytes: Buffer, config = {}): AppendResult {
  const world = new LogWorld({ durability: 'os', config });
  const result = world.tryAppend(world.log(), bytes);
  expect(world.log().logEndOffset > 0).toBe(result.ok);
  return result;
}

describe.each(COMPRESSIONS)('records with compression %s', (compression) => {
  it('are stored when they are what the header says', () => {
    expect(answerTo(batch(compression, [{}, {}, {}]))).toMatchObject({ ok: true, lastOffset: 2 });
  });

  it.each<[string, readonly RawRecord[], { count?: number }?]>([
    ['fewer than announced', [{}, {}], { count: 3 }],
    ['more than announced', [{}, {}, {}], { count: 2 }],
    ['longer than the batch', [{}, { length: 5000 }]],
    ['shorter than their fields', [{}, { length: 3 }]],
    ['of negative length', [{ length: -1 }]],
    ['with a key that ends behind them', [{ keyLength: 500 }, {}]],
    ['with a key of length -5', [{ keyLength: -5 }, {}]],
    ['with a value that ends behind them', [{}, { valueLength: 500 }]],
    ['with a value of length -7', [{}, { valueLength: -7 }]],
    ['with headers that are not there', [{}, { headerCount: 5 }]],
    ['with a negative count of headers', [{ headerCount: -1 }, {}]],
    ['with bytes behind the headers', [{ tail: Buffer.from('abc') }, {}]],
    ['whose offsets do not follow each other', [{}, { offsetDelta: 2 }, { offsetDelta: 1 }]],
  ])('are refused when %s', (_case, records, options) => {
    expect(answerTo(batch(compression, records, options))).toMatchObject({ errorCode: 87 });
  });

  it('are named when a compacted topic misses their keys, or their time is out of range', () => {
    const keyless = [{ keyLength: -1 }, {}, { keyLength: -1 }];
    const refused = answerTo(batch(compression, keyless), { cleanupPolicy: ['compact'] });
    const message = 'Compacted topic cannot accept message without key in topic partition orders-0';
    expect(refused).toMatchObject({
      errorCode: 87,
      recordErrors: [
        { batchIndex: 0, message },
        { batchIndex: 2, message },
      ],
    });
    // The header says nothing of the record from the future.
    const future = [{}, { timestampDelta: 7_200_000 }];
    expect(answerTo(batch(compression, future))).toMatchObject({
      errorCode: 32,
      recordErrors: [{ batchIndex: 1, message: expect.stringContaining('out of range') }],
    });
    const old = [{ timestampDelta: -2000 }, {}];
    expect(answerTo(batch(compression, old), { messageTimestampBeforeMaxMs: 1000 })).toMatchObject({
      errorCode: 32,
      recordErrors: [{ batchIndex: 0 }],
    });
    const append = { messageTimestampBeforeMaxMs: 1000, messageTimestampType: 'LogAppendTime' };
    expect(answerTo(batch(compression, old), append)).toMatchObject({ ok: true });
  });
});

describe.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('bytes called %s', (compression) => {
  it('are refused when they are none, or cut off', () => {
    const good = compress(compression, Buffer.concat([{}, {}].map(record)));
    for (const packed of [
      Buffer.alloc(0),
      Buffer.from('this is no compressed data at all'),
      good.subarray(0, good.length - 6),
    ]) {
      expect(answerTo(batch(compression, [{}, {}], { packed }))).toMatchObject({ errorCode: 87 });
    }
  });

  it('are refused when they become very much more', () => {
    const packed = compress(compression, Buffer.alloc(33 * 1024 * 1024));
    const bomb = batch(compression, [{}], { packed });
    const isSmall = packed.length < 260_000;
    expect(answerTo(bomb, { maxMessageBytes: 4e6 })).toMatchObject({
      errorCode: 87,
      ...(isSmall && { message: expect.stringContaining('passes') }),
    });
  });
});

describe('a batch that is refused by its header', () => {
  const good = batch('none', [{}, {}]);
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(good);
    change(bytes);
    return sealed(bytes);
  };

  it.each([
    ['a control batch', changed((b) => b.writeInt16BE(0x20, 21)), 87],
    ['a transactional batch', changed((b) => b.writeInt16BE(0x10, 21)), 48],
    ['another base offset', changed((b) => b.writeInt8(7, 7)), 87],
    ['two batches', Buffer.concat([good, good]), 87],
    ['magic 0', changed((b) => b.writeInt8(0, 16)), 87],
    ['magic 1', changed((b) => b.writeInt8(1, 16)), 87],
    ['magic 3', changed((b) => b.writeInt8(3, 16)), 2],
    ['a last offset delta that lies', changed((b) => b.writeInt32BE(5, 23)), 87],
    ['a count that lies', changed((b) => b.writeInt32BE(5, 57)), 87],
    ['compression 6', changed((b) => b.writeInt16BE(6, 21)), 76],
    ['a part of itself', good.subarray(0, -1), 87],
    ['a CRC that lies', Buffer.from(good).fill(1, 62, 63), 2],
  ])('is answered with the right code: %s', (_case, bytes, errorCode) => {
    expect(answerTo(bytes)).toMatchObject({ ok: false, errorCode, recordErrors: [] });
  });

  it('of a producer whose epoch has passed', () => {
    const world = new LogWorld();
    const of = (producerEpoch: number, baseSequence: number): Buffer =>
      batchOf(['v'], { timestamp: NOW, producerId: 4, producerEpoch, baseSequence });
    expect(world.tryAppend(world.log(), of(3, 0))).toMatchObject({ ok: true });
    expect(world.tryAppend(world.log(), of(2, 1))).toMatchObject({ errorCode: 47 });
    expect(world.log().logEndOffset).toBe(1);
  });
});

describe('a batch with the flag of log append time', () => {
  it('gets the times of its records, as in Kafka', () => {
    const world = new LogWorld({ durability: 'os' });
    const bytes = batchOf(['a'], { timestamp: NOW - 5 });
    bytes.writeInt16BE(8, 21);
    expect(world.tryAppend(world.log(), sealed(bytes))).toMatchObject({ ok: true });
    const stored = readAllBatches(world.log(), 0);
    expect(stored.readInt16BE(21)).toBe(0);
    expect(stored.readUInt32BE(17)).toBe(computeRecordBatchCrc(stored));
    expect(world.log().offsetForTimestamp(NOW - 5)).toEqual({ offset: 0, timestamp: NOW - 5 });
  });
});
