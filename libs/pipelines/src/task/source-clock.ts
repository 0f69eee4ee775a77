import type { SourceNode } from '../topology/nodes.ts';

/** What is kept of a partition between runs of its task. */
export interface KeptClock {
  readonly topic: string;
  readonly partition: number;
  /** Next offset to read. */
  readonly offset: number;
  /** Highest event time seen, ms since epoch; null before the first record. */
  readonly newest: number | null;
}

type Timing = Pick<SourceNode, 'latenessMs' | 'idleAfterMs' | 'idle' | 'futureMaxMs'>;

/**
 * How far one partition of a source has been read, and how far event time has come in it. That is
 * decided by the partition's own records alone.
 */
export class SourceClock {
  readonly topic: string;
  readonly partition: number;
  readonly timing: Timing;
  #offset: number;
  #newest: number;
  /** Since when it has been read to its end without a new record, ms since epoch. */
  #endSince: number | null = null;

  constructor(kept: KeptClock, timing: Timing) {
    this.topic = kept.topic;
    this.partition = kept.partition;
    this.timing = timing;
    this.#offset = kept.offset;
    this.#newest = kept.newest ?? -Infinity;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Whether a record has come whose event time counts. */
  get hasRecords(): boolean {
    return this.#newest > -Infinity;
  }

  /** Event times below this are late, ms since epoch. It is the partition's watermark, too. */
  get mark(): number {
    return this.#newest - this.timing.latenessMs;
  }

  /** Passes over everything before an offset; whether there was something to pass over. */
  moveTo(offset: number): boolean {
    if (offset <= this.#offset) return false;
    this.#offset = offset;
    return true;
  }

  /** Goes on at an offset, which may lie before the one that came next. */
  restartAt(offset: number): void {
    this.#offset = offset;
    this.#endSince = null;
  }

  /** A record came: its partition is not at its end. */
  readUpTo(offset: number): void {
    this.#offset = offset + 1;
    this.#endSince = null;
  }

  /** An event time was seen. One that is far ahead of the clock moves nothing. */
  see(time: number, now: number): void {
    if (time > this.#newest && time <= now + this.timing.futureMaxMs) {
      this.#newest = time;
    }
  }

  /** The partition has been read to its end. */
  atEnd(now: number): void {
    this.#endSince ??= now;
  }

  isIdle(now: number): boolean {
    return this.#endSince !== null && now - this.#endSince >= this.timing.idleAfterMs;
  }

  keep(): KeptClock {
    const newest = this.hasRecords ? this.#newest : null;
    return { topic: this.topic, partition: this.partition, offset: this.#offset, newest };
  }
}
