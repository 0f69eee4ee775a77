import { lastOffsetAt } from './batch-header.ts';
import { readSegment, type NoRecords } from './log-reader.ts';
import type { LogServices } from './log-services.ts';
import type { Gap } from './partition-recovery.ts';
import type { Damage, ReadResult, TimestampAndOffset } from './results.ts';
import type { Segment } from './segment.ts';
import { findInBatch } from './timestamp-lookup.ts';

/** Damaged ranges that one read may find before it gives up with an error. */
const QUARANTINES_MAX = 100;

/** A point of the log: everything below `offset`, which lies at `position` in `segment`. */
export interface LogPoint {
  readonly offset: number;
  readonly segment: Segment;
  readonly position: number;
}

export interface LogRead {
  readonly target: Buffer;
  /** Where in `target` to begin. */
  readonly start: number;
  readonly offset: number;
  readonly maxBytes: number;
  readonly minOneBatch: boolean;
  /** Batches that begin at or after this offset are not read. */
  readonly endOffset: number;
  /** Nothing after this point is read. */
  readonly end: LogPoint;
}

/**
 * The segments of a partition in order, and reads from them. There is at least one; the last is the
 * active segment. Knows which offsets cannot be read, and finds more of them while reading.
 */
export class LogSegments {
  readonly list: Segment[];
  gaps: Gap[];
  /** Offsets without a record, up to where reads ended when that was found. */
  #hollowTail = { from: -1, to: -1 };
  readonly #services: LogServices;
  readonly #partition: { readonly topic: string; readonly partition: number };

  constructor(
    services: LogServices,
    partition: { readonly topic: string; readonly partition: number },
    list: Segment[],
    gaps: Gap[],
  ) {
    this.#services = services;
    this.#partition = partition;
    this.list = list;
    this.gaps = gaps;
    for (const damage of this.damages(0)) this.#report(damage);
  }

  get active(): Segment {
    return this.list[this.list.length - 1]!;
  }

  get sizeBytes(): number {
    return this.list.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  get end(): LogPoint {
    const segment = this.active;
    return { offset: segment.nextOffset, segment, position: segment.sizeBytes };
  }

  /** Damage found so far at or after `logStartOffset`. */
  damages(logStartOffset: number): Damage[] {
    const damaged = this.list.flatMap(({ damaged: ranges, log }) =>
      ranges.map(({ fromOffset, toOffset, reason }) => {
        return { fromOffset, toOffset, reason, file: log.path };
      }),
    );
    return [...this.gaps, ...damaged]
      .filter(({ toOffset }) => toOffset > logStartOffset)
      .map((damage) => ({
        topic: this.#partition.topic,
        partition: this.#partition.partition,
        ...damage,
      }));
  }

  /**
   * Reads at an offset between log start and end. The result holds a record at or after the offset
   * if there is one before the end: batches without one are skipped, in this segment and the next
   * ones. If there is none up to the end, the result is batches without such a record, so that
   * readers that continue after the last batch reach the end.
   */
  read(read: LogRead): ReadResult {
    const found = this.readFrom(read.offset, { ...read, mayLackRecords: false });
    if (!('noRecordsBefore' in found)) {
      return found.ok && found.bytes === 0 ? { ...found, nextOffset: read.offset } : found;
    }
    this.#noteHollowTail(read.offset, found.noRecordsBefore);
    return this.readFrom(read.offset, { ...read, mayLackRecords: true }) as ReadResult;
  }

  /** @internal One step of `read`: the batches from `from` on, or that they hold no record. */
  readFrom(from: number, read: LogRead & { mayLackRecords: boolean }): ReadResult | NoRecords {
    let offset = from;
    for (let tries = 0; tries < QUARANTINES_MAX;) {
      const damage = this.#damageAt(offset);
      if (damage !== undefined) return damage;
      const index = this.#indexFor(offset);
      const segment = this.list[index]!;
      const result = readSegment({
        ...read,
        files: this.#services.files,
        segment,
        offset,
        endPosition: segment === read.end.segment ? read.end.position : Infinity,
        quarantine: (position, fromOffset, reason) =>
          this.quarantine(index, position, fromOffset, reason),
      });
      if (result === undefined) tries++;
      else if (!('noRecordsBefore' in result)) return result;
      else if (result.noRecordsBefore >= read.endOffset) return result;
      else offset = result.noRecordsBefore;
    }
    const message = `offset ${offset} is in no batch`;
    return { ok: false, error: 'storage', errorCode: 56, message };
  }

  #noteHollowTail(from: number, to: number): void {
    const known = this.#hollowTail;
    const isOne = from <= known.to && known.from <= to;
    this.#hollowTail = { from: isOne ? Math.min(from, known.from) : from, to };
  }

