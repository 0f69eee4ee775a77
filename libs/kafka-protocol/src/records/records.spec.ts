import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  assignBaseOffset,
  compressionOf,
  computeRecordBatchCrc,
  decodeRecords,
  encodeRecordBatch,
  ErrorCodes,
  isControlBatch,
  isRecordBatchIntact,
  isTransactionalBatch,
  ProtocolError,
  readRecordBatchHeader,
  recordBatches,
  stampLogAppendTime,
  timestampTypeOf,
  validateProducedRecords,
  type CompressionCodecs,
  type LogRecord,
  type ProducedRecordsLimits,
  type RecordInput,
} from '../index.ts';

/** Batches written by Apache Kafka's own classes: see tools/golden/GoldenRecordBatches.java. */
const golden = new Map(
  readFileSync(new URL('./golden/record-batches.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ') as [string, string])
    .map(([name, hex]) => [name, Buffer.from(hex, 'hex')]),
);

const gzip: CompressionCodecs = {
  compress: (_compression, data) => gzipSync(data),
  decompress: (_compression, data, bytesMax) => gunzipSync(data, { maxOutputLength: bytesMax }),
};

const RECORDS: readonly RecordInput[] = [
  {
    timestamp: 1_700_000_000_000,
    key: Buffer.from('key'),
    value: Buffer.from('value ü'),
    headers: [
      { key: 'trace-ü', value: Buffer.from([1, 2, 3]) },
      { key: 'none', value: null },
    ],
  },
  { timestamp: 1_700_000_000_500, key: null, value: Buffer.alloc(300) },
  { timestamp: 1_699_999_999_000, key: Buffer.from('tombstone'), value: null },
  { timestamp: 1_700_000_000_001, key: Buffer.alloc(0), value: Buffer.alloc(0) },
];

const BASE_OFFSET = 5_000_000_000;
const DECODED = RECORDS.map((record, index) => ({
  headers: [],
  ...record,
  offset: BASE_OFFSET + index,
}));

function batchOf(name: string): Buffer {
  return Buffer.from(golden.get(name)!);
}

function recordsOf(batch: Buffer): LogRecord[] {
  return [...recordBatches(batch)].flatMap((slice) => [...decodeRecords(batch, slice, gzip)]);
}

describe('record batches written by Kafka', () => {
  it('decode to their records, compressed or not', () => {
    for (const name of ['plain', 'gzip', 'transactional']) {
      expect(isRecordBatchIntact(batchOf(name)), name).toBe(true);
      expect(recordsOf(batchOf(name)), name).toEqual(DECODED);
    }
  });

  it('are what this library writes, byte for byte', () => {
    const plain = { records: RECORDS, baseOffset: BASE_OFFSET, partitionLeaderEpoch: 7 };
    expect(encodeRecordBatch(plain)).toEqual(batchOf('plain'));
    const producer = { producerId: 4000, producerEpoch: 3, baseSequence: 17 };
    const transactional = { ...plain, ...producer, isTransactional: true };
    expect(encodeRecordBatch(transactional)).toEqual(batchOf('transactional'));
    const marker = {
      timestamp: 1_700_000_000_000,
      key: Buffer.from('00000001', 'hex'),
      value: Buffer.from('000000000009', 'hex'),
    };
    expect(
      encodeRecordBatch({
        ...transactional,
        baseSequence: -1,
        isControl: true,
        records: [marker],
      }),
    ).toEqual(batchOf('commit-marker'));
  });

  it('show their properties in the header', () => {
    const header = readRecordBatchHeader(batchOf('transactional'));
    expect(header).toMatchObject({
      baseOffset: BASE_OFFSET,
      partitionLeaderEpoch: 7,
      baseTimestamp: 1_700_000_000_000,
      maxTimestamp: 1_700_000_000_500,
      producerId: 4000,
      producerEpoch: 3,
      baseSequence: 17,
      recordCount: 4,
    });
    expect(header.byteLength).toBe(batchOf('transactional').length);
    expect(isTransactionalBatch(header) && !isControlBatch(header)).toBe(true);
    expect(isControlBatch(readRecordBatchHeader(batchOf('commit-marker')))).toBe(true);
    expect(compressionOf(readRecordBatchHeader(batchOf('gzip')))).toBe('gzip');
  });

  it('give every record the append time where the topic says so', () => {
    const batch = batchOf('append-time');
    const { maxTimestamp } = readRecordBatchHeader(batch);
    expect(recordsOf(batch).map((record) => record.timestamp)).toEqual(Array(4).fill(maxTimestamp));
  });
});

