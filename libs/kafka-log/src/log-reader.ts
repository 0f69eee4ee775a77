import { isRecordBatchIntact, RECORD_BATCH_HEADER_BYTES } from '@penstock/kafka-protocol';
import * as header from './batch-header.ts';
import { endOfHollowBatches, hasRecordFrom } from './hollow-batches.ts';
import { readAll } from './whole-file.ts';
import type { Files } from './files.ts';
import type { ReadResult } from './results.ts';
import type { Segment } from './segment.ts';

export interface SegmentRead {
  readonly files: Files;
  readonly segment: Segment;
  readonly target: Buffer;
  /** Where in `target` to begin. */
  readonly start: number;
  readonly offset: number;
  readonly maxBytes: number;
  readonly minOneBatch: boolean;
  /** Batches that begin at or after this offset are not read. */
  readonly endOffset: number;
  /** Bytes of the segment at or after this position are not read. */
  readonly endPosition: number;
  /** False: batches without a record at or after `offset` are skipped. */
  readonly mayLackRecords: boolean;
  /** Called with bad bytes; makes them a damaged range of the segment. */
  readonly quarantine: (position: number, fromOffset: number, reason: string) => void;
}

/** There is no record between the offset of the read and this offset. */
export interface NoRecords {
  readonly noRecordsBefore: number;
}

/**
 * Copies whole batches of one segment, the first being the one that contains `offset`. The bytes go
 * straight from the file to their place in the response. The CRC of a batch that this process has
 * neither written nor read before is checked, once: clients may not notice damage (librdkafka does
 * not check by default).
 *
 * Returns undefined if it found bad bytes at the offset and quarantined them: the caller reads
 * again.
 */
export function readSegment(read: SegmentRead): ReadResult | NoRecords | undefined {
  const { files, segment, target, start, offset } = read;
  const located = segment.locate(offset);
  if (located.bad !== undefined) {
    read.quarantine(located.position, located.nextOffset, located.bad);
    return undefined;
  }
  const { position } = located;
  const capacity = target.length - start;
  const available = readableEnd(segment, position, read.endPosition) - position;
  if (available <= 0) return { ok: true, bytes: 0, nextOffset: offset };
  const wanted = Math.min(Math.max(read.maxBytes, RECORD_BATCH_HEADER_BYTES), capacity, available);
  if (wanted < RECORD_BATCH_HEADER_BYTES) return tooSmall(segment, position, offset, read);
  const descriptor = segment.descriptor();
  let length = readAll(files, descriptor, target, start, wanted, position);
  const firstSize = header.batchSizeAt(target, start);
  if (length < firstSize && firstSize <= available && firstSize >= RECORD_BATCH_HEADER_BYTES) {
    if (firstSize > read.maxBytes && !read.minOneBatch) {
      return { ok: true, bytes: 0, nextOffset: offset };
    }
    if (firstSize > capacity) return bufferTooSmall(firstSize);
    length += readAll(
      files,
      descriptor,
      target,
      start + length,
      firstSize - length,
      position + length,
    );
  }
  return takeWholeBatches(read, position, length, located.nextOffset);
}

/** Where a read at `position` must end: before bytes known to be bad. */
function readableEnd(segment: Segment, position: number, endPosition: number): number {
  let end = Math.min(endPosition, segment.sizeBytes);
  for (const range of segment.damaged) {
    if (range.fromPosition >= position && range.fromPosition < end) end = range.fromPosition;
  }
  return end;
}

function tooSmall(
  segment: Segment,
  position: number,
  offset: number,
  read: SegmentRead,
): ReadResult {
  const batch = segment.batchAt(position);
  if (!read.minOneBatch || batch === undefined) return { ok: true, bytes: 0, nextOffset: offset };
  return bufferTooSmall(batch.length);
}

function bufferTooSmall(neededBytes: number): ReadResult {
  return { ok: false, error: 'bufferTooSmall', errorCode: 0, neededBytes };
}

