import { describe, expect, it } from 'vitest';
import type { ClusterSample, SampledGroup } from './cluster-sample.ts';
import { LiveState } from './live-state.ts';

interface Seen {
  readonly topics?: Record<string, (number | null)[]>;
  readonly ids?: Record<string, string>;
  readonly groups?: SampledGroup[];
}

/** What a pass saw at a second. */
function sample(second: number, { topics = {}, ids = {}, groups = [] }: Seen): ClusterSample {
  return {
    at: 1_700_000_000_000 + second * 1_000,
    monotonicMs: second * 1_000,
    groups,
    endOffsets: new Map(Object.entries(topics)),
    metadata: {
      clusterId: 'c',
      controllerId: 1,
      brokers: new Map(),
      topics: Object.entries(topics).map(([name, ends]) => ({
        name,
        id: ids[name] ?? name,
        internal: name.startsWith('__'),
        errorCode: 0,
        partitions: ends.map((_, partition) => ({ partition, leader: 1, errorCode: 0 })),
      })),
    },
  };
}

function group(
  committed: Record<string, Record<number, number>>,
  options: { members?: number; assigned?: [string, number][] } = {},
): SampledGroup {
  const assignments = (options.assigned ?? []).map(([topic, partition]) => ({ topic, partition }));
  return {
    groupId: 'g',
    state: 'Stable',
    protocolType: 'consumer',
    protocol: 'range',
    coordinator: 1,
    members: Array.from({ length: options.members ?? 1 }, (_, index) => ({
      memberId: `m${index}`,
      clientId: 'c',
      clientHost: '/127.0.0.1',
      instanceId: null,
      assignments: index === 0 ? assignments : [],
    })),
    commits: new Map(
      Object.entries(committed).map(([topic, offsets]) => [
        topic,
        new Map(
          Object.entries(offsets).map(([partition, offset]) => [
            Number(partition),
            { offset, metadata: null },
          ]),
        ),
      ]),
    ),
  };
}

const none = new Set<string>();

/** Figures after the last of these samples, one a second. */
function after(...seen: Seen[]) {
  const state = new LiveState();
  const figures = seen.map((each, second) => state.apply(sample(second, each), none));
  return figures.at(-1)!;
}

describe('produce rate', () => {
  it('is null until two samples exist, then the growth of the end offsets per second', () => {
    const state = new LiveState();
    const first = state.apply(sample(0, { topics: { t: [10, 20] } }), none);
    expect(first.topics[0]?.inPerSecond).toBeNull();
    expect(first.totals.inPerSecond).toBeNull();
    const second = state.apply(sample(2, { topics: { t: [14, 26] } }), none);
    expect(second.topics[0]).toMatchObject({ name: 't', endOffsetSum: 40, inPerSecond: 5 });
    expect(second.totals.inPerSecond).toBe(5);
  });

  it('counts all that a topic holds which was not there in the sample before', () => {
    const figures = after({ topics: {} }, { topics: { t: [1_000, 707] } });
    expect(figures.topics[0]?.inPerSecond).toBe(1_707);
  });

  it('is unknown, not negative, when a topic was deleted and made anew', () => {
    const figures = after(
      { topics: { t: [500] }, ids: { t: 'old' } },
      { topics: { t: [3] }, ids: { t: 'new' } },
    );
    expect(figures.topics[0]?.inPerSecond).toBe(3);
  });

  it('is unknown when an end offset went back', () => {
    expect(
      after({ topics: { t: [50] } }, { topics: { t: [40] } }).topics[0]?.inPerSecond,
    ).toBeNull();
  });

  it('is unknown for the first sample after a gap, not a mean over the gap', () => {
    const state = new LiveState();
    state.apply(sample(0, { topics: { t: [0] } }), none);
    const back = state.apply(sample(60, { topics: { t: [6_000] } }), none);
    expect(back.topics[0]?.inPerSecond).toBeNull();
    const next = state.apply(sample(61, { topics: { t: [6_100] } }), none);
    expect(next.topics[0]?.inPerSecond).toBe(100);
  });

  it('leaves out a partition that has no leader and goes on when it is back', () => {
    const state = new LiveState();
    state.apply(sample(0, { topics: { t: [10, 10] } }), none);
    const away = state.apply(sample(1, { topics: { t: [20, null] } }), none);
    expect(away.topics[0]).toMatchObject({ inPerSecond: 10, endOffsetSum: 30 });
    const back = state.apply(sample(2, { topics: { t: [30, 15] } }), none);
    expect(back.topics[0]).toMatchObject({ inPerSecond: 15, endOffsetSum: 45 });
  });

  it('does not count internal topics', () => {
    const figures = after(
      { topics: { t: [0], __consumer_offsets: [0] } },
      { topics: { t: [1], __consumer_offsets: [99] } },
    );
    expect(figures.totals).toMatchObject({ inPerSecond: 1, topics: 1 });
    expect(figures.topics.map((topic) => topic.name)).toEqual(['t']);
  });
});

