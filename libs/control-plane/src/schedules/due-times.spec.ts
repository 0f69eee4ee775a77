import { describe, expect, it } from 'vitest';
import { lastDue, nextDue } from './due-times.ts';
import { toWallTime } from './wall-clock.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
const at = (text: string): number => Date.parse(text);
const iso = (instant: number | null): string | null =>
  instant === null ? null : new Date(instant).toISOString();

/** Due times after `from` and before `to`. */
function dueTimes(cron: string, timeZone: string, from: number, to: number): number[] {
  const found: number[] = [];
  for (let after = from; ;) {
    const due = nextDue({ cron, timeZone }, after);
    if (due === null || due >= to) {
      return found;
    }
    found.push(due);
    after = due;
  }
}

function first(cron: string, timeZone: string, from: string, count: number): (string | null)[] {
  const found: (string | null)[] = [];
  for (let after: number | null = at(from); found.length < count && after !== null;) {
    after = nextDue({ cron, timeZone }, after);
    found.push(iso(after));
  }
  return found;
}

/** Zones with a change worth a test, and the days around it. */
const CHANGES = [
  ['Europe/Rome, forward', 'Europe/Rome', '2026-03-27', '2026-03-31'],
  ['Europe/Rome, back', 'Europe/Rome', '2026-10-23', '2026-10-27'],
  ['America/New_York, back', 'America/New_York', '2025-10-31', '2025-11-04'],
  ['half an hour forward', 'Australia/Lord_Howe', '2026-10-02', '2026-10-06'],
  ['half an hour back', 'Australia/Lord_Howe', '2026-04-03', '2026-04-07'],
  ['forward at midnight', 'America/Sao_Paulo', '2018-11-02', '2018-11-06'],
  ['back at midnight', 'America/Sao_Paulo', '2019-02-15', '2019-02-19'],
  ['Beirut, forward at midnight', 'Asia/Beirut', '2025-03-28', '2025-04-01'],
  ['Beirut, back at midnight', 'Asia/Beirut', '2024-10-25', '2024-10-29'],
  ['Santiago, forward at midnight', 'America/Santiago', '2026-09-04', '2026-09-08'],
  ['a minute after midnight, back', 'America/St_Johns', '2010-11-05', '2010-11-09'],
  ['forward to midnight', 'America/Nuuk', '2025-03-28', '2025-04-01'],
  ['a skipped day', 'Pacific/Apia', '2011-12-27', '2012-01-03'],
  ['a new standard time', 'America/Caracas', '2016-04-29', '2016-05-03'],
  ['none', 'Asia/Kolkata', '2026-10-23', '2026-10-27'],
] as const;

describe.each(CHANGES)('a change of the clock: %s', (_name, timeZone, fromDay, toDay) => {
  const from = at(`${fromDay}T00:00:00Z`);
  const to = at(`${toDay}T00:00:00Z`);
  const shown = new Set<number>();
  for (let time = from; time < to; time += 10 * MINUTE_MS) shown.add(dayOf(time, timeZone));
  // The first and the last local day of the period are not there as a whole.
  const wholeDays = [...shown].slice(1, -1);

  it.each([
    ['*/15 * * * *', 15],
    ['0 * * * *', 60],
    ['37 * * * *', 60],
    ['0 */2 * * *', 120],
    ['15 */6 * * *', 360],
  ])('leaves %s due every %i minutes of real time', (cron, minutes) => {
    const distance = minutes * MINUTE_MS;
    const due = dueTimes(cron, timeZone, from + DAY_MS, to - DAY_MS);
    expect(due[0]! - from - DAY_MS).toBeLessThanOrEqual(distance);
    expect(to - DAY_MS - due.at(-1)!).toBeLessThanOrEqual(distance);
    const distances = new Set(due.slice(1).map((time, index) => time - due[index]!));
    expect([...distances]).toEqual([distance]);
  });

  it.each(['0 0 * * *', '30 0 * * *', '15 2 * * *', '30 23 * * *', '0 6 * * *', '59 22 * * *'])(
    'leaves %s due exactly once on each local day',
    (cron) => {
      const days = dueTimes(cron, timeZone, from, to).map((time) => dayOf(time, timeZone));
      expect(days).toEqual([...new Set(days)]);
      expect(days).toEqual(expect.arrayContaining(wholeDays));
    },
  );

  it.each([
    '*/20 * * * *',
    '0 * * * *',
    '30 2 * * *',
    '*/20 1-3 * * *',
    '30 23 * * 6',
    '0 0 * * 0',
  ])('is seen alike from both sides by %s', (cron) => {
    const due = dueTimes(cron, timeZone, from + DAY_MS, to - DAY_MS);
    const schedule = { cron, timeZone };
    for (let index = 1; index < due.length; index += Math.ceil(due.length / 20)) {
      expect(lastDue(schedule, due[index]!)).toBe(due[index]);
      expect(lastDue(schedule, due[index]! - 1)).toBe(due[index - 1]);
    }
  });
});

