import { isRecordBatchIntact, RECORD_BATCH_HEADER_BYTES } from '@penstock/kafka-protocol';
import * as header from './batch-header.ts';
import { holdsRecordFrom } from './batch-records.ts';
import type { Segment } from './segment.ts';

/**
 * Batches without a record for the reader. Compaction leaves batches that only keep offsets and a
 * producer's last sequence, and batches whose last records were removed. A reader that continues
 * after the last record it got would ask for the same offset for ever if it got only such batches.
 */

/** Whether any of the whole, intact batches in `bytes` holds a record at or after `offset`. */
export function hasRecordFrom(bytes: Buffer, start: number, end: number, offset: number): boolean {
  for (let at = start; at < end; at += header.batchSizeAt(bytes, at)) {
    if (holdsRecordFrom(bytes, at, offset)) return true;
  }
  return false;
}

/** A position between two batches, and the least base offset that a batch there can have. */
export interface BatchBoundary {
  readonly position: number;
  readonly nextOffset: number;
}

/**
 * The end of the run of batches without records that begins at `from`. Reads headers only. Stops
 * before damaged bytes: a reader must be told of those.
 */
export function endOfHollowBatches(
  segment: Segment,
  from: BatchBoundary,
  endPosition: number,
): BatchBoundary {
  let end = from;
  if (from.position >= segment.sizeBytes) return end;
  segment.scan(from.position, from.nextOffset, (bytes, at, position, size) => {
    const isHollow =
      position === end.position &&
      position + size <= endPosition &&
      size === RECORD_BATCH_HEADER_BYTES &&
      header.recordCountAt(bytes, at) === 0 &&
      isRecordBatchIntact(bytes, at);
    if (!isHollow) return true;
    end = { position: position + size, nextOffset: header.lastOffsetAt(bytes, at) + 1 };
    return false;
  });
  return end;
}
