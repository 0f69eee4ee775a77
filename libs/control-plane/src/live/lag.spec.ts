import { describe, expect, it } from 'vitest';
import { partitionLag, sumKnown } from './lag.ts';

describe('lag', () => {
  it('is what lies between the committed offset and the log end', () => {
    expect(partitionLag(40, 100)).toBe(60);
    expect(partitionLag(100, 100)).toBe(0);
  });

  it('is unknown, not the whole log, where nothing was committed', () => {
    expect(partitionLag(null, 100)).toBeNull();
  });

  it('is unknown where the end is unknown, as with a deleted topic', () => {
    expect(partitionLag(40, null)).toBeNull();
  });

  it('is never negative', () => {
    expect(partitionLag(120, 100)).toBe(0);
  });

  it('sums what is known and is unknown only when nothing is', () => {
    expect(sumKnown([3, null, 4])).toBe(7);
    expect(sumKnown([null, null])).toBeNull();
    expect(sumKnown([])).toBeNull();
    expect(sumKnown([Number.NaN, 5])).toBe(5);
  });
});
