import { describe, expect, it } from 'vitest';
import { niceScale, spreadLabels, SteadyScale, timeSplits } from './scale.ts';

describe('axes', () => {
  it.each([3, 97, 3_427, 10_800, 289_130, 0.4])('divides %d by three to five lines', (max) => {
    const { max: top, step } = niceScale(max);
    expect(top).toBeGreaterThanOrEqual(max);
    expect(top / step).toBeGreaterThanOrEqual(2);
    expect(top / step).toBeLessThanOrEqual(5);
  });

  it('grow at once and shrink only after 10 s', () => {
    const scale = new SteadyScale();
    expect(scale.next(900, 0).max).toBe(1_000);
    expect(scale.next(3_000, 1_000).max).toBe(4_000);
    expect(scale.next(900, 2_000).max).toBe(4_000);
    expect(scale.next(900, 11_000).max).toBe(4_000);
    expect(scale.next(900, 12_000).max).toBe(1_000);
  });

  it('label round minutes', () => {
    expect(timeSplits(61, 961, 4)).toEqual([240, 480, 720, 960]);
  });
});

describe('labels at the ends of lines', () => {
  it('are pushed apart and stay inside', () => {
    const places = spreadLabels([100, 102, 101], 28, 0, 150);
    expect(places.toSorted((a, b) => a - b)).toEqual([94, 122, 150]);
    expect(places[0]).toBeLessThan(places[2]!);
    expect(places[2]).toBeLessThan(places[1]!);
  });

  it('stay where they are when there is room', () => {
    expect(spreadLabels([10, 60], 28, 0, 150)).toEqual([10, 60]);
  });
});
