import {
  isRecordBatchIntact,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
} from '@penstock/kafka-protocol';
import * as header from './batch-header.ts';
import type { Files } from './files.ts';
import { readAll } from './whole-file.ts';

const HEADER_CHUNK_SIZE = 64 * 1024;
const CRC_CHUNK_SIZE = 1024 * 1024;

/** Bytes of a segment that are known to be unreadable; scans step over them. */
export interface DamagedRange {
  readonly fromPosition: number;
  readonly toPosition: number;
  readonly fromOffset: number;
  readonly toOffset: number;
  readonly reason: string;
}

export interface ScanOptions {
  readonly from: number;
  readonly to: number;
  /** Least base offset that a batch at `from` can have. */
  readonly offsetMin: number;
  /** Batches that end behind this position have their CRC checked. */
  readonly trustedTo: number;
  readonly damaged: readonly DamagedRange[];
  /** All batches end below this offset, if it is known: the next segment begins there. */
  readonly offsetEnd?: number;
}

export interface ScanEnd {
  /** `to`, or where the visitor stopped, or where the bytes are no batch. */
  readonly position: number;
  /** Least base offset that the next batch can have. */
  readonly nextOffset: number;
  /** Why the bytes at `position` are no batch; undefined if they were not the reason to end. */
  readonly bad: string | undefined;
}

/** Called with a buffer that holds at least the header of the batch at `at`; true ends the scan. */
export type BatchVisitor = (bytes: Buffer, at: number, position: number, size: number) => boolean;

/**
 * Walks a segment from header to header, reading as little as the options allow.
 *
 * A damaged header may still look plausible. The scan then finds bad bytes where the next batch
 * should begin, and ends at the batch with the damaged header, which the visitor has already seen.
 */
export function scanBatches(
  files: Files,
  descriptor: number,
  options: ScanOptions,
  visit: BatchVisitor,
): ScanEnd {
  const { to, trustedTo, offsetEnd = Infinity } = options;
  const chunkSize = trustedTo >= to ? HEADER_CHUNK_SIZE : CRC_CHUNK_SIZE;
  const window = new ReadWindow(files, descriptor, to, Math.min(chunkSize, to - options.from));
  let position = options.from;
  let nextOffset = options.offsetMin;
  // The last batch whose header looked plausible; below `trustedTo` nothing else was checked.
  let believedAt = -1;
  let believedMin = 0;
  const ended = (bad: string): ScanEnd => {
    const believed = { position: believedAt, offsetMin: believedMin };
    if (believedAt < 0 || !isBatchDamaged(window, believed, { position, nextOffset })) {
      return { position, nextOffset, bad };
    }
    return { position: believedAt, nextOffset: believedMin, bad: CRC_MISMATCH };
  };
  while (position < to) {
    // A damaged range may contain no offset: then `fromOffset` equals `toOffset`.
    const range = options.damaged.find(
      (damage) => damage.fromPosition === position && damage.toOffset >= nextOffset,
    );
    if (range !== undefined) {
      position = range.toPosition;
      nextOffset = range.toOffset;
      believedAt = -1;
      continue;
    }
    if (!window.holds(position, RECORD_BATCH_HEADER_BYTES)) return ended('the header is cut off');
    let at = window.at(position);
    if (!header.isPlausible(window.bytes, at, nextOffset)) {
      return ended('the header is not that of a batch');
    }
    if (header.lastOffsetAt(window.bytes, at) >= offsetEnd) {
      return ended('the offsets of the batch overlap those of others');
    }
    const size = header.batchSizeAt(window.bytes, at);
    if (position + size > to) return ended('the batch is cut off');
    believedAt = position;
    believedMin = nextOffset;
    if (position + size > trustedTo) {
      if (!window.holds(position, size)) return { position, nextOffset, bad: 'read came short' };
      at = window.at(position);
      if (!isRecordBatchIntact(window.bytes, at)) {
        return { position, nextOffset, bad: CRC_MISMATCH };
      }
    }
    if (visit(window.bytes, at, position, size)) return { position, nextOffset, bad: undefined };
    nextOffset = header.lastOffsetAt(window.bytes, at) + 1;
    position += size;
  }
  return { position, nextOffset, bad: undefined };
}

const CRC_MISMATCH = 'the CRC does not match';

/**
 * Whether the damage is in the batch before the bytes that seem bad: its CRC does not match, or
 * those bytes are a good batch that only conflicts with its offsets. No CRC covers the base offset.
 */
function isBatchDamaged(
  window: ReadWindow,
  believed: { position: number; offsetMin: number },
  next: { position: number; nextOffset: number },
): boolean {
  const size = next.position - believed.position;
  if (!window.holds(believed.position, size)) return false;
  const at = window.at(believed.position);
  if (!isRecordBatchIntact(window.bytes, at)) return true;
  // Its base offset follows the batch before it, so the damage is in the batch after it.
  if (header.baseOffsetAt(window.bytes, at) === believed.offsetMin) return false;
  const range = { to: Infinity, offsetMin: believed.offsetMin, offsetEnd: next.nextOffset };
  return validBatchOffset(window, next.position, range) !== undefined;
}

