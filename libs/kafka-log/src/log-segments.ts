import { lastOffsetAt } from './batch-header.ts';
import { readSegment, type NoRecords } from './log-reader.ts';
import type { LogServices } from './log-services.ts';
import type { Gap } from './partition-recovery.ts';
import type { Damage, ReadResult, TimestampAndOffset } from './results.ts';
import type { Segment } from './segment.ts';
import { findInBatch } from './timestamp-lookup.ts';

/** Bad stretches that one read steps over; more in one place would be no way to go on. */
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
  /** No batch that begins at or behind this offset. */
  readonly endOffset: number;
  /** Nothing behind this point. */
  readonly end: LogPoint;
}

/**
 * The segments of a partition in order, and what is read from them. At least one; the last is the
 * one written to. Knows which offsets cannot be read, and finds more of them while reading.
 */
export class LogSegments {
  readonly list: Segment[];
  gaps: Gap[];
  /** A stretch up to what was the end of reading in which there is no record. */
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

  /** Stretches at or behind `logStartOffset` that cannot be read, as far as they were found. */
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
   * Reads at an offset between log start and end. What it gives holds a record at or behind the
   * offset, if there is one before the end: batches that hold none are passed over, in this segment
   * and those that follow. If there is none up to the end, such batches are all there is to give;
   * readers that go on behind the last batch then get to the end.
   */
  read(read: LogRead): ReadResult {
    const found = this.readFrom(read.offset, { ...read, mayLackRecords: false });
    if (!('noRecordsBefore' in found)) {
      return found.ok && found.bytes === 0 ? { ...found, nextOffset: read.offset } : found;
    }
    this.#noteHollowTail(read.offset, found.noRecordsBefore);
    return this.readFrom(read.offset, { ...read, mayLackRecords: true }) as ReadResult;
  }

  /** @internal One step of `read`: what lies at or behind `from`, or that there is no record. */
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

  /** `offset`, or where the stretch ends that is known to hold no record from there on. */
  behindHollowTail(offset: number): number {
    const { from, to } = this.#hollowTail;
    return offset >= from && offset < to ? to : offset;
  }

  /**
   * About how many bytes lie from `offset` to `endOffset`, or to `end` if that comes first. Costs
   * no read where a reader goes on that was here before.
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

  /** The first record at or behind `offset` with a timestamp of at least `timestamp`. */
  findTimestamp(timestamp: number, offset: number): TimestampAndOffset | undefined {
    for (const [i, segment] of this.list.entries()) {
      if (segment.nextOffset <= offset || segment.maxTimestamp < timestamp) continue;
      const found = this.#findTimestampIn(i, timestamp, offset);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The first record at or behind `offset` that has the largest timestamp there is. */
  findLargestTimestamp(offset: number): TimestampAndOffset | undefined {
    const segments = [...this.list.entries()]
      .filter(([, one]) => one.nextOffset > offset && one.maxTimestamp >= 0)
      .sort(([, a], [, b]) => b.maxTimestamp - a.maxTimestamp);
    let best: TimestampAndOffset | undefined;
    for (const [i, segment] of segments) {
      if (best !== undefined && best.timestamp >= segment.maxTimestamp) break;
      let found = this.#findTimestampIn(i, segment.maxTimestamp, offset);
      // The record may be gone, by compaction or because the log begins behind it.
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
