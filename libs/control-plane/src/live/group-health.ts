/** What a reader needs to know about a group, in one word. */
export type GroupHealth =
  | 'KEEPING_UP'
  | 'FALLING_BEHIND'
  | 'CATCHING_UP'
  | 'STALLED'
  | 'STOPPED'
  | 'NO_MEMBERS'
  | 'PAUSED'
  | 'UNKNOWN';

/** Seconds of lag history that a verdict looks at. */
export const HEALTH_WINDOW_MS = 30_000;
const OBSERVED_AT_LEAST_MS = 3_000;

export interface LagPoint {
  /** Monotonic ms. */
  readonly at: number;
  readonly lag: number;
}

export interface PartitionProgress {
  readonly lag: number | null;
  /** Monotonic ms since when the partition has had lag without a break; null while it has none. */
  readonly behindSince: number | null;
  /** Monotonic ms of the last advance of its committed offset; null when none was seen. */
  readonly advancedAt: number | null;
}

export interface GroupProgress {
  /** Monotonic ms. */
  readonly now: number;
  readonly paused: boolean;
  readonly members: number;
  /** Sum of known partitions; null when nothing is known. */
  readonly lag: number | null;
  /** The last {@link HEALTH_WINDOW_MS} of the group's lag, ascending, this sample included. */
  readonly lagHistory: readonly LagPoint[];
  /** Records per second arriving in the group's topics; null when unknown. */
  readonly producedPerSecond: number | null;
  /** Mean time between the group's commits, ms. */
  readonly commitIntervalMs: number;
  /** How long the group may go without a commit before that means something, ms. */
  readonly quietMs: number;
  readonly advancedAt: number | null;
  readonly partitions: readonly PartitionProgress[];
}

/**
 * Health of a group, by Burrow's threshold-free rules in its order, with what polling can see.
 *
 * Burrow reads the commits themselves and so can tell a consumer that commits the same offset again
 * (STALLED) from one that commits nothing (STOPPED). Polled committed offsets look the same in both
 * cases, so here a partition that stands still while others of its group advance is STALLED, and a
 * group of which nothing advances is STOPPED. The state of the worst partition is the group's.
 */
export function groupHealth(group: GroupProgress): GroupHealth {
  if (group.paused) {
    return 'PAUSED';
  }
  if (group.members === 0) {
    return 'NO_MEMBERS';
  }
  if (group.lag === null) {
    return 'UNKNOWN';
  }
  const stuck = group.partitions.some((partition) => isStuck(partition, group));
  if (stuck) {
    const groupAdvances =
      group.advancedAt !== null && group.now - group.advancedAt <= group.quietMs;
    return groupAdvances ? 'STALLED' : 'STOPPED';
  }
  if (keptUpWithin(group)) {
    return 'KEEPING_UP';
  }
  return trend(group);
}

/**
 * Behind, and without progress, for longer than the group's commits usually take. The second
 * clause of Burrow's rule (no zero lag meanwhile) is what keeps a quiet partition on which one
 * record has just arrived from looking stopped.
 */
function isStuck(partition: PartitionProgress, group: GroupProgress): boolean {
  if (partition.lag === null || partition.lag === 0 || partition.behindSince === null) {
    return false;
  }
  const since = Math.max(partition.behindSince, partition.advancedAt ?? 0);
  return group.now - since > group.quietMs;
}

/**
 * At least once within the window the lag was no more than what arrives between two commits: a
 * consumer that is never behind by more than its commit interval keeps up.
 */
function keptUpWithin(group: GroupProgress): boolean {
  const perInterval =
    ((group.producedPerSecond ?? 0) * (2 * group.commitIntervalMs + 1_000)) / 1_000;
  const recent = group.lagHistory.filter(
    (point) => group.now - point.at <= Math.max(2 * group.commitIntervalMs, 5_000),
  );
  return (group.lag ?? 0) <= perInterval || recent.some((point) => point.lag <= perInterval);
}

function trend(group: GroupProgress): GroupHealth {
  const first = group.lagHistory[0];
  const last = group.lagHistory.at(-1);
  if (first === undefined || last === undefined || last.at - first.at < OBSERVED_AT_LEAST_MS) {
    return 'UNKNOWN';
  }
  const netPerSecond = ((first.lag - last.lag) * 1_000) / (last.at - first.at);
  return netPerSecond > 0.02 * (group.producedPerSecond ?? 0) ? 'CATCHING_UP' : 'FALLING_BEHIND';
}
