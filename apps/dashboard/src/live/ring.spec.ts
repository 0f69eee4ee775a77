import { describe, expect, it } from 'vitest';
import { Ring } from './ring.ts';

describe('a ring', () => {
  it('keeps the newest samples and gives them oldest first', () => {
    const ring = new Ring(3);
    for (let at = 1; at <= 5; at += 1) ring.push(at, at * 10);
    expect(ring.length).toBe(3);
    expect(ring.oldestAt).toBe(3);
    expect(ring.window(-Infinity, Infinity)).toEqual({ at: [3, 4, 5], value: [30, 40, 50] });
  });

  it('ignores a second sample of the same time', () => {
    const ring = new Ring(4);
    ring.push(2, 20);
    ring.push(2, 99);
    expect(ring.window(0, 9)).toEqual({ at: [2], value: [20] });
  });

  it('goes on from where a clock was set back to, without what lies after it', () => {
    const ring = new Ring(4);
    for (const at of [1, 2, 7_201, 7_202, 7_203]) ring.push(at, at);
    ring.push(3, 30);
    ring.push(4, 40);
    expect(ring.window(-Infinity, Infinity)).toEqual({ at: [2, 3, 4], value: [2, 30, 40] });
    for (const at of [5, 6]) ring.push(at, at);
    expect(ring.window(-Infinity, Infinity).at).toEqual([3, 4, 5, 6]);
  });

  it('gives null for what was not measured and leaves it out of the mean', () => {
    const ring = new Ring(4);
    ring.push(1, 10);
    ring.push(2, null);
    ring.push(3, 20);
    expect(ring.window(0, 3).value).toEqual([10, null, 20]);
    expect(ring.mean(0, 3)).toBe(15);
    expect(ring.mean(1, 2)).toBeNull();
  });

  it('cuts windows open at their start and closed at their end', () => {
    const ring = new Ring(4);
    for (const at of [1, 2, 3]) ring.push(at, at);
    expect(ring.window(1, 2).at).toEqual([2]);
  });
});