it.each([
  ['Europe/Rome', '2026-10-25T00:00:00Z'],
  ['Europe/Rome', '2026-03-29T00:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T14:00:00Z'],
])('is due every minute in %s from %s on', (timeZone, from) => {
  const due = dueTimes('* * * * *', timeZone, at(from), at(from) + 181 * MINUTE_MS);
  expect(due).toEqual(Array.from({ length: 180 }, (_, i) => at(from) + (i + 1) * MINUTE_MS));
});

function dayOf(time: number, timeZone: string): number {
  return Math.floor(toWallTime(time, timeZone) / DAY_MS);
}

describe('a fixed local time', () => {
  it('is due at that time, summer and winter', () => {
    expect(first('0 6 * * *', 'Europe/Rome', '2026-01-10T00:00:00Z', 1)).toEqual([
      '2026-01-10T05:00:00.000Z',
    ]);
    expect(first('0 6 * * *', 'Europe/Rome', '2026-07-10T00:00:00Z', 1)).toEqual([
      '2026-07-10T04:00:00.000Z',
    ]);
  });

  it('that does not exist is due at the first moment after the gap', () => {
    // Rome, 29 March 2026: 02:00 becomes 03:00 at 01:00Z.
    expect(first('30 2 * * *', 'Europe/Rome', '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
    // Lord Howe moves by half an hour: 02:00 becomes 02:30 on 4 October 2026.
    expect(first('10 2 4 10 *', 'Australia/Lord_Howe', '2026-10-01T00:00:00Z', 1)).toEqual([
      '2026-10-03T15:30:00.000Z',
    ]);
  });

  it('is due at the last minute before a gap that ends on another day', () => {
    // Nuuk, 29 March 2025: 23:00 becomes 00:00 of the 30th at 01:00Z.
    expect(first('30 23 * * *', 'America/Nuuk', '2025-03-29T12:00:00Z', 2)).toEqual([
      '2025-03-30T00:59:00.000Z',
      '2025-03-31T00:30:00.000Z',
    ]);
  });

  it('that exists twice is due at its first occurrence', () => {
    // Rome, 25 October 2026: 03:00 becomes 02:00 at 01:00Z.
    expect(first('30 2 * * *', 'Europe/Rome', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  it('is due on 29 February after eight years without one', () => {
    expect(first('0 0 29 2 *', 'UTC', '2096-03-01T00:00:00Z', 1)).toEqual([
      '2104-02-29T00:00:00.000Z',
    ]);
  });
});

describe('minutes that repeat within given hours', () => {
  it('are due in both of the hours that come twice, and once for an hour that is skipped', () => {
    const rome = (from: string, to: string) =>
      dueTimes('*/30 2 * * *', 'Europe/Rome', at(from), at(to)).map(iso);
    expect(rome('2026-10-25T00:00:00Z', '2026-10-25T12:00:00Z')).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:00:00.000Z',
      '2026-10-25T01:30:00.000Z',
    ]);
    expect(rome('2026-03-29T00:00:00Z', '2026-03-29T12:00:00Z')).toEqual([
      '2026-03-29T01:00:00.000Z',
    ]);
  });
});

describe('the days of a schedule', () => {
  it('are alternatives when both the day of month and the day of week are restricted', () => {
    expect(first('0 0 13 * 5', 'UTC', '2026-11-01T00:00:00Z', 4)).toEqual([
      '2026-11-06T00:00:00.000Z',
      '2026-11-13T00:00:00.000Z',
      '2026-11-20T00:00:00.000Z',
      '2026-11-27T00:00:00.000Z',
    ]);
    expect(first('0 0 1 * 7', 'UTC', '2026-12-01T00:00:00Z', 2)).toEqual([
      '2026-12-06T00:00:00.000Z',
      '2026-12-13T00:00:00.000Z',
    ]);
  });
});

it('knows its last due time, so that missed ones coalesce to the latest', () => {
  const daily = { cron: '0 6 * * *', timeZone: 'UTC' };
  expect(iso(lastDue(daily, at('2026-06-10T05:59:59Z')))).toBe('2026-06-09T06:00:00.000Z');
  expect(iso(lastDue(daily, at('2026-06-10T06:00:00Z')))).toBe('2026-06-10T06:00:00.000Z');
  // 02:45 was shown before the clock was turned back from 03:00 to 02:00, and is past at 02:10.
  const rome = { cron: '45 2 * * *', timeZone: 'Europe/Rome' };
  expect(iso(lastDue(rome, at('2026-10-25T01:10:00Z')))).toBe('2026-10-25T00:45:00.000Z');
});
