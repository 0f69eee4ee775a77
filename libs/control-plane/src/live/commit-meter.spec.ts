import { describe, expect, it } from 'vitest';
import { CommitMeter } from './commit-meter.ts';

/** Feeds a meter once a second; `committedAt` says how many records second `s` committed. */
function follow(seconds: number, committedAt: (second: number) => number): CommitMeter {
  const meter = new CommitMeter(0);
  for (let second = 1; second <= seconds; second += 1) {
    meter.add(second * 1_000, committedAt(second));
  }
  return meter;
}

describe('the consume rate', () => {
  it('is steady although commits come in bursts every five seconds', () => {
    const perBurst = 5_000;
    const meter = follow(60, (second) => (second % 5 === 0 ? perBurst : 0));
    for (const now of [60_000, 61_000, 62_500, 64_900]) {
      expect(meter.rate(now)).toBeCloseTo(1_000);
    }
  });

  it('is a mean over at least two commit intervals', () => {
    const meter = follow(20, (second) =>
      second % 5 === 0 ? (second % 10 === 0 ? 8_000 : 2_000) : 0,
    );
    expect(meter.rate(20_000)).toBeCloseTo(1_000);
  });

  it('decays when the next commit is overdue, and becomes 0', () => {
    const meter = follow(60, (second) => (second % 5 === 0 ? 5_000 : 0));
    expect(meter.rate(70_000)).toBeLessThan(600);
    expect(meter.rate(100_000)).toBe(0);
  });

  it('is 0 for a group that commits nothing', () => {
    expect(follow(30, () => 0).rate(30_000)).toBe(0);
  });

  it('follows a consumer that commits all the time within two seconds', () => {
    const meter = follow(30, (second) => (second <= 20 ? 100 : 900));
    expect(meter.rate(30_000)).toBeCloseTo(900);
  });
});

describe('the commit interval', () => {
  it('is measured', () => {
    expect(follow(60, (second) => (second % 5 === 0 ? 1 : 0)).intervalMs()).toBe(5_000);
    expect(follow(60, () => 1).intervalMs()).toBe(1_000);
  });

  it('says after how much silence something is wrong, within 10 s and 60 s', () => {
    expect(follow(60, () => 1).quietMs()).toBe(10_000);
    expect(follow(300, (second) => (second % 30 === 0 ? 1 : 0)).quietMs()).toBe(60_000);
  });
});
