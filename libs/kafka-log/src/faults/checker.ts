import { Violation } from './trace.ts';

/**
 * What an acknowledgement promises: that the record survives the end of the process, or a power
 * loss.
 */
export type Promised = 'nothing' | 'kill' | 'power loss';

/** How a machine came down. */
export type Crash = 'kill' | 'power loss';

/** A record that somebody tried to write. */
export interface Attempt {
  /** Unique; part of the value. */
  readonly id: string;
  readonly key: string | null;
  /** The whole value; null is a tombstone. */
  readonly value: string | null;
  /** What one producer wrote, in its order; undefined where order is not promised. */
  readonly order: { readonly producer: string; readonly sequence: number } | undefined;
  /** It must not appear twice, however often it was sent. */
  readonly isIdempotent: boolean;
}

/** A record as a reader got it. */
export interface ReadRecord {
  readonly offset: number;
  readonly id: string;
  readonly key: string | null;
  readonly value: string | null;
}

export interface ReadPortion {
  /** The offset that was asked for; records before it were left out. */
  readonly from: number;
  readonly records: readonly ReadRecord[];
  /** Where the reader goes on. */
  readonly next: number;
  readonly highWatermark: number;
}

interface Known {
  readonly attempt: Attempt;
  promised: Promised;
  /** The acknowledged offset; undefined if the answer did not say. */
  offset: number | undefined;
  /** Refused by an error that means it was not written. */
  isRefused: boolean;
  readonly seenAt: Set<number>;
}

const STRENGTH: Record<Promised, number> = { nothing: 0, kill: 1, 'power loss': 2 };

/**
 * The ledger of one partition: what was attempted, promised and seen, and the check that nothing
 * contradicts it. Errored writes may have happened or not.
 *
 * - What was acknowledged is read; what is read was attempted, byte for byte; an offset holds one
 *   value for ever; offsets rise without holes; a producer's records keep their order; an
 *   idempotent record appears once; what was visible below the high watermark stays.
 * - In a compacted partition the newest record of each key stays, the rest may go.
 */
export class PartitionChecker {
  readonly name: string;
  readonly #attempts = new Map<string, Known>();
  /** By offset, what was seen there. */
  #seen = new Map<number, Known>();
  /** Everything below was visible to somebody. */
  #visibleEnd = 0;
  /** The highest log start that was acknowledged. */
  #startMin = 0;
  /** The highest log start that DeleteRecords or retention can explain. */
  #startMax = 0;
  /** Compaction may have taken older records of a key, and tombstones. */
  isCompacted = false;
  /** Offsets whose bytes were damaged on purpose; what lies there cannot be read. */
  readonly #damaged = new Set<number>();

  readonly #find: (id: string) => Attempt | undefined;

  /** @param find finds attempts that were not registered with this ledger */
  constructor(name: string, find: (id: string) => Attempt | undefined = () => undefined) {
    this.name = name;
    this.#find = find;
  }

  get visibleEnd(): number {
    return this.#visibleEnd;
  }

  attempt(attempt: Attempt): void {
    const known = { attempt, promised: 'nothing', offset: undefined } as const;
    this.#attempts.set(attempt.id, { ...known, isRefused: false, seenAt: new Set() });
  }

  /** An answer said that the record is there. */
  acknowledge(id: string, offset: number | undefined, promised: Promised): void {
    const known = this.#known(id);
    if (known.isRefused) known.isRefused = false;
    if (offset !== undefined && offset >= 0) {
      const isElsewhere = known.offset !== undefined && known.offset !== offset;
      if (isElsewhere && known.attempt.isIdempotent && known.promised !== 'nothing') {
        this.#fail(`${id} was acknowledged at ${known.offset} and at ${offset}`);
      }
      known.offset = offset;
      const other = this.#seen.get(offset);
      if (other !== undefined && other !== known) {
        this.#fail(`${id} was acknowledged at ${offset}, where ${other.attempt.id} was read`);
      }
    }
    if (STRENGTH[promised] > STRENGTH[known.promised]) known.promised = promised;
  }

  /** An answer said, for good, that the record was not written. */
  refuse(id: string): void {
    const known = this.#known(id);
    if (known.promised === 'nothing' && known.seenAt.size === 0) known.isRefused = true;
  }

  /** DeleteRecords or retention may raise the log start as far as this. */
  allowStart(offset: number): void {
    this.#startMax = Math.max(this.#startMax, offset);
  }

