import type { RecordInput } from '@penstock/kafka-protocol';
import { decodeRecords, recordBatches } from '@penstock/kafka-protocol';
import { compressionCodecs } from '../codecs.ts';
import type { Attempt, ReadRecord } from './checker.ts';

const ID_HEADER = 'id';

/** The record for an attempt; its id travels in a header, since a tombstone has no value. */
export function recordOf({ id, key, value }: Attempt, timestamp: number): RecordInput {
  return {
    timestamp,
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: [{ key: ID_HEADER, value: Buffer.from(id) }],
  };
}

/**
 * The records at or after `from` in what a Fetch gave, and where its last whole batch ends;
 * `from` itself if there is none.
 */
export function readRecords(bytes: Buffer, from: number): { records: ReadRecord[]; next: number } {
  const records: ReadRecord[] = [];
  let next = from;
  for (const slice of recordBatches(bytes)) {
    for (const { offset, key, value, headers } of decodeRecords(bytes, slice, compressionCodecs)) {
      if (offset < from) continue;
      records.push({
        offset,
        id: headers.find((header) => header.key === ID_HEADER)?.value?.toString() ?? '',
        key: key === null ? null : key.toString(),
        value: value === null ? null : value.toString(),
      });
    }
    const { baseOffset, lastOffsetDelta } = slice.header;
    next = Math.max(next, baseOffset + lastOffsetDelta + 1);
  }
  return { records, next };
}
