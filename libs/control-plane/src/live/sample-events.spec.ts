import { describe, expect, it } from 'vitest';
import type { ClusterSample, SampledGroup } from './cluster-sample.ts';
import { SampleEvents } from './sample-events.ts';

function sample(seen: {
  topics?: Record<string, string>;
  groups?: Record<string, { state?: string; members: Record<string, number[]> }>;
}): ClusterSample {
  return {
    at: 0,
    monotonicMs: 0,
    endOffsets: new Map(),
    metadata: {
      clusterId: 'c',
      controllerId: 1,
      brokers: new Map(),
      topics: Object.entries(seen.topics ?? {}).map(([name, id]) => ({
        name,
        id,
        internal: false,
        errorCode: 0,
        partitions: [],
      })),
    },
    groups: Object.entries(seen.groups ?? {}).map(([groupId, { state, members }]) => ({
      groupId,
      state: state ?? (Object.keys(members).length === 0 ? 'Empty' : 'Stable'),
      protocolType: 'consumer',
      protocol: 'range',
      coordinator: 1,
      commits: new Map(),
      members: Object.entries(members).map(([memberId, partitions]) =>
        toMember(memberId, partitions),
      ),
    })),
  };
}

function toMember(memberId: string, partitions: number[]): SampledGroup['members'][number] {
  const assignments = partitions.map((partition) => ({ topic: 't', partition }));
  return { memberId, clientId: '', clientHost: '', instanceId: null, assignments };
}

/** Events between the last two of these samples. */
function between(...samples: ClusterSample[]) {
  const events = new SampleEvents();
  return samples
    .map((each) => events.compare(each))
    .at(-1)!
    .map(({ kind, subject, message }) => ({ kind, subject, message }));
}

describe('topics', () => {
  it('are no news in the first sample', () => {
    expect(between(sample({ topics: { t: '1' } }))).toEqual([]);
  });

  it('created and deleted are told', () => {
    expect(between(sample({ topics: { old: '1' } }), sample({ topics: { new: '2' } }))).toEqual([
      { kind: 'TOPIC_DELETED', subject: 'old', message: 'Topic old was deleted' },
      { kind: 'TOPIC_CREATED', subject: 'new', message: 'Topic new was created' },
    ]);
  });

  it('of the same name but another id were deleted and made anew', () => {
    const events = between(sample({ topics: { t: '1' } }), sample({ topics: { t: '2' } }));
    expect(events.map((event) => event.kind)).toEqual(['TOPIC_DELETED', 'TOPIC_CREATED']);
  });
});

describe('groups', () => {
  const four = { g: { members: { a: [0], b: [1], c: [2], d: [3] } } };
  const three = { g: { members: { a: [0, 3], b: [1], c: [2] } } };

  it('are no news in the first sample', () => {
    expect(between(sample({ groups: four }))).toEqual([]);
  });

  it('that lose a member rebalanced, and the message says from how many to how many', () => {
    expect(between(sample({ groups: four }), sample({ groups: three }))).toEqual([
      { kind: 'GROUP_REBALANCED', subject: 'g', message: 'g rebalanced: 4 → 3 members' },
    ]);
  });

  it('are told once, when they have settled', () => {
    const moving = { g: { state: 'PreparingRebalance', members: { a: [], b: [], c: [] } } };
    expect(between(sample({ groups: four }), sample({ groups: moving }))).toEqual([]);
    expect(
      between(sample({ groups: four }), sample({ groups: moving }), sample({ groups: three })),
    ).toHaveLength(1);
    expect(
      between(sample({ groups: four }), sample({ groups: three }), sample({ groups: three })),
    ).toEqual([]);
  });

  it('that rebalance to the same members are told too', () => {
    const moving = { g: { state: 'CompletingRebalance', members: { a: [], b: [], c: [] } } };
    expect(
      between(sample({ groups: three }), sample({ groups: moving }), sample({ groups: three })),
    ).toEqual([{ kind: 'GROUP_REBALANCED', subject: 'g', message: 'g rebalanced, 3 members' }]);
  });

  it('that lose their last member are empty', () => {
    const empty = { g: { members: {} } };
    expect(between(sample({ groups: three }), sample({ groups: empty }))).toEqual([
      { kind: 'GROUP_EMPTIED', subject: 'g', message: 'g has no members any more (it had 3)' },
    ]);
  });

  it('that appear with members while we look have rebalanced from none', () => {
    expect(between(sample({}), sample({ groups: three }))).toEqual([
      { kind: 'GROUP_REBALANCED', subject: 'g', message: 'g rebalanced: 0 → 3 members' },
    ]);
  });
});