  /** DeleteRecords was acknowledged. */
  acknowledgeStart(offset: number): void {
    this.allowStart(offset);
    this.#startMin = Math.max(this.#startMin, offset);
  }

  /** The disk has damaged what was at this offset. */
  noteDamage(offset: number): void {
    this.#damaged.add(offset);
  }

  get isDamaged(): boolean {
    return this.#damaged.size > 0;
  }

  /** A read at `from` was refused because of damage; it may go on at `resume`. */
  sawDamage(from: number, resume: number, message: string): void {
    const offsets = Array.from({ length: resume - from }, (_, i) => from + i);
    // Compaction may have removed offsets between and after the damaged ones.
    const isSo = this.isCompacted
      ? [...this.#damaged].some((offset) => offset < resume)
      : offsets.every((offset) => this.#damaged.has(offset));
    if (!isSo) this.#fail(`offsets ${from} to ${resume - 1} are called damaged: ${message}`);
  }

  /** Checks the log start that the log reports. */
  sawStart(offset: number): void {
    if (offset < this.#startMin) {
      this.#fail(`the log starts at ${offset}, but ${this.#startMin} was acknowledged`);
    }
    if (offset > this.#startMax) {
      this.#fail(`the log starts at ${offset}, and there is no reason beyond ${this.#startMax}`);
    }
    // A start that was seen but never acknowledged may go back in a crash.
  }

  /** Checks one portion that a reader got. */
  read({ from, records, next, highWatermark }: ReadPortion): void {
    let expected = from;
    for (const record of records) {
      const { offset } = record;
      if (offset < expected) this.#fail(`offset ${offset} was read behind ${expected - 1}`);
      this.#checkHole(expected, offset);
      this.#see(record);
      expected = offset + 1;
    }
    this.#checkHole(expected, next);
    if (records.length > 0 && expected > highWatermark) {
      this.#fail(`offset ${expected - 1} was read beyond the high watermark ${highWatermark}`);
    }
    this.#visibleEnd = Math.max(this.#visibleEnd, expected, highWatermark);
  }

  /** The high watermark as an answer gave it. */
  sawHighWatermark(highWatermark: number, sinceVisible: number): void {
    if (highWatermark < sinceVisible) {
      this.#fail(`the high watermark is ${highWatermark}, but ${sinceVisible} was visible`);
    }
    this.#visibleEnd = Math.max(this.#visibleEnd, highWatermark);
  }

  /**
   * The machine came down.
   * @param keeps the worst crash that the durability in use promises to survive
   */
  crashed(crash: Crash, keeps: Crash): void {
    if (crash === 'kill') return;
    for (const known of this.#attempts.values()) {
      if (keeps === 'kill' || known.promised === 'kill') {
        known.promised = 'nothing';
        known.offset = undefined;
      }
    }
    if (keeps === 'power loss') return;
    for (const known of this.#seen.values()) known.seenAt.clear();
    this.#seen = new Map();
    this.#visibleEnd = 0;
  }

  /**
   * Checks the whole partition as it was just read, from its start to its high watermark.
   * @param records all of it
   * @param isSettled nothing is on its way to the disk: what was acknowledged must be visible
   */
  checkAll(
    records: readonly ReadRecord[],
    { start, end, isSettled }: { start: number; end: number; isSettled: boolean },
  ): void {
    this.sawStart(start);
    this.sawHighWatermark(end, this.#visibleEnd);
    const present = new Map(records.map((record) => [record.offset, record]));
    const newest = new Map(records.map(({ key, offset }) => [key, offset]));
    // Damaged records count as well: compaction may have read them before the damage.
    for (const { attempt, offset, seenAt } of this.#attempts.values()) {
      for (const at of [offset ?? -1, ...seenAt]) {
        if (this.#damaged.has(at)) {
          newest.set(attempt.key, Math.max(newest.get(attempt.key) ?? -1, at));
        }
      }
    }
    const deletedKeys = this.isCompacted ? this.#keysWithTombstones() : undefined;
    const mayBeGone = (offset: number, { key, value }: Attempt): boolean => {
      if (offset < start || this.#damaged.has(offset)) return true;
      if (deletedKeys === undefined) return false;
      const isReplaced = (newest.get(key) ?? -1) > offset;
      return isReplaced || value === null || (deletedKeys.get(key) ?? -1) > offset;
    };
    for (const [offset, { attempt }] of this.#seen) {
      const found = present.get(offset);
      if (found === undefined && !mayBeGone(offset, attempt)) {
        this.#fail(`${attempt.id} was visible at ${offset} and is gone`);
      }
    }
    const ids = new Set(records.map(({ id }) => id));
    for (const [id, { attempt, promised, offset }] of this.#attempts) {
      if (promised === 'nothing' || ids.has(id)) continue;
      if (!isSettled && promised === 'kill' && (offset ?? end) >= end) continue;
      if (offset === undefined ? start > 0 || this.isCompacted : mayBeGone(offset, attempt)) {
        continue;
      }
      this.#fail(`${id} was acknowledged at ${offset ?? 'an offset not said'} and is gone`);
    }
    this.#checkOrder(records);
    if (this.isCompacted) this.#checkTombstones(records, newest);
  }

  /** By key, the last offset at which a tombstone is, or may have been. */
  #keysWithTombstones(): Map<string | null, number> {
    const keys = new Map<string | null, number>();
    for (const { attempt, offset, isRefused, seenAt } of this.#attempts.values()) {
      if (attempt.value !== null || isRefused) continue;
      const last = Math.max(offset ?? -1, ...seenAt);
      keys.set(attempt.key, Math.max(keys.get(attempt.key) ?? -1, last < 0 ? Infinity : last));
    }
    return keys;
  }

  #checkOrder(records: readonly ReadRecord[]): void {
    const last = new Map<string, number>();
    for (const { id } of records) {
      const { order } = this.#known(id).attempt;
      if (order === undefined) continue;
      const before = last.get(order.producer) ?? -1;
      if (order.sequence <= before) {
        this.#fail(`${id} stands behind record ${before} of the same producer`);
      }
      last.set(order.producer, order.sequence);
    }
  }

  /** What a tombstone deleted must not come back when the tombstone itself goes. */
  #checkTombstones(records: readonly ReadRecord[], newest: Map<string | null, number>): void {
    const latest = new Map<string | null, { offset: number; known: Known }>();
    for (const [offset, known] of this.#seen) {
      const { key } = known.attempt;
      if (offset > (latest.get(key)?.offset ?? -1)) latest.set(key, { offset, known });
    }
    for (const record of records) {
      const last = latest.get(record.key);
      if (last === undefined || last.known.attempt.value !== null) continue;
      if ((newest.get(record.key) ?? -1) < last.offset) {
        this.#fail(`${record.id} came back: ${last.known.attempt.id} had deleted its key`);
      }
    }
  }

  #checkHole(from: number, to: number): void {
    if (this.isCompacted) return;
    for (let offset = from; offset < to; offset++) {
      if (!this.#damaged.has(offset)) this.#fail(`there is no record at offset ${offset}`);
    }
  }

  #see({ offset, id, key, value }: ReadRecord): void {
    const known = this.#known(id);
    const { attempt } = known;
    if (known.isRefused) this.#fail(`${id} was refused, but is at offset ${offset}`);
    if (attempt.key !== key || attempt.value !== value) {
      this.#fail(`${id} at offset ${offset} is not what was written`);
    }
    const before = this.#seen.get(offset);
    if (before !== undefined && before !== known) {
      this.#fail(`offset ${offset} was ${before.attempt.id} and is ${id}`);
    }
    if (attempt.isIdempotent && known.seenAt.size > 0 && !known.seenAt.has(offset)) {
      this.#fail(`${id} is at offset ${offset} and was at ${[...known.seenAt].join(', ')}`);
    }
    if (known.promised !== 'nothing' && known.offset !== undefined && attempt.isIdempotent) {
      if (known.offset !== offset) {
        this.#fail(`${id} is at offset ${offset}, but was acknowledged at ${known.offset}`);
      }
    }
    known.seenAt.add(offset);
    this.#seen.set(offset, known);
  }

  #known(id: string): Known {
    if (!this.#attempts.has(id)) {
      const found = this.#find(id);
      if (found !== undefined) this.attempt(found);
    }
    const known = this.#attempts.get(id);
    if (known === undefined) this.#fail(`nobody ever wrote ${JSON.stringify(id.slice(0, 100))}`);
    return known!;
  }

  #fail(text: string): never {
    throw new Violation(`${this.name}: ${text}`);
  }
}
