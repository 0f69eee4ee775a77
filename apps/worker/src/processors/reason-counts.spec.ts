import { describe, expect, it } from 'vitest';
import { ReasonCounts } from './reason-counts.ts';

function counted(...reasons: string[]): ReasonCounts {
  const counts = new ReasonCounts();
  reasons.forEach((reason) => counts.add(reason));
  return counts;
}

describe('the reasons for which records were given up', () => {
  it('are all named by the commonest first, not by the last', () => {
    expect(counted('no json').words()).toBe('1 record: no json');
    expect(counted('no json', 'no json').words()).toBe('2 records: no json');
    expect(counted('late', 'no json', 'no json', 'late', 'no json').words()).toBe(
      '5 records: 3 × no json, 2 × late',
    );
  });

  it('add up to the number of records, however many there are', () => {
    const reasons = Array.from({ length: 1_000 }, (_, index) => `reason ${index}`);
    const counts = counted('a', 'a', 'a', 'b', 'b', 'c', 'c', ...reasons);
    expect(counts.total).toBe(1_007);
    expect(counts.words()).toBe('1007 records: 3 × a, 2 × b, 2 × c, and 1000 for other reasons');
    counts.clear();
    expect(counts.total).toBe(0);
  });
});
