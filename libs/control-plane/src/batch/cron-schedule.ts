import { CronExpressionParser } from 'cron-parser';
import { CLOCK_SHIFT_MAX_MS, fromWallTime, toWallTime } from './wall-clock.ts';

/**
 * When a schedule is due.
 *
 * cron-parser walks wall times as if they were UTC, where no clock is ever turned, and this file
 * maps them to instants; its own walk through daylight saving stops or skips days in some zones
 * (harrisiirak/cron-parser 404 and 378). The rule: a local time that does not exist is due at the
 * first instant after the gap, one that exists twice is due once, at its first occurrence.
 */

/** Five cron fields (minute hour day-of-month month day-of-week) in an IANA time zone. */
export interface Schedule {
  readonly cron: string;
  readonly timeZone: string;
}

export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
  readonly code = 'SCHEDULE_INVALID';
}

/** Enough candidates to pass every tick of a schedule of each minute within a turned clock. */
const CANDIDATES_MAX = 2 * (CLOCK_SHIFT_MAX_MS / 60_000) + 2;

/** Throws {@link ScheduleError} when the expression or the zone is not one. */
export function checkSchedule(schedule: Schedule): void {
  if (schedule.cron.trim().split(/\s+/).length !== 5) {
    throw new ScheduleError(
      `"${schedule.cron}" is not a schedule: five fields are needed, ` +
        'minute hour day-of-month month day-of-week, for example "0 6 * * *"',
    );
  }
  try {
    toWallTime(0, schedule.timeZone);
  } catch (cause) {
    throw new ScheduleError(`"${schedule.timeZone}" is not an IANA time zone`, { cause });
  }
  walkFrom(schedule, 0);
}

/**
 * The first instant after `after` at which a schedule is due, in milliseconds since epoch; null
 * when it is never due again (30 February).
 */
export function nextDue(schedule: Schedule, after: number): number | null {
  // No earlier wall time is shown after `after`: at its first occurrence it has passed, and one in
  // a gap is due at the gap's end, which has passed as well.
  const walk = walkFrom(schedule, toWallTime(after, schedule.timeZone));
  for (let candidate = 0; candidate < CANDIDATES_MAX; candidate++) {
    const wallTime = step(() => walk.next());
    if (wallTime === null) {
      return null;
    }
    const due = fromWallTime(wallTime, schedule.timeZone);
    if (due > after) {
      return due;
    }
  }
  return null;
}

/** The last instant at or before `at` at which a schedule was due; null when there is none. */
export function lastDue(schedule: Schedule, at: number): number | null {
  const wallTime = toWallTime(at, schedule.timeZone);
  // When the clock was turned back, later wall times than now's have been shown already.
  const before = at - CLOCK_SHIFT_MAX_MS;
  const turnedBack = toWallTime(before, schedule.timeZone) - before - (wallTime - at);
  const walk = walkFrom(schedule, wallTime + Math.max(0, turnedBack) + 1_000);
  for (let candidate = 0; candidate < CANDIDATES_MAX; candidate++) {
    const earlier = step(() => walk.prev());
    if (earlier === null) {
      return null;
    }
    const due = fromWallTime(earlier, schedule.timeZone);
    if (due <= at) {
      return due;
    }
  }
  return null;
}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** A schedule in words for the dashboard; the expression itself where no short words fit. */
export function scheduleInWords(schedule: Schedule): string {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = schedule.cron
    .trim()
    .split(/\s+/);
  const zone = ` (${schedule.timeZone})`;
  const everyDay = day === '*' && month === '*' && weekday === '*';
  const every = /^\*\/(\d+)$/.exec(minute);
  if (everyDay && hour === '*' && (minute === '*' || every?.[1] !== undefined)) {
    return minute === '*' ? 'every minute' : `every ${every?.[1]} minutes`;
  }
  if (!/^\d+$/.test(minute) || month !== '*') {
    return `${schedule.cron}${zone}`;
  }
  if (everyDay && hour === '*') {
    return minute === '0' ? 'every hour' : `every hour at minute ${minute}`;
  }
  if (!/^\d+$/.test(hour)) {
    return `${schedule.cron}${zone}`;
  }
  const time = `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
  if (everyDay) {
    return `every day at ${time}${zone}`;
  }
  if (day === '*' && /^[0-7]$/.test(weekday)) {
    return `every ${WEEKDAYS[Number(weekday) % 7]} at ${time}${zone}`;
  }
  if (weekday === '*' && /^\d+$/.test(day)) {
    return `on day ${day} of every month at ${time}${zone}`;
  }
  return `${schedule.cron}${zone}`;
}

function walkFrom(schedule: Schedule, wallTime: number) {
  try {
    return CronExpressionParser.parse(schedule.cron, {
      tz: 'UTC',
      currentDate: new Date(wallTime),
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ScheduleError(`"${schedule.cron}" is not a schedule: ${reason}`, { cause });
  }
}

/** cron-parser says by an exception that a schedule has no further tick. */
function step(move: () => { getTime(): number }): number | null {
  try {
    return move().getTime();
  } catch {
    return null;
  }
}
