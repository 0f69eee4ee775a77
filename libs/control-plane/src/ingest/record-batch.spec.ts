import { Reader, crc32c, readRecordsBatch } from '@platformatic/kafka';
import { describe, expect, it } from 'vitest';
import { BATCH_HEADER_BYTES, encodeBatch, recordBytesMax } from './record-batch.ts';
import type { IncomingRecord } from './record.ts';

function record(given: Partial<IncomingRecord>): IncomingRecord {
  return {
    key: null,
    value: null,
    headers: [],
    partition: undefined,
    timestamp: undefined,
    ...given,
  };
}

const RECORDS = [
  record({ key: Buffer.from('k'), value: Buffer.from('v') }),
  record({ value: Buffer.alloc(300, 'x'), timestamp: 1_700_000_000_000 }),
  record({ key: Buffer.alloc(0), value: Buffer.alloc(0), timestamp: 0 }),
  record({
    value: Buffer.from('{"a":1}'),
    headers: [
      { name: Buffer.from('h'), value: Buffer.from('1') },
      { name: Buffer.from('h'), value: null },
    ],
    timestamp: 4_000_000_000_000_000,
  }),
  record({}),
];

const NOW = 1_763_000_000_000;

function encode(records: readonly IncomingRecord[]): Buffer {
  return encodeBatch({
    records,
    now: NOW,
    producerId: 4_000_000_000_123n,
    producerEpoch: 3,
    baseSequence: 77,
  });
}

describe('encodeBatch', () => {
  it('writes what the client’s own decoder reads', () => {
    const batch = readRecordsBatch(Reader.from(encode(RECORDS)));
    expect(batch).toMatchObject({
      firstOffset: 0n,
      magic: 2,
      attributes: 0,
      lastOffsetDelta: RECORDS.length - 1,
      firstTimestamp: BigInt(NOW),
      maxTimestamp: 4_000_000_000_000_000n,
      producerId: 4_000_000_000_123n,
      producerEpoch: 3,
      firstSequence: 77,
    });
    expect(batch.records).toHaveLength(RECORDS.length);
    batch.records.forEach((read, index) => {
      const { key, value, headers, timestamp } = RECORDS[index] as IncomingRecord;
      expect(read.offsetDelta).toBe(index);
      expect(read.key?.toString()).toBe(key?.toString());
      expect(read.value?.toString()).toBe(value?.toString());
      expect(NOW + Number(read.timestampDelta)).toBe(timestamp ?? NOW);
      expect(read.headers.map(([name, text]) => [String(name), text ?? null])).toEqual(
        headers.map((header) => [String(header.name), header.value]),
      );
    });
  });

  it('counts its length and sums what follows the CRC', () => {
    const batch = encode(RECORDS);
    expect(batch.readInt32BE(8)).toBe(batch.length - 12);
    expect(batch.readUInt32BE(17)).toBe(crc32c(batch.subarray(21)));
  });

  it('is never larger than its records were said to be', () => {
    const said = RECORDS.reduce((bytes, each) => bytes + recordBytesMax(each), BATCH_HEADER_BYTES);
    expect(encode(RECORDS).length).toBeLessThanOrEqual(said);
  });
});
