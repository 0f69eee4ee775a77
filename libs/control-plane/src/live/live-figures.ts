import type { GroupHealth } from './group-health.ts';

/** Rates are records per second; null is "not known", which is never shown as 0. */
export interface TopicFigures {
  readonly name: string;
  readonly endOffsetSum: number;
  readonly inPerSecond: number | null;
  readonly outPerSecond: number | null;
}

export interface GroupPartitionFigures {
  readonly topic: string;
  readonly partition: number;
  readonly committedOffset: number | null;
  readonly endOffset: number | null;
  readonly lag: number | null;
}

export interface GroupFigures {
  readonly groupId: string;
  readonly state: string;
  readonly health: GroupHealth;
  readonly members: number;
  readonly lag: number | null;
  /** What arrives in the topics of the group. */
  readonly inPerSecond: number | null;
  readonly outPerSecond: number | null;
  readonly topics: readonly string[];
  readonly partitions: readonly GroupPartitionFigures[];
}

export interface TotalFigures {
  readonly inPerSecond: number | null;
  readonly outPerSecond: number | null;
  readonly lag: number | null;
  readonly topics: number;
  readonly groups: number;
}

/** What is computed from one sample and those before it. */
export interface ClusterFigures {
  /** ms since epoch */
  readonly at: number;
  readonly totals: TotalFigures;
  readonly topics: readonly TopicFigures[];
  readonly groups: readonly GroupFigures[];
}

/**
 * The same topics and groups while the cluster cannot be asked: known by name, unknown in figures.
 */
export function unknownFigures(last: ClusterFigures | null, at: number): ClusterFigures {
  return {
    at,
    totals: {
      inPerSecond: null,
      outPerSecond: null,
      lag: null,
      topics: last?.totals.topics ?? 0,
      groups: last?.totals.groups ?? 0,
    },
    topics: (last?.topics ?? []).map((topic) => ({
      ...topic,
      inPerSecond: null,
      outPerSecond: null,
    })),
    groups: (last?.groups ?? []).map((group) => ({
      ...group,
      health: 'UNKNOWN',
      lag: null,
      inPerSecond: null,
      outPerSecond: null,
      partitions: [],
    })),
  };
}