  /** The end of the hollow tail if `offset` lies in it, otherwise `offset`. */
  behindHollowTail(offset: number): number {
    const { from, to } = this.#hollowTail;
    return offset >= from && offset < to ? to : offset;
  }

  /**
   * Approximate number of bytes from `offset` to `endOffset`, or to `end` if that comes first.
   * Costs no read of the disk at an offset where an earlier read ended.
   */
  bytesBetween(offset: number, endOffset: number, end: LogPoint): number {
    const isCut = endOffset < end.offset;
    const from = this.#indexFor(offset);
    const to = isCut ? this.#indexFor(endOffset) : this.list.indexOf(end.segment);
    let bytes = isCut ? this.list[to]!.positionNear(endOffset) : end.position;
    bytes -= this.list[from]!.positionNear(offset);
    for (let i = from; i < to; i++) bytes += this.list[i]!.sizeBytes;
    return Math.max(bytes, 0);
  }

  /** The first record at or after `offset` with a timestamp of at least `timestamp`. */
  findTimestamp(timestamp: number, offset: number): TimestampAndOffset | undefined {
    for (const [i, segment] of this.list.entries()) {
      if (segment.nextOffset <= offset || segment.maxTimestamp < timestamp) continue;
      const found = this.#findTimestampIn(i, timestamp, offset);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The first record with the largest timestamp of all records at or after `offset`. */
  findLargestTimestamp(offset: number): TimestampAndOffset | undefined {
    const segments = [...this.list.entries()]
      .filter(([, one]) => one.nextOffset > offset && one.maxTimestamp >= 0)
      .sort(([, a], [, b]) => b.maxTimestamp - a.maxTimestamp);
    let best: TimestampAndOffset | undefined;
    for (const [i, segment] of segments) {
      if (best !== undefined && best.timestamp >= segment.maxTimestamp) break;
      let found = this.#findTimestampIn(i, segment.maxTimestamp, offset);
      // Compaction may have removed the record, or it lies before `offset`.
      found ??= this.#findTimestampIn(i, segment.largestTimestampFrom(offset), offset);
      if (found !== undefined && found.timestamp > (best?.timestamp ?? -1)) best = found;
    }
    return best;
  }

  #findTimestampIn(
    index: number,
    timestamp: number,
    offsetMin: number,
  ): TimestampAndOffset | undefined {
    const segment = this.list[index]!;
    let offset = offsetMin;
    for (;;) {
      const located = segment.locateTimestamp(timestamp, offset);
      if (located === undefined) return undefined;
      if (located.bad !== undefined) {
        this.quarantine(index, located.position, located.nextOffset, located.bad);
        continue;
      }
      const batch = segment.batchAt(located.position);
      if (batch === undefined) return undefined;
      const found = findInBatch(batch, timestamp, offset);
      if (found !== undefined) return found;
      // The header promised a timestamp that no record from here on has.
      offset = lastOffsetAt(batch, 0) + 1;
    }
  }

  /** Index of the last segment that begins at or below `offset`; 0 if all begin above. */
  #indexFor(offset: number): number {
    let low = 0;
    let high = this.list.length - 1;
    if (this.list[high]!.baseOffset <= offset) return high;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.list[middle]!.baseOffset <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The answer to a read at an offset that is known to be unreadable. */
  #damageAt(offset: number): ReadResult | undefined {
    const gap = this.gaps.find((one) => offset >= one.fromOffset && offset < one.toOffset);
    const damage = gap ?? this.list[this.#indexFor(offset)]!.damageAt(offset);
    if (damage === undefined) return undefined;
    const message = `offsets ${damage.fromOffset} to ${damage.toOffset - 1}: ${damage.reason}`;
    const resumeOffset = damage.toOffset;
    return { ok: false, error: 'corrupt', errorCode: 2, resumeOffset, message };
  }

  /** Takes note of bad bytes in the segment at `index`, and reports them. */
  quarantine(index: number, position: number, fromOffset: number, reason: string): void {
    const segment = this.list[index]!;
    const offsetEnd = this.list[index + 1]?.baseOffset ?? this.active.nextOffset;
    const { toOffset } = segment.quarantine(position, fromOffset, offsetEnd, reason);
    const { topic, partition } = this.#partition;
    this.#report({ topic, partition, fromOffset, toOffset, file: segment.log.path, reason });
  }

  #report(damage: Damage): void {
    this.#services.logger.error({ ...damage }, 'records that were durable cannot be read');
  }
}
