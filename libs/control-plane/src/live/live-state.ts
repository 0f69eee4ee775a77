import { type ClusterSample, visibleTopics } from './cluster-sample.ts';
import { GroupTrack } from './group-track.ts';
import { sumKnown } from './lag.ts';
import type { ClusterFigures, GroupFigures, TopicFigures } from './live-figures.ts';
import { TopicTrack } from './topic-track.ts';

/** After a pause longer than this, a difference is a mean over the pause, not a rate of now. */
const GAP_MS = 5_000;

/** Turns samples into figures. Holds one small track per topic and per group, and no I/O. */
export class LiveState {
  readonly #topics = new Map<string, TopicTrack>();
  readonly #groups = new Map<string, GroupTrack>();
  #lastAt: number | null = null;

  /** @param pausedGroups ids of groups whose processor is paused on purpose */
  apply(sample: ClusterSample, pausedGroups: ReadonlySet<string>): ClusterFigures {
    const at = sample.monotonicMs;
    const before = this.#lastAt;
    const gap = before !== null && at - before > GAP_MS;
    this.#lastAt = at;
    this.#followTopics(sample, { gap, before: gap ? null : before });
    const groups = this.#followGroups(sample, pausedGroups);
    const readable = visibleTopics(sample);
    const consumed = this.#consumedPerSecond(at);
    const topics = readable.map(({ name }) => this.#topicFigures(name, consumed.get(name) ?? 0));
    return {
      at: sample.at,
      topics,
      groups,
      totals: {
        inPerSecond: total(
          topics.map((topic) => topic.inPerSecond),
          before !== null,
        ),
        outPerSecond: total(
          topics.map((topic) => topic.outPerSecond),
          before !== null,
        ),
        lag: total(
          groups.map((group) => group.lag),
          true,
        ),
        topics: topics.length,
        groups: groups.length,
      },
    };
  }

  #followTopics(sample: ClusterSample, last: { gap: boolean; before: number | null }): void {
    const present = new Set<string>();
    for (const { name, id } of sample.metadata.topics) {
      present.add(name);
      let track = this.#topics.get(name);
      if (track === undefined || track.id !== id) {
        track = new TopicTrack(id, last.before);
        this.#topics.set(name, track);
      }
      if (last.gap) {
        track.break();
      }
      track.add(sample.endOffsets.get(name) ?? [], sample.monotonicMs);
    }
    forgetAbsent(this.#topics, present);
  }

  #followGroups(sample: ClusterSample, pausedGroups: ReadonlySet<string>): GroupFigures[] {
    const present = new Set<string>();
    const figures = sample.groups.map((group) => {
      present.add(group.groupId);
      let track = this.#groups.get(group.groupId);
      if (track === undefined) {
        track = new GroupTrack(sample.monotonicMs);
        this.#groups.set(group.groupId, track);
      }
      return track.add(group, {
        at: sample.monotonicMs,
        endOffset: (topic, partition) => sample.endOffsets.get(topic)?.[partition] ?? null,
        inPerSecond: (topic) => this.#topics.get(topic)?.inPerSecond ?? null,
        smoothedInPerSecond: (topic) => this.#topics.get(topic)?.smoothedInPerSecond ?? null,
        paused: pausedGroups.has(group.groupId),
      });
    });
    forgetAbsent(this.#groups, present);
    return figures;
  }

  /** Over all groups: in one walk of what the groups read, not topics times groups. */
  #consumedPerSecond(at: number): Map<string, number> {
    const consumed = new Map<string, number>();
    for (const group of this.#groups.values()) {
      for (const [topic, rate] of group.topicRates(at)) {
        consumed.set(topic, (consumed.get(topic) ?? 0) + rate);
      }
    }
    return consumed;
  }

  #topicFigures(name: string, outPerSecond: number): TopicFigures {
    const track = this.#topics.get(name);
    const inPerSecond = track?.inPerSecond ?? null;
    return {
      name,
      endOffsetSum: track?.endOffsetSum ?? 0,
      inPerSecond,
      outPerSecond: inPerSecond === null ? null : outPerSecond,
    };
  }
}

/** The total of no parts is 0 once anything can be known at all, and unknown before. */
function total(parts: readonly (number | null)[], knowable: boolean): number | null {
  return parts.length === 0 && knowable ? 0 : sumKnown(parts);
}

function forgetAbsent(tracks: Map<string, unknown>, present: ReadonlySet<string>): void {
  for (const name of tracks.keys()) {
    if (!present.has(name)) {
      tracks.delete(name);
    }
  }
}
