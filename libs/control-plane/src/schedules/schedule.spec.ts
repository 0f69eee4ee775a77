import { describe, expect, it } from 'vitest';
import { nextDue } from './due-times.ts';
import { checkSchedule, ScheduleError } from './schedule.ts';
import { scheduleInWords } from './schedule-words.ts';
import { toWallTime } from './wall-clock.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

describe('what is no schedule', () => {
  it.each([
    ['0 6 * *', /five fields/],
    ['0 0 6 * * *', /five fields/],
    ['0 0 6 * * * 2026', /five fields/],
    ['@daily', /five fields/],
    ['', /five fields/],
    ['H * * * *', /minute "H" is not allowed \(H would be another moment at each start\)/],
    ['H/15 * * * *', /minute "H\/15"/],
    ['0 H(0-5) * * *', /hour "H\(0-5\)"/],
    ['0 0 L * *', /day-of-month "L"/],
    ['0 0 15W * *', /day-of-month "15W"/],
    ['0 0 ? * 1', /day-of-month "\?"/],
    ['0 0 * * 1#2', /day-of-week "1#2"/],
    ['0 0 * * 5L', /day-of-week "5L"/],
    ['0 0 * JAN *', /month "JAN" is not allowed \(names are not, write numbers\)/],
    ['0 0 * * MON-FRI', /day-of-week "MON-FRI".*from 0 to 7 \(0 and 7 are Sunday\)/],
    ['60 * * * *', /minute "60" is out of range; allowed are .* from 0 to 59/],
    ['0 24 * * *', /hour "24" is out of range/],
    ['0 0 0 * *', /day-of-month "0" is out of range/],
    ['0 0 * 13 *', /month "13"/],
    ['0 0 * * 8', /day-of-week "8"/],
    ['0 17-9 * * *', /hour "17-9" ends before it begins/],
    ['*/0 * * * *', /minute "\*\/0" has a step/],
    ['*/90 * * * *', /minute "\*\/90" has a step that never comes to a second value/],
    ['0 */24 * * *', /hour "\*\/24" has a step/],
    ['5/15 * * * *', /minute "5\/15" is not allowed/],
    ['-5 * * * *', /minute "-5"/],
    ['1.5 * * * *', /minute "1.5"/],
    ['0, * * * *', /minute ""/],
    ['0 0 30 2 *', /never due: month "2" has no such day/],
    ['0 0 31 4,6,9,11 *', /never due: month "4,6,9,11"/],
  ])('%s is refused with what is wrong', (cron, reason) => {
    const check = (): void => checkSchedule({ cron, timeZone: 'UTC' }, 'pipeline "p"');
    expect(check).toThrow(ScheduleError);
    expect(check).toThrow(reason);
    expect(check).toThrow(`pipeline "p": "${cron}" is not a schedule`);
  });

  it('is an unknown time zone', () => {
    expect(() =>
      checkSchedule({ cron: '0 6 * * *', timeZone: 'Europe/Roma' }, 'pipeline "p"'),
    ).toThrow(/"Europe\/Roma" is not an IANA time zone/);
  });

  it.each(['0 0 29 2 *', '0 0 31 2,3 *', ' 5  4 * * 0-7 ', '0-30/10,45 */5 1-7 */2 7'])(
    'is not %s',
    (cron) => {
      expect(() => checkSchedule({ cron, timeZone: 'UTC' }, 'pipeline "p"')).not.toThrow();
      expect(nextDue({ cron, timeZone: 'UTC' }, 0)).not.toBeNull();
    },
  );
});

