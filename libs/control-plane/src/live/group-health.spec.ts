import { describe, expect, it } from 'vitest';
import { groupHealth, type GroupProgress, type LagPoint } from './group-health.ts';

const NOW = 1_000_000;

/** A group that commits every second and keeps up with 100 records a second, except as given. */
function group(changes: Partial<GroupProgress>): GroupProgress {
  return {
    now: NOW,
    paused: false,
    members: 2,
    lag: 0,
    lagHistory: history(() => 0),
    producedPerSecond: 100,
    commitIntervalMs: 1_000,
    quietMs: 10_000,
    advancedAt: NOW - 500,
    partitions: [{ lag: 0, behindSince: null, advancedAt: NOW - 500 }],
    ...changes,
  };
}

/** Thirty seconds of lag, `lagAt(0)` being thirty seconds ago. */
function history(lagAt: (second: number) => number): LagPoint[] {
  return Array.from({ length: 31 }, (_, second) => ({
    at: NOW - 30_000 + second * 1_000,
    lag: lagAt(second),
  }));
}

const advancing = { behindSince: NOW - 60_000, advancedAt: NOW - 500 };

describe('health of a group', () => {
  it('keeps up at lag 0', () => {
    expect(groupHealth(group({}))).toBe('KEEPING_UP');
  });

  it('keeps up while it lags by no more than arrives between commits', () => {
    const lag = 250;
    const partitions = [{ lag, ...advancing }];
    expect(groupHealth(group({ lag, lagHistory: history(() => lag), partitions }))).toBe(
      'KEEPING_UP',
    );
  });

  it('falls behind when offsets advance and the lag does not shrink', () => {
    const lagHistory = history((second) => 10_000 + second * 50);
    const partitions = [{ lag: 11_500, ...advancing }];
    expect(groupHealth(group({ lag: 11_500, lagHistory, partitions }))).toBe('FALLING_BEHIND');
  });

  it('falls behind as well when the lag stays as large as it is', () => {
    const partitions = [{ lag: 9_000, ...advancing }];
    const lagHistory = history(() => 9_000);
    expect(groupHealth(group({ lag: 9_000, lagHistory, partitions }))).toBe('FALLING_BEHIND');
  });

  it('catches up when the lag shrinks', () => {
    const lagHistory = history((second) => 60_000 - second * 1_000);
    const partitions = [{ lag: 30_000, ...advancing }];
    expect(groupHealth(group({ lag: 30_000, lagHistory, partitions }))).toBe('CATCHING_UP');
  });

  it('is stopped when records wait and nothing advances', () => {
    const still = { behindSince: NOW - 20_000, advancedAt: NOW - 20_000 };
    const lagHistory = history((second) => second * 100);
    const stopped = group({
      lag: 2_000,
      lagHistory,
      advancedAt: NOW - 20_000,
      partitions: [{ lag: 2_000, ...still }],
    });
    expect(groupHealth(stopped)).toBe('STOPPED');
  });

  it('is stalled when one partition stands still while others advance', () => {
    const stalled = group({
      lag: 600,
      lagHistory: history(() => 600),
      partitions: [
        { lag: 0, behindSince: null, advancedAt: NOW - 500 },
        { lag: 600, behindSince: NOW - 20_000, advancedAt: NOW - 20_000 },
      ],
    });
    expect(groupHealth(stalled)).toBe('STALLED');
  });

  it('is not stopped on a quiet partition where a record has just arrived', () => {
    const quiet = group({
      lag: 1,
      producedPerSecond: 0,
      advancedAt: NOW - 3_600_000,
      lagHistory: history((second) => (second === 30 ? 1 : 0)),
      partitions: [{ lag: 1, behindSince: NOW - 1_000, advancedAt: NOW - 3_600_000 }],
    });
    expect(groupHealth(quiet)).toBe('KEEPING_UP');
  });

  it('has no members, whatever the lag', () => {
    expect(groupHealth(group({ members: 0, lag: 500 }))).toBe('NO_MEMBERS');
    expect(groupHealth(group({ members: 0 }))).toBe('NO_MEMBERS');
  });

  it('is paused when we paused it, which is a state and no fault', () => {
    expect(groupHealth(group({ paused: true, members: 0, lag: 5_000 }))).toBe('PAUSED');
  });

  it('is unknown before anything was committed', () => {
    expect(groupHealth(group({ lag: null, lagHistory: [], partitions: [] }))).toBe('UNKNOWN');
  });

  it('is unknown while it lags and too little was seen to tell where it goes', () => {
    const lagHistory = [{ at: NOW, lag: 80_000 }];
    const partitions = [{ lag: 80_000, behindSince: NOW, advancedAt: null }];
    expect(groupHealth(group({ lag: 80_000, lagHistory, partitions }))).toBe('UNKNOWN');
  });
});