describe('a batch in place', () => {
  it('takes offset and leader epoch without a new checksum', () => {
    const batch = batchOf('plain');
    assignBaseOffset(batch, { baseOffset: 2 ** 40, partitionLeaderEpoch: 12 });
    expect(isRecordBatchIntact(batch)).toBe(true);
    expect(readRecordBatchHeader(batch)).toMatchObject({
      baseOffset: 2 ** 40,
      partitionLeaderEpoch: 12,
    });
    expect(recordsOf(batch)[3]?.offset).toBe(2 ** 40 + 3);
  });

  it('takes the append time with a new checksum', () => {
    const batch = batchOf('plain');
    stampLogAppendTime(batch, 1_800_000_000_000);
    expect(isRecordBatchIntact(batch)).toBe(true);
    expect(timestampTypeOf(readRecordBatchHeader(batch))).toBe('log-append-time');
    expect(recordsOf(batch)[0]?.timestamp).toBe(1_800_000_000_000);
  });
});

describe('several batches in one buffer', () => {
  it('are found in order, a cut last one left out', () => {
    const buffer = Buffer.concat([batchOf('plain'), batchOf('gzip'), batchOf('commit-marker')]);
    expect([...recordBatches(buffer)].map(({ header }) => header.recordCount)).toEqual([4, 4, 1]);
    expect([...recordBatches(buffer.subarray(0, -1))]).toHaveLength(2);
    expect([...recordBatches(Buffer.alloc(0))]).toEqual([]);
  });

  it('end with an error at a length that cannot be', () => {
    const batch = batchOf('plain');
    batch.writeInt32BE(48, 8);
    expect(() => [...recordBatches(batch)]).toThrow(ProtocolError);
  });
});

describe('records that lie', () => {
  it('are rejected at any byte that is changed, or give records, but never anything else', () => {
    const original = batchOf('plain');
    const outcomes = { accepted: 0, rejected: 0 };
    for (let at = 57; at < original.length; at++) {
      for (const byte of [0x00, 0x01, 0x7f, 0x80, 0xff]) {
        const batch = Buffer.from(original);
        batch[at] = byte;
        outcomes[outcomeOf(batch)]++;
      }
    }
    expect(outcomes.rejected).toBeGreaterThan(100);
    expect(outcomes.accepted).toBeGreaterThan(100);
  });

  it('are rejected when a record is not as long as it says', () => {
    const timestamp = 1;
    const batch = encodeRecordBatch({ records: [{ timestamp }, { timestamp }] });
    for (const change of [-2, 2]) {
      const lying = Buffer.from(batch);
      lying[61]! += change;
      expect(() => recordsOf(lying), String(change)).toThrow('expected record to end at byte');
    }
  });

  it('may not unpack to more than the limit', () => {
    const batch = batchOf('gzip');
    const [slice] = recordBatches(batch);
    expect(() => [...decodeRecords(batch, slice!, gzip, 100)]).toThrow(/buffer/i);
    expect(() => [...decodeRecords(batch, slice!)]).toThrow(TypeError);
  });
});

/** Throws what is neither. */
function outcomeOf(batch: Buffer): 'accepted' | 'rejected' {
  try {
    recordsOf(batch);
    return 'accepted';
  } catch (error) {
    if (error instanceof ProtocolError) return 'rejected';
    throw error;
  }
}

