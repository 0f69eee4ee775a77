import { describe, expect, it } from 'vitest';
import { axisOf, placeOn } from './attempt-axis.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('the axis of attempts', () => {
  it('is to scale while the attempts follow each other', () => {
    const axis = axisOf([
      { from: 0, to: MINUTE },
      { from: 2 * MINUTE, to: 4 * MINUTE },
    ]);
    expect(axis).toMatchObject([{ from: 0, to: 4 * MINUTE, start: 0, end: 1, isCut: false }]);
    expect(placeOn(axis, MINUTE)).toBeCloseTo(0.25);
    expect(placeOn(axis, -HOUR)).toBe(0);
    expect(placeOn(axis, HOUR)).toBe(1);
  });

  it('cuts out the hours in which nothing was done', () => {
    const axis = axisOf([
      { from: 0, to: MINUTE },
      { from: 12 * HOUR, to: 12 * HOUR + MINUTE },
    ]);
    expect(axis.map(({ isCut }) => isCut)).toEqual([false, true, false]);
    expect(axis[0]!.end - axis[0]!.start).toBeCloseTo(0.47);
    expect(axis.at(-1)?.end).toBeCloseTo(1);
    expect(placeOn(axis, 12 * HOUR)).toBeCloseTo(0.53);
  });

  it('has room for an attempt that ended at once, and none for no attempt', () => {
    expect(axisOf([{ from: 5, to: 5 }])).toMatchObject([{ start: 0, end: 1 }]);
    expect(axisOf([])).toEqual([]);
    expect(placeOn([], 5)).toBe(0);
  });
});
