import { describe, expect, it } from 'vitest';
import { align, bucketed, joined, summed } from './series.ts';

describe('series on one axis', () => {
  it('breaks the line where times lie too far apart', () => {
    const { x, ys } = align([{ at: [1_000, 2_000, 60_000], value: [1, 2, 3] }], 3_500);
    expect(x).toEqual([1, 2, 2.001, 60]);
    expect(ys).toEqual([[1, 2, null, 3]]);
  });

  it('puts null where one of several series has no sample', () => {
    const { ys } = align(
      [
        { at: [1_000, 2_000], value: [1, 2] },
        { at: [2_000], value: [5] },
      ],
      3_500,
    );
    expect(ys).toEqual([
      [1, 2],
      [null, 5],
    ]);
  });

  it('keeps the peak of lag and the mean of rates within a bucket', () => {
    const samples = { at: [10_000, 14_000, 19_999, 20_000], value: [1, 9, null, 4] };
    expect(bucketed(samples, 10_000, 'LAG')).toEqual({ at: [10_000, 20_000], value: [9, 4] });
    expect(bucketed(samples, 10_000, 'IN')).toEqual({ at: [10_000, 20_000], value: [5, 4] });
  });

  it('goes on live after the last sample of the history', () => {
    const history = { at: [1, 2, 3], value: [1, 1, 1] };
    expect(joined(history, { at: [2, 3, 4], value: [7, 7, 7] })).toEqual({
      at: [1, 2, 3, 4],
      value: [1, 1, 1, 7],
    });
    expect(joined(undefined, { at: [4], value: [7] }).at).toEqual([4]);
  });

  it('sums what is known and stays unknown where nothing is', () => {
    expect(
      summed([
        [1, null, null],
        [2, 3, null],
      ]),
    ).toEqual([3, 3, null]);
    expect(summed([])).toEqual([]);
  });
});
