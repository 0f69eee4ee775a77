import type { EventKind } from '../events/index.ts';
import type { ClusterSample, SampledGroup } from './cluster-sample.ts';

export interface SampleEvent {
  readonly kind: EventKind;
  readonly subject: string;
  readonly message: string;
  readonly data: Record<string, unknown>;
}

interface GroupMemory {
  /** Members and what they had when the group was last settled, as one comparable text. */
  settled: string;
  members: number;
  rebalancing: boolean;
}

/**
 * Finds what changed between samples. DescribeGroups tells no generation, so a rebalance is seen
 * either directly (the group is in one of the rebalancing states) or by its result: the group is
 * settled again with other members, or with the partitions distributed otherwise.
 */
export class SampleEvents {
  #topics: ReadonlyMap<string, string> | null = null;
  #groups: Map<string, GroupMemory> | null = null;

  compare(sample: ClusterSample): SampleEvent[] {
    return [...this.#compareTopics(sample), ...this.#compareGroups(sample.groups)];
  }

  #compareTopics(sample: ClusterSample): SampleEvent[] {
    const before = this.#topics;
    const now = new Map(
      sample.metadata.topics
        .filter((topic) => !topic.internal && topic.errorCode === 0)
        .map((topic) => [topic.name, topic.id]),
    );
    this.#topics = now;
    if (before === null) {
      return [];
    }
    const events: SampleEvent[] = [];
    for (const [name, id] of before) {
      if (now.get(name) !== id) {
        events.push(topicEvent('TOPIC_DELETED', name, 'deleted'));
      }
    }
    for (const [name, id] of now) {
      if (before.get(name) !== id) {
        events.push(topicEvent('TOPIC_CREATED', name, 'created'));
      }
    }
    return events;
  }

  #compareGroups(groups: readonly SampledGroup[]): SampleEvent[] {
    const before = this.#groups;
    const memories = new Map<string, GroupMemory>();
    const events: SampleEvent[] = [];
    for (const group of groups) {
      const unseen = before === null ? null : { settled: '', members: 0, rebalancing: false };
      const memory = before?.get(group.groupId) ?? unseen;
      if (memory === null) {
        memories.set(group.groupId, {
          settled: settledText(group),
          members: group.members.length,
          rebalancing: isRebalancing(group),
        });
        continue;
      }
      events.push(...compareGroup(group, memory));
      memories.set(group.groupId, memory);
    }
    this.#groups = memories;
    return events;
  }
}

function compareGroup(group: SampledGroup, memory: GroupMemory): SampleEvent[] {
  if (isRebalancing(group)) {
    memory.rebalancing = true;
    return [];
  }
  const settled = settledText(group);
  const from = memory.members;
  const to = group.members.length;
  const changed = settled !== memory.settled || (memory.rebalancing && to > 0);
  memory.settled = settled;
  memory.members = to;
  memory.rebalancing = false;
  if (!changed || (from === 0 && to === 0)) {
    return [];
  }
  const data = { membersBefore: from, members: to, state: group.state };
  if (to === 0) {
    const message = `${group.groupId} has no members any more (it had ${from})`;
    return [{ kind: 'GROUP_EMPTIED', subject: group.groupId, message, data }];
  }
  const message =
    from === to
      ? `${group.groupId} rebalanced, ${countOf(to)}`
      : `${group.groupId} rebalanced: ${from} → ${countOf(to)}`;
  return [{ kind: 'GROUP_REBALANCED', subject: group.groupId, message, data }];
}

function isRebalancing(group: SampledGroup): boolean {
  return /rebalanc|assigning|reconciling/i.test(group.state);
}

function settledText(group: SampledGroup): string {
  return group.members
    .map((member) => {
      const partitions = member.assignments.map(({ topic, partition }) => `${topic}/${partition}`);
      return `${member.memberId}=${partitions.sort().join(',')}`;
    })
    .sort()
    .join(';');
}

function topicEvent(kind: EventKind, name: string, verb: string): SampleEvent {
  return { kind, subject: name, message: `Topic ${name} was ${verb}`, data: {} };
}

function countOf(members: number): string {
  return members === 1 ? '1 member' : `${members} members`;
}
