/** Change points kept: enough for Burrow's ten samples and a first one to measure from. */
const CHANGES_KEPT = 11;
/** The commit interval assumed before two changes were seen: the default of Kafka's consumers. */
const INTERVAL_ASSUMED_MS = 5_000;
const INTERVAL_MAX_MS = 60_000;

interface Change {
  /** Monotonic ms. */
  readonly at: number;
  /** Records committed since the meter began. */
  readonly total: number;
}

/**
 * Consume rate from committed offsets.
 *
 * Commits come in bursts (every five seconds by default), so a difference over one second is either
 * zero or five times the truth. The meter remembers when the sum of committed offsets moved and
 * measures over at least two whole commit intervals, from change to change. When the next change is
 * overdue, the time since the last one counts as well, so the rate of a consumer that stopped
 * decays instead of standing still.
 */
export class CommitMeter {
  readonly #changes: Change[];
  #total = 0;

  /**
   * @param startedAt monotonic ms of the first sample: the point that the first change is measured
   * from
   */
  constructor(startedAt: number) {
    this.#changes = [{ at: startedAt, total: 0 }];
  }

  /** @param committedDelta records by which committed offsets advanced since the sample before */
  add(at: number, committedDelta: number): void {
    if (committedDelta <= 0) {
      return;
    }
    this.#total += committedDelta;
    this.#changes.push({ at, total: this.#total });
    if (this.#changes.length > CHANGES_KEPT) {
      this.#changes.shift();
    }
  }

  /** Records per second at `now` (monotonic ms). */
  rate(now: number): number {
    const changes = this.#changes;
    const last = changes.at(-1);
    const interval = this.intervalMs();
    if (last === undefined || changes.length < 2) {
      return 0;
    }
    // From the newest change that lies at least two intervals (and two seconds) before the last.
    const span = Math.max(2 * interval, 2_000);
    let from = changes[0];
    for (const change of changes) {
      if (last.at - change.at >= span) {
        from = change;
      }
    }
    if (from === undefined) {
      return 0;
    }
    const overdue = now - last.at > 1.5 * interval;
    if (overdue && now - last.at > 6 * interval) {
      return 0;
    }
    const elapsed = (overdue ? now : last.at) - from.at;
    return elapsed <= 0 ? 0 : ((last.total - from.total) * 1000) / elapsed;
  }

  /** Mean time between commits that moved an offset, ms. */
  intervalMs(): number {
    // The first point is the start of the measurement, not a commit.
    const commits = this.#changes.filter((change) => change.total > 0);
    const first = commits[0];
    const last = commits.at(-1);
    if (first === undefined || last === undefined || commits.length < 2) {
      return INTERVAL_ASSUMED_MS;
    }
    return Math.min((last.at - first.at) / (commits.length - 1), INTERVAL_MAX_MS);
  }

  /**
   * How long a group may go without a commit before that means something: the span of the last ten
   * commits (Burrow's rule), within 10 s and 60 s.
   */
  quietMs(): number {
    return Math.min(Math.max(this.intervalMs() * 10, 10_000), 60_000);
  }

  /** Monotonic ms of the last advance, null when there was none. */
  get lastAdvanceAt(): number | null {
    const last = this.#changes.at(-1);
    return last === undefined || last.total === 0 ? null : last.at;
  }
}
