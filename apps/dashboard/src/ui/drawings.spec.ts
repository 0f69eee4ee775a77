import { describe, expect, it } from 'vitest';
import { gateShape } from './gate.tsx';
import { rulerShape } from './log-ruler.tsx';
import { sparklinePath } from './sparkline-path.ts';

describe('the gate', () => {
  it('shows what passes, what stays behind, and nothing where both are equal', () => {
    const state = 'uneven' as const;
    expect(gateShape({ arriving: 3_400, consumed: 2_550, state })).toEqual({
      kind: 'held',
      tick: 0.75,
    });
    expect(gateShape({ arriving: 500, consumed: 1_000, state })).toEqual({
      kind: 'draining',
      tick: 0.5,
    });
    expect(gateShape({ arriving: 100, consumed: 98, state })).toEqual({ kind: 'calm' });
    expect(gateShape({ arriving: null, consumed: 98, state })).toEqual({ kind: 'calm' });
    expect(gateShape({ arriving: 5, consumed: 0, state: 'paused' })).toEqual({ kind: 'paused' });
  });
});

describe('the log ruler', () => {
  it('marks the committed offset and what waits behind it', () => {
    expect(rulerShape({ start: 100, committed: 150, end: 200 })).toEqual({
      tick: 0.5,
      waiting: 0.5,
    });
  });

  it('stays inside the log when the commit lies before its start', () => {
    expect(rulerShape({ start: 100, committed: 10, end: 200 })).toEqual({ tick: 0, waiting: 1 });
    expect(rulerShape({ start: 7, committed: 7, end: 7 })).toEqual({ tick: 1, waiting: 0 });
  });

  it('draws nothing without a commit', () => {
    expect(rulerShape({ start: 0, committed: null, end: 5 })).toBeNull();
  });
});

describe('a sparkline', () => {
  const box = { from: 0, to: 3, width: 30, height: 10 };

  it('looks steady for a steady series', () => {
    const { path } = sparklinePath({ at: [0, 1, 2, 3], value: [100, 101, 100, 99] }, box);
    const heights = [...path.matchAll(/ (\d+(?:\.\d+)?)/g)].map((match) => Number(match[1]));
    expect(Math.max(...heights) - Math.min(...heights)).toBeLessThan(1);
  });

  it('places samples by their time and breaks where one is missing', () => {
    const { path, last } = sparklinePath({ at: [0, 1, 2, 3], value: [1, null, 3, 2] }, box);
    expect(path.match(/M/g)).toHaveLength(2);
    expect(last!.x).toBe(30);
  });

  it('draws nothing of a single sample', () => {
    expect(sparklinePath({ at: [3], value: [4] }, box)).toEqual({ path: '', last: null });
  });
});
