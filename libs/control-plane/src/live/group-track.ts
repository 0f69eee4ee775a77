import { CommitMeter } from './commit-meter.ts';
import type { SampledGroup } from './cluster-sample.ts';
import { type GroupHealth, groupHealth, HEALTH_WINDOW_MS, type LagPoint } from './group-health.ts';
import { partitionLag, sumKnown } from './lag.ts';
import type { GroupFigures, GroupPartitionFigures } from './live-figures.ts';

interface PartitionTrack {
  committed: number | null;
  behindSince: number | null;
  advancedAt: number | null;
}

export interface GroupSurroundings {
  /** Monotonic ms of the sample. */
  readonly at: number;
  readonly endOffset: (topic: string, partition: number) => number | null;
  readonly inPerSecond: (topic: string) => number | null;
  readonly smoothedInPerSecond: (topic: string) => number | null;
  readonly paused: boolean;
}

/** What is remembered of one group from sample to sample. */
export class GroupTrack {
  readonly #meter: CommitMeter;
  readonly #topicMeters = new Map<string, CommitMeter>();
  readonly #partitions = new Map<string, PartitionTrack>();
  readonly #startedAt: number;
  #lagHistory: LagPoint[] = [];
  #samples = 0;
  #membersBefore = 0;

  /** @param startedAt monotonic ms of the first sample */
  constructor(startedAt: number) {
    this.#startedAt = startedAt;
    this.#meter = new CommitMeter(startedAt);
  }

  /** Records per second that the group commits, by topic, at `at` (monotonic ms). */
  *topicRates(at: number): Generator<[topic: string, recordsPerSecond: number]> {
    for (const [topic, meter] of this.#topicMeters) {
      yield [topic, meter.rate(at)];
    }
  }

  add(group: SampledGroup, around: GroupSurroundings): GroupFigures {
    const partitions = groupPartitions(group, around.endOffset);
    this.#measure(partitions, group.members.length, around.at);
    const lag = sumKnown(partitions.map((partition) => partition.lag));
    this.#remember(lag, around.at);
    const topics = [...new Set(partitions.map((partition) => partition.topic))].sort();
    this.#samples += 1;
    return {
      groupId: group.groupId,
      state: group.state,
      health: this.#health(group, { lag, topics, partitions, around }),
      members: group.members.length,
      lag,
      inPerSecond: sumKnown(topics.map(around.inPerSecond)),
      outPerSecond: this.#samples < 2 ? null : this.#meter.rate(around.at),
      topics,
      partitions,
    };
  }

  #measure(partitions: readonly GroupPartitionFigures[], members: number, at: number): void {
    // Offsets moved while nobody was a member are a reset by hand, not consumption.
    const consuming = members > 0 || this.#membersBefore > 0;
    this.#membersBefore = members;
    const deltas = new Map<string, number>();
    for (const { topic, partition, committedOffset, lag } of partitions) {
      const key = `${topic}/${partition}`;
      const track = this.#track(key);
      const before = track.committed;
      if (committedOffset !== null && before !== null && committedOffset > before) {
        track.advancedAt = at;
        if (consuming) {
          deltas.set(topic, (deltas.get(topic) ?? 0) + committedOffset - before);
        }
      }
      track.committed = committedOffset ?? before;
      if (lag === null || lag === 0) {
        track.behindSince = null;
      } else {
        track.behindSince ??= at;
      }
    }
    for (const [topic, delta] of deltas) {
      let meter = this.#topicMeters.get(topic);
      if (meter === undefined) {
        meter = new CommitMeter(this.#startedAt);
        this.#topicMeters.set(topic, meter);
      }
      meter.add(at, delta);
    }
    this.#meter.add(
      at,
      [...deltas.values()].reduce((sum, delta) => sum + delta, 0),
    );
    this.#forgetAllBut(partitions);
  }

  #track(key: string): PartitionTrack {
    let track = this.#partitions.get(key);
    if (track === undefined) {
      track = { committed: null, behindSince: null, advancedAt: null };
      this.#partitions.set(key, track);
    }
    return track;
  }

  #forgetAllBut(partitions: readonly GroupPartitionFigures[]): void {
    if (this.#partitions.size === partitions.length) {
      return;
    }
    const present = new Set(partitions.map(({ topic, partition }) => `${topic}/${partition}`));
    const topics = new Set(partitions.map(({ topic }) => topic));
    for (const key of this.#partitions.keys()) {
      if (!present.has(key)) {
        this.#partitions.delete(key);
      }
    }
    for (const topic of this.#topicMeters.keys()) {
      if (!topics.has(topic)) {
        this.#topicMeters.delete(topic);
      }
    }
  }

  #remember(lag: number | null, at: number): void {
    if (lag !== null) {
      this.#lagHistory.push({ at, lag });
    }
    this.#lagHistory = this.#lagHistory.filter((point) => at - point.at <= HEALTH_WINDOW_MS);
  }

  #health(
    group: SampledGroup,
    now: {
      lag: number | null;
      topics: readonly string[];
      partitions: readonly GroupPartitionFigures[];
      around: GroupSurroundings;
    },
  ): GroupHealth {
    return groupHealth({
      now: now.around.at,
      paused: now.around.paused,
      members: group.members.length,
      lag: now.lag,
      lagHistory: this.#lagHistory,
      producedPerSecond: sumKnown(now.topics.map(now.around.smoothedInPerSecond)),
      commitIntervalMs: this.#meter.intervalMs(),
      quietMs: this.#meter.quietMs(),
      advancedAt: this.#meter.lastAdvanceAt,
      partitions: now.partitions.map(({ topic, partition, lag }) => {
        const track = this.#partitions.get(`${topic}/${partition}`);
        return {
          lag,
          behindSince: track?.behindSince ?? null,
          advancedAt: track?.advancedAt ?? null,
        };
      }),
    });
  }
}

/**
 * The partitions of a group: those it has committed and those assigned to its members. A partition
 * without a commit is listed with an unknown lag: it is not behind by its whole length.
 */
function groupPartitions(
  group: SampledGroup,
  endOffset: (topic: string, partition: number) => number | null,
): GroupPartitionFigures[] {
  const committed = new Map<string, Map<number, number | null>>();
  for (const [topic, commits] of group.commits) {
    committed.set(
      topic,
      new Map([...commits].map(([partition, { offset }]) => [partition, offset])),
    );
  }
  for (const { topic, partition } of group.members.flatMap((member) => member.assignments)) {
    const ofTopic = committed.get(topic) ?? new Map<number, number | null>();
    committed.set(topic, ofTopic);
    if (!ofTopic.has(partition)) {
      ofTopic.set(partition, null);
    }
  }
  return [...committed]
    .flatMap(([topic, offsets]) =>
      [...offsets].map(([partition, committedOffset]) => {
        const end = endOffset(topic, partition);
        const lag = partitionLag(committedOffset, end);
        return { topic, partition, committedOffset, endOffset: end, lag };
      }),
    )
    .sort((a, b) => compareTopics(a.topic, b.topic) || a.partition - b.partition);
}

function compareTopics(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