describe('the words of a schedule', () => {
  it.each([
    ['* * * * *', 'every minute'],
    ['*/5 * * * *', 'every 5 minutes'],
    ['0,20,40 * * * *', 'every 20 minutes'],
    ['0 * * * *', 'every hour'],
    ['10 * * * *', 'every hour at minute 10'],
    ['0 */2 * * *', 'every 2 hours'],
    ['*/45 * * * *', 'at minutes 0 and 45 of every hour'],
    ['*/7 * * * *', '*/7 * * * * (UTC)'],
    ['0 */5 * * *', '0 */5 * * * (UTC)'],
    ['0 6 * * *', 'every day at 06:00 (UTC)'],
    ['0 0,12 * * *', 'every day at 00:00 and 12:00 (UTC)'],
    ['30 2 * * 1', 'every Monday at 02:30 (UTC)'],
    ['30 2 * * 0,6', 'every Saturday and Sunday at 02:30 (UTC)'],
    ['0 3 1 * *', 'on day 1 of every month at 03:00 (UTC)'],
    ['0 3 31 * *', 'on day 31 of every month that has it at 03:00 (UTC)'],
    ['0 3 1-5 * *', '0 3 1-5 * * (UTC)'],
    ['0 3 1 * 1', '0 3 1 * 1 (UTC)'],
    ['0 3 * 6 *', '0 3 * 6 * (UTC)'],
    ['0 * * * 1', '0 * * * 1 (UTC)'],
  ])('%s is %s', (cron, words) => {
    expect(scheduleInWords({ cron, timeZone: 'UTC' })).toBe(words);
  });

  const fields = {
    minutes: ['*', '0', '7', '*/5', '*/7', '*/30', '*/45', '0,30', '0,10', '5-10'],
    hours: ['*', '6', '*/2', '*/5', '*/8', '0,12', '9-17'],
    days: ['* * *', '* * 1', '* * 1-5', '* * 0,6', '1 * *', '31 * *', '1 6 *', '1 * 1'],
  };
  const expressions = fields.minutes.flatMap((minute) =>
    fields.hours.flatMap((hour) => fields.days.map((days) => `${minute} ${hour} ${days}`)),
  );

  it.each(['UTC', 'Europe/Rome', 'Australia/Lord_Howe'])(
    'hold for the due times of every expression in %s',
    (timeZone) => {
      const wrong = expressions.filter((cron) => {
        const words = scheduleInWords({ cron, timeZone });
        return !holds(words, { cron, timeZone });
      });
      expect(wrong).toEqual([]);
    },
  );
});

/** Whether the next 40 due times, from a day before a clock is turned, are what the words say. */
function holds(words: string, schedule: { cron: string; timeZone: string }): boolean {
  const { cron, timeZone } = schedule;
  if (words === `${cron} (${timeZone})`) {
    return true;
  }
  const due = [Date.parse('2026-10-24T09:00:00Z')];
  while (due.length < 42) {
    due.push(nextDue(schedule, due.at(-1)!)!);
  }
  const times = due.slice(1);
  const distances = new Set(times.slice(1).map((time, index) => time - times[index]!));
  const isEvery = (minutes: number): boolean =>
    distances.size === 1 && distances.has(minutes * MINUTE_MS);
  const shown = times.map((time) => new Date(toWallTime(time, timeZone)));
  const interval = /^every (?:(\d+) )?(minute|hour)s?(?: at minute (\d+))?$/.exec(words);
  if (interval !== null) {
    const [, count = '1', unit, minute] = interval;
    const fits = minute === undefined || shown.every((at) => at.getUTCMinutes() === Number(minute));
    return fits && isEvery(Number(count) * (unit === 'hour' ? 60 : 1));
  }
  const minutes = /^at minutes (.*) of every hour$/.exec(words)?.[1]?.match(/\d+/g)?.map(Number);
  if (minutes !== undefined) {
    const perHour = times.filter((time) => time < times[0]! + 10 * 60 * MINUTE_MS).length / 10;
    return perHour === minutes.length && shown.every((at) => minutes.includes(at.getUTCMinutes()));
  }
  return holdsLocally(words, shown);
}

const NAMES = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

function holdsLocally(words: string, shown: readonly Date[]): boolean {
  const [, days = '', clock = ''] =
    /^(.*) at ((?:\d\d:\d\d(?:, | and )?)+) \(.*\)$/.exec(words) ?? [];
  const times = clock.match(/\d\d:\d\d/g) ?? [];
  const dayOfMonth = /^on day (\d+) of every month( that has it)?$/.exec(days);
  const names = NAMES.filter((name) => days.includes(name));
  const wanted: string[] = [];
  const start = shown[0]!.getTime();
  for (let day = Math.floor(start / DAY_MS) * DAY_MS; wanted.length < 60; day += DAY_MS) {
    const date = new Date(day);
    const isMeant =
      dayOfMonth !== null
        ? date.getUTCDate() === Number(dayOfMonth[1])
        : days === 'every day' || names.includes(NAMES[date.getUTCDay()]!);
    if (dayOfMonth !== null && dayOfMonth[2] === undefined && Number(dayOfMonth[1]) > 28) {
      return false;
    }
    if (isMeant) {
      wanted.push(...times.map((time) => `${date.toISOString().slice(0, 10)}T${time}`));
    }
  }
  const first = shown[0]!.toISOString().slice(0, 16);
  const expected = wanted.slice(wanted.indexOf(first)).slice(0, shown.length);
  return expected.join() === shown.map((date) => date.toISOString().slice(0, 16)).join();
}