/** Walks the bytes read and keeps the whole, undamaged batches below `endOffset`. */
function takeWholeBatches(
  read: SegmentRead,
  position: number,
  length: number,
  firstOffset: number,
): ReadResult | NoRecords | undefined {
  const { segment, target, start, endOffset } = read;
  const end = start + length;
  let at = start;
  let nextOffset = firstOffset;
  while (at + RECORD_BATCH_HEADER_BYTES <= end) {
    const size = header.batchSizeAt(target, at);
    const filePosition = position + at - start;
    const bad = badReason(read, at, size, end, filePosition, nextOffset);
    if (bad === INCOMPLETE) break;
    if (bad !== undefined) {
      // Bad bytes after good batches are left to the next read, which begins there.
      if (at === start) {
        read.quarantine(filePosition, firstOffset, bad);
        return undefined;
      }
      break;
    }
    if (header.baseOffsetAt(target, at) >= endOffset) break;
    nextOffset = header.lastOffsetAt(target, at) + 1;
    at += size;
    noteVerified(segment, filePosition, filePosition + size);
  }
  const bytes = at - start;
  if (bytes === 0) return { ok: true, bytes: 0, nextOffset: read.offset };
  segment.remember(nextOffset, position + bytes);
  if (!read.mayLackRecords && !hasRecordFrom(target, start, at, read.offset)) {
    return passOver(read, { position: position + bytes, nextOffset });
  }
  return { ok: true, bytes, nextOffset };
}

function passOver(read: SegmentRead, from: { position: number; nextOffset: number }): NoRecords {
  const { segment, offset, endPosition } = read;
  const end = endOfHollowBatches(segment, from, endPosition);
  // For readers that ask for this offset again, and for readers that continue at the end.
  if (end.position < Math.min(segment.sizeBytes, endPosition)) {
    segment.remember(offset, end.position);
    segment.remember(end.nextOffset, end.position);
  }
  return { noRecordsBefore: end.nextOffset };
}

const INCOMPLETE = 'incomplete';

/** @param nextOffset least base offset of the batch: the batch before it ends there */
function badReason(
  { segment, target, offset }: SegmentRead,
  at: number,
  size: number,
  end: number,
  filePosition: number,
  nextOffset: number,
): string | undefined {
  if (!header.isPlausible(target, at, nextOffset)) return 'the header is not that of a batch';
  if (filePosition + size > segment.sizeBytes) return 'the batch is cut off';
  if (at + size > end) return INCOMPLETE;
  const lastOffset = header.lastOffsetAt(target, at);
  if (lastOffset < offset) return 'the offset is wrong';
  const hasGap = header.baseOffsetAt(target, at) > nextOffset;
  if (
    lastOffset >= segment.nextOffset ||
    (hasGap && overlapsNext(segment, filePosition + size, lastOffset))
  ) {
    return 'the offsets of the batch overlap those of others';
  }
  const isVerified =
    filePosition >= segment.writtenFrom ||
    (filePosition >= segment.verifiedFrom && filePosition < segment.verifiedTo);
  if (!isVerified && !isRecordBatchIntact(target, at)) return 'the CRC does not match';
  return undefined;
}

/**
 * Whether the offsets of a batch overlap those of the next batch in the file. No CRC covers the
 * base offset; if damage made it larger, there is a gap before the batch and an overlap after it.
 */
function overlapsNext(segment: Segment, nextPosition: number, lastOffset: number): boolean {
  const next = segment.batchAt(nextPosition);
  return next !== undefined && header.baseOffsetAt(next, 0) <= lastOffset;
}

/** Extends the verified range, or begins a new one at this batch. */
function noteVerified(segment: Segment, from: number, to: number): void {
  if (from >= segment.writtenFrom) return;
  if (from >= segment.verifiedFrom && to <= segment.verifiedTo) return;
  if (from === segment.verifiedTo) segment.verifiedTo = to;
  else if (to === segment.verifiedFrom) segment.verifiedFrom = from;
  else if (from < segment.verifiedFrom || from > segment.verifiedTo) {
    segment.verifiedFrom = from;
    segment.verifiedTo = to;
  }
}
