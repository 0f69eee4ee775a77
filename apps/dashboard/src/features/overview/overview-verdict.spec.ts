import { describe, expect, it } from 'vitest';
import type { LiveFrame } from '../../live/live-store.ts';
import { plainText } from '../../ui/rich.tsx';
import {
  calmVerdict,
  namedProblems,
  overviewProblems,
  type OverviewFacts,
} from './overview-verdict.ts';

const frame: LiveFrame = {
  epoch: 'e',
  seq: 1,
  at: 1_000_000,
  brokerError: null,
  totals: { inPerSecond: 10, outPerSecond: 10, lag: 5, topics: 1, groups: 1, runsActive: 0 },
  topics: [],
  groups: [],
  processors: [],
  runs: [],
  processes: [],
  redisConnected: true,
  redisError: null,
  databaseError: null,
  workersAlive: 1,
};
const group: OverviewFacts['groups'][number] = {
  groupId: 'g',
  health: 'FALLING_BEHIND',
  members: 1,
  lag: 9,
  topics: ['t'],
  partitions: [],
  arriving: 2,
  consumed: 1,
  since: null,
  now: 1_000_000,
};
const facts: OverviewFacts = { frame, groups: [], failedRuns: [] };

describe('what is wrong', () => {
  it('is nothing on a calm page', () => {
    expect(overviewProblems(facts)).toEqual([]);
    expect(plainText(calmVerdict(frame).sentence)).toContain('Nobody reads them');
  });

  it('puts what all stands on before groups and failed runs', () => {
    const problems = overviewProblems({
      ...facts,
      frame: { ...frame, brokerError: 'timeout', redisConnected: false },
      groups: [group],
      failedRuns: [{ id: 'r', job: 'j', error: 'why', attempt: 3 }],
    });
    expect(problems.map((problem) => plainText(problem.verdict.sentence))).toEqual([
      'The broker does not answer; nothing can be measured now.',
      'Batch jobs wait: Redis cannot be used. All else works.',
      'g consumes 1/s of the 2/s arriving and will not catch up.',
      'j failed at its last run, attempt 3.',
    ]);
  });

  it('says that control.db is locked before it says what cannot be known meanwhile', () => {
    const [problem] = overviewProblems({
      ...facts,
      frame: {
        ...frame,
        databaseError: 'control.db is locked by sqlite3 for 3 s',
        workersAlive: 0,
      },
    });
    expect(problem!.verdict.word ?? problem!.verdict.look.word).toBe('Database busy');
    expect(plainText(problem!.verdict.lead!)).toContain('is locked by sqlite3 for 3 s');
  });

  it('counts what it does not name, and names all that everything stands on', () => {
    const problems = overviewProblems({
      ...facts,
      frame: { ...frame, brokerError: 'timeout', redisConnected: false, workersAlive: 0 },
      groups: Array.from({ length: 52 }, (_, index) => ({ ...group, groupId: `g${index}` })),
      failedRuns: ['a', 'b'].map((job) => ({ id: job, job, error: 'why', attempt: 3 })),
    });
    const { named, counted } = namedProblems(problems);
    expect(named.slice(0, 3).every((problem) => problem.target === undefined)).toBe(true);
    expect(named.length + counted.reduce((sum, { count }) => sum + count, 0)).toBe(57);
    expect(counted).toEqual([
      { kind: 'group', count: 48 },
      { kind: 'job', count: 2 },
    ]);
  });

  it('leaves groups out that keep up, catch up or are paused on purpose', () => {
    const groups = (['KEEPING_UP', 'CATCHING_UP', 'PAUSED', 'UNKNOWN'] as const).map((health) => ({
      ...group,
      health,
    }));
    expect(overviewProblems({ ...facts, groups })).toEqual([]);
  });

  it('says what is wrong with Redis, and what to do', () => {
    const [problem] = overviewProblems({
      ...facts,
      frame: {
        ...frame,
        redisConnected: false,
        redisError: 'Redis at h:1 does not answer. Start it',
      },
    });
    expect(plainText(problem!.verdict.lead!)).toBe('Redis at h:1 does not answer. Start it');
  });
});