/** Whether a batch of any offset begins at `from`, ends within `to`, and matches its CRC. */
export function isWholeBatch(
  files: Files,
  descriptor: number,
  { from, to }: { from: number; to: number },
): boolean {
  const window = new ReadWindow(files, descriptor, to, CRC_CHUNK_SIZE);
  const range = { to, offsetMin: -Infinity, offsetEnd: Infinity };
  return validBatchOffset(window, from, range) !== undefined;
}

/**
 * Where readable batches begin again after bad bytes at `from`; undefined if there are none before
 * `to`. A batch counts if its CRC holds and its offset lies in [offsetMin, offsetEnd).
 *
 * It tries, in turn: the position that the bad batch's own length points to (a flipped bit is
 * mostly in a payload); every byte up to the next batch in the index; that batch.
 */
export function findNextBatch(
  files: Files,
  descriptor: number,
  range: { from: number; to: number; offsetMin: number; offsetEnd: number },
  indexedPosition: number | undefined,
): { position: number; offset: number } | undefined {
  const window = new ReadWindow(files, descriptor, range.to, CRC_CHUNK_SIZE);
  const offsetAt = (position: number): number | undefined =>
    validBatchOffset(window, position, range);

  if (window.holds(range.from, RECORD_BATCH_HEADER_BYTES)) {
    const size = header.batchSizeAt(window.bytes, window.at(range.from));
    if (size >= RECORD_BATCH_HEADER_BYTES) {
      const offset = offsetAt(range.from + size);
      if (offset !== undefined) return { position: range.from + size, offset };
    }
  }
  const limit = indexedPosition ?? range.to;
  for (let position = range.from + 1; position < limit;) {
    if (!window.holds(position, RECORD_BATCH_HEADER_BYTES)) break;
    const magic = window.nextMagic(position);
    if (magic < 0) {
      position = window.end - RECORD_BATCH_HEADER_BYTES + 1;
      continue;
    }
    if (magic >= limit) break;
    const offset = offsetAt(magic);
    if (offset !== undefined) return { position: magic, offset };
    position = magic + 1;
  }
  if (indexedPosition === undefined) return undefined;
  const offset = offsetAt(indexedPosition);
  return offset === undefined ? undefined : { position: indexedPosition, offset };
}

function validBatchOffset(
  window: ReadWindow,
  position: number,
  range: { to: number; offsetMin: number; offsetEnd: number },
): number | undefined {
  if (!window.holds(position, RECORD_BATCH_HEADER_BYTES)) return undefined;
  let at = window.at(position);
  if (!header.isPlausible(window.bytes, at, range.offsetMin)) return undefined;
  const offset = header.baseOffsetAt(window.bytes, at);
  const size = header.batchSizeAt(window.bytes, at);
  if (offset >= range.offsetEnd || position + size > range.to) return undefined;
  if (!window.holds(position, size)) return undefined;
  at = window.at(position);
  return isRecordBatchIntact(window.bytes, at) ? offset : undefined;
}

/** A stretch of a file in memory, moved and grown as positions are asked for. */
class ReadWindow {
  bytes: Buffer;
  readonly #files: Files;
  readonly #descriptor: number;
  /** Nothing at or after this position is read. */
  readonly #limit: number;
  #start = 0;
  #length = 0;

  constructor(files: Files, descriptor: number, limit: number, size: number) {
    this.#files = files;
    this.#descriptor = descriptor;
    this.#limit = limit;
    this.bytes = Buffer.allocUnsafe(Math.max(size, RECORD_BATCH_HEADER_BYTES));
  }

  /** Position behind the last byte held. */
  get end(): number {
    return this.#start + this.#length;
  }

  at(position: number): number {
    return position - this.#start;
  }

  /** Makes `size` bytes from `position` on available; false if the file does not have that many. */
  holds(position: number, size: number): boolean {
    if (position >= this.#start && position + size <= this.end) return true;
    if (position + size > this.#limit) return false;
    if (size > this.bytes.length) this.bytes = Buffer.allocUnsafe(size);
    this.#start = position;
    this.#length = readAll(
      this.#files,
      this.#descriptor,
      this.bytes,
      0,
      Math.min(this.bytes.length, this.#limit - position),
      position,
    );
    return size <= this.#length;
  }

  /**
   * First position in the window, from `position` on, with the magic byte of a batch; -1 if none.
   */
  nextMagic(position: number): number {
    const offset = header.MAGIC_POSITION;
    const found = this.bytes.indexOf(RECORD_BATCH_MAGIC, this.at(position) + offset);
    if (found < 0 || found - offset + RECORD_BATCH_HEADER_BYTES > this.#length) return -1;
    return this.#start + found - offset;
  }
}
