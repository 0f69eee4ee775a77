import { describe, expect, it } from 'vitest';
import {
  formatAbout,
  formatAxis,
  formatBytes,
  formatChange,
  formatCount,
  formatDuration,
  formatExact,
  formatPercent,
  formatPlural,
  formatRate,
  UNKNOWN,
} from './numbers.ts';

/** No-break spaces read like spaces here. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('the table of numbers', () => {
  it.each([
    [0, '0'],
    [760, '760'],
    [999.4, '999'],
    [999.6, '1.0k'],
    [2_640, '2.6k'],
    [38_200, '38.2k'],
    [99_960, '100k'],
    [300_400, '300k'],
    [999_700, '1.0M'],
    [6_200_000, '6.2M'],
    [-2_640, '−2.6k'],
  ])('counts %d as %s', (value, text) => {
    expect(formatCount(value)).toBe(text);
  });

  it('groups exact numbers', () => {
    expect(formatExact(76_529_589)).toBe('76,529,589');
    expect(formatPlural(1, 'record')).toBe('1\u00a0record');
    expect(formatPlural(1_707, 'record')).toBe('1,707\u00a0records');
  });

  it('never says 0 for what is unknown', () => {
    for (const format of [formatCount, formatExact, formatRate, formatDuration, formatBytes]) {
      expect(format(null)).toBe(UNKNOWN);
      expect(format(undefined)).toBe(UNKNOWN);
      expect(format(Number.NaN)).toBe(UNKNOWN);
    }
  });

  it.each([
    [3_400, '3.4k/s'],
    [0.4, '0.4/s'],
    [4, '4/s'],
    [0.01, '< 0.1/s'],
    [0, '0/s'],
  ])('writes the rate %d as %s', (value, text) => {
    expect(plain(formatRate(value))).toBe(text);
  });

  it.each([
    [0, '0 s'],
    [600, '0.6 s'],
    [9_960, '10 s'],
    [48_000, '48 s'],
    [59_600, '1 m 00 s'],
    [163_000, '2 m 43 s'],
    [3_599_600, '1 h 00 m'],
    [82_920_000, '23 h 02 m'],
    [442_800_000, '5 d 3 h'],
  ])('writes %d ms as %s', (value, text) => {
    expect(plain(formatDuration(value))).toBe(text);
  });

  it('rounds estimates to one unit', () => {
    expect(plain(formatAbout(22_000))).toBe('about 22 s');
    expect(plain(formatAbout(185_000))).toBe('about 3 min');
    expect(plain(formatAbout(1_000))).toBe('less than 5 s');
  });

  it('writes bytes in decimal units, shares and changes with their signs', () => {
    expect(plain(formatBytes(118))).toBe('118 B');
    expect(plain(formatBytes(34_600_000_000))).toBe('34.6 GB');
    expect(plain(formatPercent(0.22))).toBe('22 %');
    expect(plain(formatPercent(0.9946))).toBe('99.46 %');
    expect(plain(formatPercent(0.99999))).toBe('99.99 %');
    expect(plain(formatPercent(1))).toBe('100 %');
    expect(formatChange(45_600)).toBe('+45.6k');
    expect(formatChange(-3)).toBe('−3');
    expect(formatChange(0)).toBe('0');
  });

  it('drops the empty decimal on axes', () => {
    expect(formatAxis(4_000)).toBe('4k');
    expect(formatAxis(2_500)).toBe('2.5k');
  });
});
