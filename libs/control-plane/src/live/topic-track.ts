import { sumKnown } from './lag.ts';

/** Time constant of the produce rate that verdicts use, so that a burst does not flip them. */
const SMOOTHING_MS = 10_000;

/** The produce rate of one topic, from its end offsets. */
export class TopicTrack {
  readonly id: string;
  #ends: readonly (number | null)[] = [];
  #at: number | null;
  /** Whether partitions seen for the first time began empty at {@link #at}. */
  readonly #bornWatched: boolean;
  /** Records per second over the last step; null until two samples of the same topic exist. */
  inPerSecond: number | null = null;
  smoothedInPerSecond: number | null = null;
  endOffsetSum = 0;

  /**
   * @param absentAt monotonic ms of the sample before, which did not have the topic: all its
   *   records came since. Null when nothing is known of the time before.
   */
  constructor(id: string, absentAt: number | null) {
    this.id = id;
    this.#at = absentAt;
    this.#bornWatched = absentAt !== null;
  }

  /** @param at monotonic ms */
  add(ends: readonly (number | null)[], at: number): void {
    const elapsed = this.#at === null ? 0 : at - this.#at;
    this.inPerSecond = elapsed <= 0 ? null : this.#rate(ends, elapsed);
    if (this.inPerSecond !== null) {
      const weight = 1 - Math.exp(-elapsed / SMOOTHING_MS);
      const before = this.smoothedInPerSecond ?? this.inPerSecond;
      this.smoothedInPerSecond = before + weight * (this.inPerSecond - before);
    }
    // A partition that could not be read keeps the offset it had, so that its next rate is a mean.
    this.#ends = ends.map((end, partition) => end ?? this.#ends[partition] ?? null);
    this.endOffsetSum = sumKnown(this.#ends) ?? 0;
    this.#at = at;
  }

  /** Forgets the sample before: the mean over a gap is not the rate of this second. */
  break(): void {
    this.#at = null;
    this.inPerSecond = null;
  }

  #rate(ends: readonly (number | null)[], elapsedMs: number): number | null {
    let records = 0;
    for (const [partition, end] of ends.entries()) {
      // A partition that is read for the first time counts from the next step, unless it cannot
      // have held anything before.
      const before = this.#ends[partition] ?? (this.#bornWatched ? 0 : null);
      if (end === null || before === null) {
        continue;
      }
      if (end < before) {
        return null;
      }
      records += end - before;
    }
    return (records * 1_000) / elapsedMs;
  }
}
