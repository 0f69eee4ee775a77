import { describe, expect, it } from 'vitest';
import { gapSpans } from './gap.ts';

describe('the gap', () => {
  it('begins and ends where the lines cross', () => {
    const [span, ...others] = gapSpans([0, 1, 2], [0, 4, 0], [2, 2, 2]);
    expect(others).toEqual([]);
    expect(span!.points).toEqual([
      { x: 0.5, upper: 2, lower: 2 },
      { x: 1, upper: 4, lower: 2 },
      { x: 1.5, upper: 2, lower: 2 },
    ]);
  });

  it('is not drawn where consumed keeps up or exceeds arriving', () => {
    expect(gapSpans([0, 1], [1, 2], [1, 3])).toEqual([]);
  });

  it('breaks where a value is missing', () => {
    const spans = gapSpans([0, 1, 2, 3, 4], [5, 5, null, 5, 5], [1, 1, 1, 1, 1]);
    expect(spans.map((span) => span.points.map((point) => point.x))).toEqual([
      [0, 1],
      [3, 4],
    ]);
  });

  it('runs to the last sample while the gap is open', () => {
    const [span] = gapSpans([0, 1, 2], [3, 3, 3], [3, 1, 1]);
    expect(span!.points.at(-1)).toEqual({ x: 2, upper: 3, lower: 1 });
  });
});
