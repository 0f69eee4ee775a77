import {
  compressionOf,
  readRecordBatchHeader,
  RECORD_BATCH_HEADER_BYTES,
} from '@penstock/kafka-protocol';
import type { RecordBatchHeader } from '@penstock/kafka-protocol';
import { DECOMPRESSED_BYTES_MAX } from './append-check.ts';
import * as header from './batch-header.ts';
import { decompress, DecompressionError } from './codecs.ts';
import { MalformedRecordsError, RecordCursor } from './records.ts';

/**
 * The uncompressed records of a batch, and where they begin in `bytes`.
 * @throws DecompressionError
 */
export function recordsOf(
  bytes: Buffer,
  at: number,
  batch: RecordBatchHeader,
): { bytes: Buffer; start: number } {
  const start = at + RECORD_BATCH_HEADER_BYTES;
  const end = at + batch.byteLength;
  const compression = compressionOf(batch) ?? 'none';
  if (compression === 'none') return { bytes: bytes.subarray(0, end), start };
  const records = decompress(compression, bytes.subarray(start, end), DECOMPRESSED_BYTES_MAX);
  return { bytes: records, start: 0 };
}

/**
 * Whether an intact batch, which ends at or after `offset`, holds a record (or a control record) at
 * or after `offset`. The records are decoded only if compaction has removed some of them and the
 * batch begins before `offset`. Records that cannot be decoded count as present: the reader finds
 * out what is wrong with them.
 */
export function holdsRecordFrom(bytes: Buffer, at: number, offset: number): boolean {
  const count = header.recordCountAt(bytes, at);
  if (count <= 0) return false;
  const baseOffset = header.baseOffsetAt(bytes, at);
  const isWhole = count === header.lastOffsetDeltaAt(bytes, at) + 1;
  if (isWhole || offset <= baseOffset) return true;
  try {
    const batch = readRecordBatchHeader(bytes, at);
    const { bytes: records, start } = recordsOf(bytes, at, batch);
    const cursor = new RecordCursor(records, start);
    for (let i = 0; i < count; i++) cursor.next();
    return baseOffset + cursor.offsetDelta >= offset;
  } catch (error) {
    if (error instanceof DecompressionError || error instanceof MalformedRecordsError) return true;
    throw error;
  }
}
