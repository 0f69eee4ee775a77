import { describe, expect, it } from 'vitest';
import {
  checkSchedule,
  lastDue,
  nextDue,
  ScheduleError,
  scheduleInWords,
} from './cron-schedule.ts';
import { toWallTime } from './wall-clock.ts';

const at = (text: string): number => Date.parse(text);
const iso = (instant: number | null): string | null =>
  instant === null ? null : new Date(instant).toISOString();

function ticks(cron: string, timeZone: string, from: string, count: number): string[] {
  const found: string[] = [];
  let after = at(from);
  for (let index = 0; index < count; index++) {
    const due = nextDue({ cron, timeZone }, after);
    if (due === null) {
      break;
    }
    found.push(new Date(due).toISOString());
    after = due;
  }
  return found;
}

describe('a schedule', () => {
  it('is due at its local time, summer and winter', () => {
    expect(ticks('0 6 * * *', 'Europe/Rome', '2026-01-10T00:00:00Z', 1)).toEqual([
      '2026-01-10T05:00:00.000Z',
    ]);
    expect(ticks('0 6 * * *', 'Europe/Rome', '2026-07-10T00:00:00Z', 1)).toEqual([
      '2026-07-10T04:00:00.000Z',
    ]);
  });

  it('is due at the first instant after the gap when its local time does not exist', () => {
    // Rome, 29 March 2026: 02:00 becomes 03:00 at 01:00Z.
    expect(ticks('30 2 * * *', 'Europe/Rome', '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
    // New York, 8 March 2026.
    expect(ticks('15 2 * * *', 'America/New_York', '2026-03-08T00:00:00Z', 1)).toEqual([
      '2026-03-08T07:00:00.000Z',
    ]);
    // Lord Howe moves by half an hour: 02:00 becomes 02:30 on 4 October 2026.
    expect(ticks('10 2 4 10 *', 'Australia/Lord_Howe', '2026-10-01T00:00:00Z', 1)).toEqual([
      '2026-10-03T15:30:00.000Z',
    ]);
  });

  it('is due once, at the first occurrence, when its local time exists twice', () => {
    // Rome, 25 October 2026: 03:00 becomes 02:00 at 01:00Z.
    expect(ticks('30 2 * * *', 'Europe/Rome', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  it('passes through a gap as an hourly schedule without stopping', () => {
    expect(ticks('0 * * * *', 'Europe/Rome', '2026-03-28T23:30:00Z', 4)).toEqual([
      '2026-03-29T00:00:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-29T02:00:00.000Z',
      '2026-03-29T03:00:00.000Z',
    ]);
  });

  it('knows its last tick, so that missed ones coalesce to the latest', () => {
    const daily = { cron: '0 6 * * *', timeZone: 'UTC' };
    expect(iso(lastDue(daily, at('2026-06-10T05:59:59Z')))).toBe('2026-06-09T06:00:00.000Z');
    expect(iso(lastDue(daily, at('2026-06-10T06:00:00Z')))).toBe('2026-06-10T06:00:00.000Z');
    // 02:45 was shown before the clock was turned back from 03:00 to 02:00, and is past at 02:10.
    const rome = { cron: '45 2 * * *', timeZone: 'Europe/Rome' };
    expect(iso(lastDue(rome, at('2026-10-25T01:10:00Z')))).toBe('2026-10-25T00:45:00.000Z');
  });

  it('refuses what is not a schedule, by name', () => {
    expect(() => checkSchedule({ cron: '0 6 * *', timeZone: 'UTC' })).toThrow(/five fields/);
    expect(() => checkSchedule({ cron: '0 25 * * *', timeZone: 'UTC' })).toThrow(ScheduleError);
    expect(() => checkSchedule({ cron: '0 0 30 2 *', timeZone: 'UTC' })).toThrow(ScheduleError);
    expect(() => checkSchedule({ cron: '0 6 * * *', timeZone: 'Europe/Roma' })).toThrow(
      /Europe\/Roma/,
    );
  });

  it('is put into words', () => {
    const words = (cron: string): string => scheduleInWords({ cron, timeZone: 'UTC' });
    expect(words('0 6 * * *')).toBe('every day at 06:00 (UTC)');
    expect(words('*/5 * * * *')).toBe('every 5 minutes');
    expect(words('0 * * * *')).toBe('every hour');
    expect(words('30 2 * * 1')).toBe('every Monday at 02:30 (UTC)');
    expect(words('0 3 1 * *')).toBe('on day 1 of every month at 03:00 (UTC)');
    expect(words('0 3 1-5 * *')).toBe('0 3 1-5 * * (UTC)');
  });

  // The reference walks every ten minutes of the year with nothing but the zone's own clock.
  it.each([
    'Europe/Rome',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kolkata',
    'America/Santiago',
  ])('agrees with a walk through all of 2026 in %s', (timeZone) => {
    const wanted = 2 * 60 + 30;
    const found: number[] = [];
    const seenDays = new Set<number>();
    let wallBefore = -1;
    for (let t = at('2026-01-02T00:00:00Z'); t < at('2026-12-30T00:00:00Z'); t += 600_000) {
      const wall = toWallTime(t, timeZone);
      const day = Math.floor(wall / 86_400_000);
      const minute = (wall % 86_400_000) / 60_000;
      const sameDay = Math.floor(wallBefore / 86_400_000) === day;
      const skippedOver = sameDay && (wallBefore % 86_400_000) / 60_000 < wanted && minute > wanted;
      if ((minute === wanted || skippedOver) && !seenDays.has(day)) {
        seenDays.add(day);
        found.push(t);
      }
      wallBefore = wall;
    }
    const due: number[] = [];
    let after = at('2026-01-02T00:00:00Z') - 1;
    for (;;) {
      const next = nextDue({ cron: '30 2 * * *', timeZone }, after);
      if (next === null || next >= at('2026-12-30T00:00:00Z')) {
        break;
      }
      due.push(next);
      after = next;
    }
    expect(due.map((t) => iso(t))).toEqual(found.map((t) => iso(t)));
  });
});