describe('compressed batches', () => {
  it('come back as they were written', () => {
    const batch = encodeRecordBatch({
      records: RECORDS,
      baseOffset: BASE_OFFSET,
      compression: 'gzip',
      codecs: gzip,
    });
    expect(recordsOf(batch)).toEqual(DECODED);
  });
});

type Produced = Parameters<typeof validateProducedRecords>[0];

describe('produced records', () => {
  const limits = { batchBytesMax: 1_048_588, apiVersion: 9 };
  const good = encodeRecordBatch({ records: RECORDS });

  /** The good batch after a change to its bytes, with a checksum that matches again. */
  function changed(change: (batch: Buffer) => void): Buffer {
    const batch = Buffer.from(good);
    change(batch);
    batch.writeUInt32BE(computeRecordBatchCrc(batch), 17);
    return batch;
  }

  function errorOf(records: Produced, limit: Partial<ProducedRecordsLimits> = {}): string {
    const check = validateProducedRecords(records, { ...limits, ...limit });
    if (check.ok) return 'accepted';
    expect(check.errorCode).toBe(ErrorCodes[check.error]);
    return check.error;
  }

  it('are accepted with their header', () => {
    expect(validateProducedRecords(good, limits)).toEqual({
      ok: true,
      header: readRecordBatchHeader(good),
    });
  });

  it.each<[string, string, Produced, Partial<ProducedRecordsLimits>?]>([
    ['no records', 'INVALID_RECORD', null],
    ['empty records', 'INVALID_RECORD', Buffer.alloc(0)],
    ['two batches', 'INVALID_RECORD', Buffer.concat([good, good])],
    ['a message of magic 1', 'INVALID_RECORD', changed((b) => b.writeInt8(1, 16))],
    ['a message of magic 3', 'CORRUPT_MESSAGE', changed((b) => b.writeInt8(3, 16))],
    ['a batch that is cut', 'INVALID_RECORD', good.subarray(0, -1)],
    ['a header that is cut', 'INVALID_RECORD', good.subarray(0, 40)],
    ['a changed byte', 'CORRUPT_MESSAGE', Buffer.from(good).fill(9, good.length - 1)],
    ['a batch above the limit', 'MESSAGE_TOO_LARGE', good, { batchBytesMax: good.length - 1 }],
    ['a batch at the limit', 'accepted', good, { batchBytesMax: good.length }],
    ['a base offset', 'INVALID_RECORD', changed((b) => b.writeInt8(1, 7))],
    ['a count that differs', 'INVALID_RECORD', changed((b) => b.writeInt32BE(3, 57))],
    ['no count', 'INVALID_RECORD', changed((b) => b.writeInt32BE(0, 57))],
    ['a control batch', 'INVALID_RECORD', changed((b) => b.writeInt16BE(0x20, 21))],
    ['a producer id alone', 'INVALID_RECORD', changed((b) => b.fill(0, 43, 51))],
    ['an append time', 'accepted', changed((b) => b.writeInt16BE(8, 21))],
    ['compression 5', 'UNSUPPORTED_COMPRESSION_TYPE', changed((b) => b.writeInt16BE(5, 21))],
    ['zstd', 'accepted', changed((b) => b.writeInt16BE(4, 21)), { apiVersion: 7 }],
    [
      'zstd of old',
      'UNSUPPORTED_COMPRESSION_TYPE',
      changed((b) => b.writeInt16BE(4, 21)),
      { apiVersion: 6 },
    ],
  ])('with %s are answered %s', (_case, expected, records, limit) => {
    expect(errorOf(records, limit)).toBe(expected);
  });

  it('with a length that lies are answered as Kafka does', () => {
    const withLength = (length: number): Buffer => {
      const batch = Buffer.from(good);
      batch.writeInt32BE(length, 8);
      return batch;
    };
    for (const length of [-1, -0x80000000, 0, 48]) {
      expect(errorOf(withLength(length)), String(length)).toBe('CORRUPT_MESSAGE');
    }
    for (const length of [good.length, 0x7fffffff - 12, 0x7fffffff]) {
      expect(errorOf(withLength(length)), String(length)).toBe('INVALID_RECORD');
    }
  });
});
