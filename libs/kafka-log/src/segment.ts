import { RECORD_BATCH_HEADER_BYTES } from '@penstock/kafka-protocol';
import * as header from './batch-header.ts';
import type { BatchVisitor, DamagedRange, ScanEnd } from './batch-scan.ts';
import { findNextBatch, isWholeBatch, scanBatches } from './batch-scan.ts';
import type { Files } from './files.ts';
import type { OpenFiles } from './open-files.ts';
import { PooledFile } from './open-files.ts';
import type { IndexEntry } from './segment-index.ts';
import { IndexDamagedError, SegmentIndex } from './segment-index.ts';
import { writeAll } from './whole-file.ts';

const HINTS_MAX = 8;
const NO_HINTS = new Float64Array(0);
/** Buffer for reading one header, shared by all segments, of which there can be thousands. */
const HEAD = Buffer.alloc(RECORD_BATCH_HEADER_BYTES);

/** Where a batch lies; `bad` says why if the bytes at `position` are no batch. */
export interface Located {
  readonly position: number;
  readonly nextOffset: number;
  readonly bad: string | undefined;
}

/**
 * A part of a partition's log in one file `<base offset, 20 digits>.log`: batches exactly as they
 * are served, one after the other, nothing else. Relative offsets fit 32 bits.
 */
export class Segment {
  readonly baseOffset: number;
  readonly log: PooledFile;
  readonly index: SegmentIndex;
  /** Bytes of whole batches (and of damaged ranges between them). */
  sizeBytes = 0;
  /** The last offset plus one. */
  nextOffset: number;
  /** Largest timestamp of its batches; -1 if none. */
  maxTimestamp = -1;
  /** Bytes that cannot be read, in order. */
  damaged: DamagedRange[] = [];
  /** Bytes from here on were written by this process. */
  writtenFrom = 0;
  /** A range below `writtenFrom` in which reads have checked all CRCs. */
  verifiedFrom = 0;
  verifiedTo = 0;
  readonly #files: Files;
  readonly #open: OpenFiles;
  #indexedPosition = 0;
  /** Timestamp of the first batch; undefined until asked for. */
  #firstTimestamp: number | undefined;
  /** Where readers continue; allocated for the first reader, since most segments have none. */
  #hintOffsets = NO_HINTS;
  #hintPositions = NO_HINTS;
  #hintNext = 0;

  /** `index.interval.bytes` for the batches to come. */
  indexIntervalBytes: number;

  constructor(
    files: Files,
    open: OpenFiles,
    directory: string,
    baseOffset: number,
    indexIntervalBytes: number,
    suffix = '',
  ) {
    const name = `${directory}/${offsetName(baseOffset)}`;
    this.indexIntervalBytes = indexIntervalBytes;
    this.#files = files;
    this.#open = open;
    this.baseOffset = baseOffset;
    this.nextOffset = baseOffset;
    this.log = new PooledFile(`${name}.log${suffix}`, 'write');
    this.index = new SegmentIndex(files, open, `${name}.index${suffix}`, baseOffset);
  }

  get isEmpty(): boolean {
    return this.sizeBytes === 0;
  }

  descriptor(): number {
    return this.#open.descriptor(this.log);
  }

