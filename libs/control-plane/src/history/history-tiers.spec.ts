import { describe, expect, it } from 'vitest';
import { chooseGrid, toColumns } from './history-tiers.ts';

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;

function grid(rangeMs: number, maxPoints = 900, agoMs = 0) {
  const to = NOW - agoMs;
  return chooseGrid({ from: to - rangeMs, to, now: NOW, maxPoints });
}

describe('the tier of a range', () => {
  it.each([
    ['the last ten minutes', 10 * MINUTE, 1, 1_000],
    ['the last hour', 60 * MINUTE, 10, 10_000],
    ['the last six hours', 6 * 60 * MINUTE, 60, 60_000],
    ['the last day', 24 * 60 * MINUTE, 60, 120_000],
    ['the last week', 7 * 24 * 60 * MINUTE, 60, 720_000],
  ])('%s', (_name, rangeMs, tierSeconds, stepMs) => {
    const { points, ...chosen } = grid(rangeMs);
    expect(chosen).toMatchObject({ tierSeconds, stepMs });
    expect(points).toBeLessThanOrEqual(900);
    expect(points).toBeGreaterThan(300);
  });

  it('is one that still holds the start, for a short range long ago', () => {
    expect(grid(5 * MINUTE, 900, 60 * MINUTE).tierSeconds).toBe(10);
    expect(grid(5 * MINUTE, 900, 24 * 60 * MINUTE).tierSeconds).toBe(60);
  });

  it('never gives more points than asked for', () => {
    for (const maxPoints of [1, 2, 7, 100, 2_000]) {
      for (const rangeMs of [1_000, 59_000, 10 * MINUTE, 3 * 24 * 60 * MINUTE]) {
        expect(grid(rangeMs, maxPoints).points).toBeLessThanOrEqual(Math.max(maxPoints, 2));
      }
    }
  });
});

describe('columns', () => {
  const tens = { tierSeconds: 10, from: 0, stepMs: 20_000, points: 4 };
  const samples = [
    { at: 0, value: 10 },
    { at: 10_000, value: 30 },
    { at: 20_000, value: 5 },
    { at: 60_000, value: 7 },
  ];

  it('have the mean of a rate', () => {
    expect(toColumns(samples, tens, 'in')).toEqual({
      at: [0, 20_000, 40_000, 60_000],
      value: [20, 5, null, 7],
    });
  });

  it('have the maximum of a lag, because its peak is the incident', () => {
    expect(toColumns(samples, tens, 'lag').value).toEqual([30, 5, null, 7]);
  });

  it('keep a gap a gap', () => {
    expect(toColumns([], tens, 'out').value).toEqual([null, null, null, null]);
  });

  it('leave out what lies outside', () => {
    const outside = [
      { at: -10_000, value: 1 },
      { at: 80_000, value: 1 },
    ];
    expect(toColumns(outside, tens, 'in').value).toEqual([null, null, null, null]);
  });
});
