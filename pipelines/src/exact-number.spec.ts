import { describe, expect, it } from 'vitest';
import { compare, dividedBy, fraction, plus, rounded, times } from './exact-number.ts';

describe('exact numbers', () => {
  it('round a half up, towards +∞, as people read the number', () => {
    const tenths = (value: number) => rounded(fraction(value), 1);
    expect([38.05, 35.95, -0.05, -0.15, 1e-9, 12.25, 0.35].map(tenths)).toEqual([
      38.1, 36, 0, -0.1, 0, 12.3, 0.4,
    ]);
    const half = { over: 1n, under: 2n };
    expect(rounded(half)).toBe(1);
    expect(rounded(times(half, fraction(-1)))).toBe(0);
    expect(rounded(times(half, fraction(-3)))).toBe(-1);
  });

  it('stay exact where binary numbers do not', () => {
    expect(compare(plus(fraction(0.1), fraction(0.2)), fraction(0.3))).toBe(0);
    const cents = fraction(Number.MAX_SAFE_INTEGER);
    expect(rounded(dividedBy(times(cents, fraction(93)), fraction(1_000)))).toBe(837669530690912);
    expect(rounded(dividedBy(fraction(7), fraction(-2)))).toBe(-3);
    expect(compare(fraction(1e21), fraction(1e22))).toBe(-1);
  });
});
