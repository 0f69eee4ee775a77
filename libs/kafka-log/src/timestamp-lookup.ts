import {
  compressionOf,
  readRecordBatchHeader,
  RECORD_BATCH_HEADER_BYTES,
  timestampTypeOf,
} from '@penstock/kafka-protocol';
import { DECOMPRESSED_BYTES_MAX } from './append-check.ts';
import { decompress, DecompressionError } from './codecs.ts';
import { findByTimestamp } from './records.ts';
import type { TimestampAndOffset } from './results.ts';

/**
 * The first record of a whole batch with a timestamp of at least `timestamp` and an offset of at
 * least `offsetMin`; undefined if it has none. A batch that cannot be decompressed counts as a
 * whole: its first offset and largest timestamp are the answer.
 */
export function findInBatch(
  batch: Buffer,
  timestamp: number,
  offsetMin: number,
): TimestampAndOffset | undefined {
  const header = readRecordBatchHeader(batch);
  const lastOffset = header.baseOffset + header.lastOffsetDelta;
  if (header.maxTimestamp < timestamp || lastOffset < offsetMin) return undefined;
  const whole = { offset: Math.max(header.baseOffset, offsetMin), timestamp: header.maxTimestamp };
  if (timestampTypeOf(header) === 'log-append-time') return whole;
  const compression = compressionOf(header);
  if (compression === undefined) return whole;
  let records = batch;
  let start = RECORD_BATCH_HEADER_BYTES;
  if (compression !== 'none') {
    try {
      records = decompress(compression, batch.subarray(start), DECOMPRESSED_BYTES_MAX);
      start = 0;
    } catch (error) {
      if (error instanceof DecompressionError) return whole;
      throw error;
    }
  }
  const found = findByTimestamp(records, start, {
    timestampDelta: timestamp - header.baseTimestamp,
    offsetDelta: offsetMin - header.baseOffset,
  });
  if (found === undefined) return undefined;
  return {
    offset: header.baseOffset + found.offsetDelta,
    timestamp: header.baseTimestamp + found.timestampDelta,
  };
}