describe('groups', () => {
  it('lag by what is between commit and end, per partition and in sum', () => {
    const figures = after({
      topics: { t: [100, 50] },
      groups: [group({ t: { 0: 90, 1: 50 } })],
    });
    expect(figures.groups[0]?.lag).toBe(10);
    expect(figures.groups[0]?.partitions).toEqual([
      { topic: 't', partition: 0, committedOffset: 90, endOffset: 100, lag: 10 },
      { topic: 't', partition: 1, committedOffset: 50, endOffset: 50, lag: 0 },
    ]);
  });

  it('list an assigned partition without a commit as unknown', () => {
    const figures = after({
      topics: { t: [100, 50] },
      groups: [
        group(
          { t: { 0: 90 } },
          {
            assigned: [
              ['t', 0],
              ['t', 1],
            ],
          },
        ),
      ],
    });
    expect(figures.groups[0]?.lag).toBe(10);
    expect(figures.groups[0]?.partitions[1]).toMatchObject({ committedOffset: null, lag: null });
  });

  it('keep the commit to a deleted topic, with an unknown lag that does not spoil the sum', () => {
    const figures = after({
      topics: { t: [100] },
      groups: [group({ t: { 0: 90 }, gone: { 0: 7 } })],
    });
    expect(figures.groups[0]?.lag).toBe(10);
    expect(figures.groups[0]?.partitions[0]).toMatchObject({ topic: 'gone', lag: null });
    expect(figures.totals.lag).toBe(10);
  });

  it('have no lag figure before the first commit', () => {
    const figures = after({
      topics: { t: [100] },
      groups: [group({}, { assigned: [['t', 0]] })],
    });
    expect(figures.groups[0]).toMatchObject({ lag: null, health: 'UNKNOWN' });
  });

  it('consume at the rate of their commits, which is also the rate out of the topic', () => {
    const seen = Array.from({ length: 21 }, (_, second) => ({
      topics: { t: [100 * second] },
      groups: [group({ t: { 0: 100 * second } })],
    }));
    const figures = after(...seen);
    expect(figures.groups[0]?.outPerSecond).toBeCloseTo(100);
    expect(figures.groups[0]?.inPerSecond).toBeCloseTo(100);
    expect(figures.topics[0]?.outPerSecond).toBeCloseTo(100);
    expect(figures.totals.outPerSecond).toBeCloseTo(100);
    expect(figures.groups[0]?.health).toBe('KEEPING_UP');
  });

  it('have consumed nothing when somebody set their offsets while they had no members', () => {
    const figures = after(
      { topics: { t: [1_000] }, groups: [group({ t: { 0: 0 } }, { members: 0 })] },
      { topics: { t: [1_000] }, groups: [group({ t: { 0: 1_000 } }, { members: 0 })] },
    );
    expect(figures.groups[0]).toMatchObject({ outPerSecond: 0, lag: 0 });
  });

  it('have consumed nothing when their offsets were set back', () => {
    const figures = after(
      { topics: { t: [1_000] }, groups: [group({ t: { 0: 900 } })] },
      { topics: { t: [1_000] }, groups: [group({ t: { 0: 0 } })] },
    );
    expect(figures.groups[0]).toMatchObject({ outPerSecond: 0, lag: 1_000 });
  });

  it('are 0 behind in total when there are none', () => {
    expect(after({ topics: { t: [5] } }).totals.lag).toBe(0);
  });
});

it('looks at each of 50,000 partitions and 10,000 groups a few times, not once per topic', () => {
  let looks = 0;
  const ends = new Proxy(new Array<number>(50).fill(9), {
    get(target, key): unknown {
      looks += 1;
      return Reflect.get(target, key);
    },
  });
  const names = Array.from({ length: 1_000 }, (_, index) => `topic-${index}`);
  const topics = Object.fromEntries(names.map((name) => [name, ends]));
  const groups = Array.from({ length: 10_000 }, (_, index) => ({
    ...group({ [`topic-${index % 1_000}`]: { 0: 1, 1: 2, 2: 3, 3: 4, 4: 5 } }),
    groupId: `group-${index}`,
  }));
  const state = new LiveState();
  state.apply(sample(0, { topics, groups }), none);
  const next = sample(1, { topics, groups });
  looks = 0;
  const figures = state.apply(next, none);
  expect(figures.groups).toHaveLength(10_000);
  expect(looks).toBeGreaterThan(50_000);
  expect(looks).toBeLessThan(20 * 50_000);
});