  /**
   * Writes a batch after the last one. After a failed write, `cutTail` must cut off what it left.
   */
  write(batch: Buffer): void {
    const descriptor = this.descriptor();
    const written = this.#files.write(descriptor, batch, 0, batch.length, this.sizeBytes);
    if (written !== batch.length) {
      writeAll(this.#files, descriptor, batch.subarray(written), this.sizeBytes + written);
    }
  }

  /** Takes a batch that lies after the last one into account. */
  noteBatch(
    position: number,
    size: number,
    baseOffset: number,
    lastOffset: number,
    maxTimestamp: number,
  ): void {
    if (position - this.#indexedPosition >= this.indexIntervalBytes) {
      this.index.add(baseOffset, position, this.maxTimestamp);
      this.#indexedPosition = position;
    }
    if (position === 0) this.#firstTimestamp = maxTimestamp;
    if (maxTimestamp > this.maxTimestamp) this.maxTimestamp = maxTimestamp;
    this.sizeBytes = position + size;
    this.nextOffset = lastOffset + 1;
  }

  /** Whether anything lies after the last whole batch. */
  hasTail(): boolean {
    return (this.#files.size(this.log.path) ?? 0) > this.sizeBytes;
  }

  /** Removes whatever lies after the last whole batch. */
  cutTail(): void {
    this.#files.truncate(this.descriptor(), this.sizeBytes);
  }

  /**
   * Largest timestamp of the first batch, -1 if the segment is empty. The age of the segment is
   * measured from it.
   */
  firstTimestamp(): number {
    if (this.isEmpty) return -1;
    if (this.#firstTimestamp === undefined) {
      const bytes = Buffer.alloc(RECORD_BATCH_HEADER_BYTES);
      const read = this.#files.read(this.descriptor(), bytes, 0, bytes.length, 0);
      this.#firstTimestamp = read === bytes.length ? header.maxTimestampAt(bytes, 0) : -1;
    }
    return this.#firstTimestamp;
  }

  /**
   * Finds the first batch that ends at or after `offset`, which must be below `nextOffset` and in
   * no damaged range.
   */
  locate(offset: number): Located {
    const hinted = this.#hintOffsets.indexOf(offset);
    if (hinted >= 0) {
      return { position: this.#hintPositions[hinted]!, nextOffset: offset, bad: undefined };
    }
    const entry = this.#indexed((index) => index.floorByOffset(offset));
    const end = this.scan(entry?.position ?? 0, entry?.offset ?? this.baseOffset, (bytes, at) => {
      return header.lastOffsetAt(bytes, at) >= offset;
    });
    if (end.bad === undefined && end.position >= this.sizeBytes) {
      return { ...end, bad: 'the segment ends before this offset' };
    }
    return end;
  }

  /** Where the batch of `offset` lies, or an indexed one before it; without reading the segment. */
  positionNear(offset: number): number {
    const hinted = this.#hintOffsets.indexOf(offset);
    if (hinted >= 0) return this.#hintPositions[hinted]!;
    if (offset >= this.nextOffset) return this.sizeBytes;
    return this.#indexed((index) => index.floorByOffset(offset))?.position ?? 0;
  }

  /**
   * Remembers that a batch beginning with `offset` lies at `position`, for a reader that continues
   * there.
   */
  remember(offset: number, position: number): void {
    // The bytes there are bad: `locate` must step over them.
    if (this.damaged.some(({ fromPosition }) => fromPosition === position)) return;
    if (this.#hintOffsets === NO_HINTS) {
      this.#hintOffsets = new Float64Array(HINTS_MAX).fill(-1);
      this.#hintPositions = new Float64Array(HINTS_MAX);
    }
    const known = this.#hintOffsets.indexOf(offset);
    const slot = known >= 0 ? known : this.#hintNext;
    if (known < 0) this.#hintNext = (this.#hintNext + 1) % HINTS_MAX;
    this.#hintOffsets[slot] = offset;
    this.#hintPositions[slot] = position;
  }

  forgetHints(): void {
    this.#hintOffsets.fill(-1);
  }

  /**
   * Finds the first batch with a timestamp of at least `timestamp` that ends at or after `offset`;
   * undefined if there is none.
   */
  locateTimestamp(timestamp: number, offset: number): Located | undefined {
    const byTime = this.#indexed((index) => index.floorByTimestamp(timestamp));
    const byOffset = this.#indexed((index) => index.floorByOffset(offset));
    const entry = (byOffset?.position ?? 0) > (byTime?.position ?? 0) ? byOffset : byTime;
    const end = this.scan(entry?.position ?? 0, entry?.offset ?? this.baseOffset, (bytes, at) => {
      return (
        header.maxTimestampAt(bytes, at) >= timestamp && header.lastOffsetAt(bytes, at) >= offset
      );
    });
    return end.bad === undefined && end.position >= this.sizeBytes ? undefined : end;
  }

  /** A batch boundary at or before the batch with `offset`, and the least offset there. */
  floorOf(offset: number): { position: number; nextOffset: number } {
    const entry = this.#indexed((index) => index.floorByOffset(offset));
    return { position: entry?.position ?? 0, nextOffset: entry?.offset ?? this.baseOffset };
  }

  /** Largest timestamp of the batches with records that end at or after `offset`; -1 if none. */
  largestTimestampFrom(offset: number): number {
    let largest = -1;
    this.scan(0, this.baseOffset, (bytes, at) => {
      if (header.recordCountAt(bytes, at) > 0 && header.lastOffsetAt(bytes, at) >= offset) {
        largest = Math.max(largest, header.maxTimestampAt(bytes, at));
      }
      return false;
    });
    return largest;
  }

  /** Visits headers from a batch boundary on, stepping over damaged ranges. */
  scan(from: number, offsetMin: number, visit: BatchVisitor): ScanEnd {
    const range = { from, to: this.sizeBytes, trustedTo: Infinity };
    const options = { ...range, offsetMin, damaged: this.damaged };
    return scanBatches(this.#files, this.descriptor(), options, visit);
  }

  /** The whole batch at `position`; undefined if the file ends before it does. */
  batchAt(position: number): Buffer | undefined {
    const head = Buffer.alloc(RECORD_BATCH_HEADER_BYTES);
    const descriptor = this.descriptor();
    if (this.#files.read(descriptor, head, 0, head.length, position) < head.length) {
      return undefined;
    }
    const size = header.batchSizeAt(head, 0);
    if (size < RECORD_BATCH_HEADER_BYTES || position + size > this.sizeBytes) return undefined;
    const batch = Buffer.allocUnsafe(size);
    return this.#files.read(descriptor, batch, 0, size, position) === size ? batch : undefined;
  }

  /**
   * Marks what lies at `position` as unreadable, up to the next good batch or the end.
   * @param offsetEnd base offset of the next segment, or the log end
   */
  quarantine(
    position: number,
    fromOffset: number,
    offsetEnd: number,
    reason: string,
  ): DamagedRange {
    const next = findNextBatch(
      this.#files,
      this.descriptor(),
      { from: position, to: this.sizeBytes, offsetMin: fromOffset, offsetEnd },
      this.#indexed((index) => index.ceilingByPosition(position))?.position,
    );
    const range: DamagedRange = {
      fromPosition: position,
      toPosition: next?.position ?? this.sizeBytes,
      fromOffset,
      toOffset: next?.offset ?? offsetEnd,
      reason,
    };
    this.damaged.push(range);
    this.damaged.sort((a, b) => a.fromPosition - b.fromPosition);
    this.forgetHints();
    return range;
  }

  /** The damaged range that `offset` lies in. */
  damageAt(offset: number): DamagedRange | undefined {
    if (this.damaged.length === 0) return undefined;
    return this.damaged.find((range) => offset >= range.fromOffset && offset < range.toOffset);
  }

  /**
   * Loads what a previous run left in the file. Bytes below `trustedTo` were durable: they are read
   * only from the last index entry on, and damage among them is kept and stepped over. Above it
   * every batch must match its CRC; the first that does not ends the segment. The file is not cut
   * here.
   */
  load({ trustedTo, offsetEnd, isFollowed }: LoadOptions): LoadResult {
    const fileSize = this.#files.size(this.log.path) ?? 0;
    const start = this.#loadStart(Math.min(trustedTo, fileSize));
    this.maxTimestamp = start.maxTimestampBefore;
    let { position, offset } = start;
    for (;;) {
      const end = scanBatches(
        this.#files,
        this.descriptor(),
        {
          ...{ from: position, to: fileSize, offsetMin: offset },
          ...{ trustedTo, damaged: this.damaged },
          // At the end of the log, batches above `trustedTo` may end above `offsetEnd`.
          ...((isFollowed || fileSize <= trustedTo) && { offsetEnd }),
        },
        (bytes, at, batchPosition, size) => {
          const lastOffset = header.lastOffsetAt(bytes, at);
          const maxTimestamp = header.maxTimestampAt(bytes, at);
          const baseOffset = header.baseOffsetAt(bytes, at);
          this.noteBatch(batchPosition, size, baseOffset, lastOffset, maxTimestamp);
          return false;
        },
      );
      this.nextOffset = end.nextOffset;
      const isTorn = (): boolean =>
        end.position >= trustedTo && !(isFollowed && this.#isIntactAt(end.position));
      if (end.bad === undefined || isTorn()) {
        this.sizeBytes = end.position;
        this.writtenFrom = end.position;
        return { fileSize, torn: end.bad };
      }
      this.sizeBytes = fileSize;
      const range = this.quarantine(end.position, end.nextOffset, offsetEnd, end.bad);
      position = range.toPosition;
      offset = range.toOffset;
    }
  }

  /**
   * Whether there is a whole batch with a good CRC. A write that was cut short leaves none, so that
   * only the base offset can be damaged, which no CRC covers.
   */
  #isIntactAt(position: number): boolean {
    const range = { from: position, to: this.#files.size(this.log.path) ?? 0 };
    return isWholeBatch(this.#files, this.descriptor(), range);
  }

  /** Where `load` begins to read: the last index entry among the trusted bytes. */
  #loadStart(trustedSize: number): IndexEntry {
    const none = { position: 0, offset: this.baseOffset, maxTimestampBefore: -1 };
    try {
      if (this.index.load()) {
        this.index.truncate(trustedSize);
        const last = this.index.last();
        this.#indexedPosition = last?.position ?? 0;
        return last ?? none;
      }
    } catch (error) {
      if (!(error instanceof IndexDamagedError)) throw error;
    }
    this.index.reset();
    return none;
  }

  /**
   * Visits the headers of all batches that end at or after `offset`. Bad bytes on the way are
   * quarantined and stepped over.
   */
  forEachBatch(
    offset: number,
    offsetEnd: number,
    visit: (bytes: Buffer, at: number) => void,
  ): void {
    const entry = this.#indexed((index) => index.floorByOffset(offset));
    let position = entry?.position ?? 0;
    let offsetMin = entry?.offset ?? this.baseOffset;
    for (;;) {
      const end = this.scan(position, offsetMin, (bytes, at) => {
        if (header.lastOffsetAt(bytes, at) >= offset) visit(bytes, at);
        return false;
      });
      if (end.bad === undefined) return;
      const range = this.quarantine(end.position, end.nextOffset, offsetEnd, end.bad);
      position = range.toPosition;
      offsetMin = range.toOffset;
    }
  }

  /**
   * Asks the index for an entry. Rebuilds the index if it is damaged or points to a batch that is
   * not there.
   */
  #indexed(ask: (index: SegmentIndex) => IndexEntry | undefined): IndexEntry | undefined {
    try {
      const entry = ask(this.index);
      if (entry === undefined || this.#isBatchAt(entry)) return entry;
    } catch (error) {
      if (!(error instanceof IndexDamagedError)) throw error;
    }
    this.#rebuildIndex();
    return ask(this.index);
  }

  #isBatchAt(entry: IndexEntry): boolean {
    const bytes = HEAD;
    const read = this.#files.read(this.descriptor(), bytes, 0, bytes.length, entry.position);
    return (
      read === bytes.length &&
      header.isPlausible(bytes, 0, entry.offset) &&
      header.baseOffsetAt(bytes, 0) === entry.offset
    );
  }

  /** Builds the index from the batches' headers; what is no batch is stepped over. */
  #rebuildIndex(): void {
    this.index.reset();
    let maxTimestamp = -1;
    let indexed = 0;
    const visit: BatchVisitor = (bytes, at, position) => {
      if (position - indexed >= this.indexIntervalBytes) {
        this.index.add(header.baseOffsetAt(bytes, at), position, maxTimestamp);
        indexed = position;
      }
      maxTimestamp = Math.max(maxTimestamp, header.maxTimestampAt(bytes, at));
      return false;
    };
    let end = this.scan(0, this.baseOffset, visit);
    while (end.bad !== undefined) {
      const bad = { from: end.position, to: this.sizeBytes, offsetMin: end.nextOffset };
      const range = { ...bad, offsetEnd: Infinity };
      const next = findNextBatch(this.#files, this.descriptor(), range, undefined);
      if (next === undefined) break;
      end = this.scan(next.position, next.offset, visit);
    }
    this.#indexedPosition = indexed;
  }

  /** Gives the file of batches another name. */
  renameLog(path: string): void {
    this.#open.close(this.log);
    this.#files.rename(this.log.path, path);
    this.log.path = path;
  }

  close(): void {
    this.#open.close(this.log);
    this.index.close();
  }
}

export interface LoadOptions {
  /** Position below which the bytes were durable. */
  readonly trustedTo: number;
  /** Base offset of the next segment, or the least offset at which the log can end. */
  readonly offsetEnd: number;
  /** Whether there is a next segment. */
  readonly isFollowed: boolean;
}

export interface LoadResult {
  readonly fileSize: number;
  /** Why the bytes behind `sizeBytes` are no batch; undefined if there are none. */
  readonly torn: string | undefined;
}

/** Kafka's name for files that belong to an offset: 20 digits. */
export function offsetName(offset: number): string {
  return String(offset).padStart(20, '0');
}
