import { isRecordBatchIntact, RECORD_BATCH_HEADER_BYTES } from '@penstock/kafka-protocol';
import * as header from './batch-header.ts';
import { holdsRecordFrom } from './batch-records.ts';
import type { Segment } from './segment.ts';

/**
 * Batches without a record for the reader. Compaction leaves batches that stand for offsets and for
 * a producer's last sequence only, and batches whose last records are gone. Readers that go on
 * behind the last record they got ask for the same offset for ever if all they get is such batches.
 */

/** Whether any of the whole, intact batches in `bytes` holds a record at or behind `offset`. */
export function hasRecordFrom(bytes: Buffer, start: number, end: number, offset: number): boolean {
  for (let at = start; at < end; at += header.batchSizeAt(bytes, at)) {
    if (holdsRecordFrom(bytes, at, offset)) return true;
  }
  return false;
}

/** A place between two batches, and the least offset there. */
export interface BatchBoundary {
  readonly position: number;
  readonly nextOffset: number;
}

/**
 * Where a row of batches without records ends that begins at `from`, reading headers only. Stops
 * before bytes that are damaged: a reader is told of those.
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
