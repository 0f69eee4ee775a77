import { type CronExpression, matchesDay } from './cron-expression.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import { DAY_MS, ZoneClock } from './wall-clock.ts';

/**
 * When a schedule is due.
 *
 * - One that repeats by hours (its hour is `*`, or a step of it that divides the day) goes by real
 *   time: its minutes and hours are counted in the standard time of the zone, all year, so that a
 *   clock that is turned changes no distance between two due times. Which days it runs on is told
 *   by the zone's clock.
 * - One that repeats by minutes within given hours is due at every minute at which the zone's clock
 *   shows a matching time: in an hour that comes twice, twice.
 * - Any other has fixed local times, each of which is due once a day: at its first occurrence when
 *   the clock shows it twice, and when the clock skips it, at the first moment after the gap, or at
 *   the last minute before the gap where that ends on another day. A day that a zone skips as a
 *   whole has no due time.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** 29 February is due again within this time, even across a century year without one. */
const SEARCH_MS = (8 * 366 + 2) * DAY_MS;

/**
 * The first instant after `after` at which a schedule is due, in milliseconds since epoch; null
 * when there is none within eight years. Throws ScheduleError on an invalid schedule.
 */
export function nextDue(schedule: Schedule, after: number): number | null {
  const expression = parseSchedule(schedule);
  const clock = new ZoneClock(schedule.timeZone);
  const firstOf = (day: number): number => {
    for (const due of dueOn(expression, clock, day, after)) {
      return due;
    }
    return Infinity;
  };
  const today = clock.dayAt(after);
  let earlierDay = firstOf(today - DAY_MS);
  for (let day = today; day <= today + SEARCH_MS; day += DAY_MS) {
    const laterDay = firstOf(day);
    // Two days, because a clock that is turned back over midnight mixes their due times.
    if (earlierDay < Infinity) {
      return Math.min(earlierDay, laterDay);
    }
    earlierDay = laterDay;
  }
  return null;
}

/** The last instant at or before `at` at which a schedule was due; null as in {@link nextDue}. */
export function lastDue(schedule: Schedule, at: number): number | null {
  const expression = parseSchedule(schedule);
  const clock = new ZoneClock(schedule.timeZone);
  const lastOf = (day: number): number => {
    let last = -Infinity;
    for (const due of dueOn(expression, clock, day, -Infinity)) {
      if (due > at) {
        break;
      }
      last = due;
    }
    return last;
  };
  const today = clock.dayAt(at);
  let laterDay = lastOf(today + DAY_MS);
  for (let day = today; day >= today - SEARCH_MS; day -= DAY_MS) {
    const earlierDay = lastOf(day);
    if (laterDay > -Infinity) {
      return Math.max(earlierDay, laterDay);
    }
    laterDay = earlierDay;
  }
  return null;
}

/**
 * The due times of one local day (the wall time of its start) that lie after an instant, in order.
 */
function dueOn(
  expression: CronExpression,
  clock: ZoneClock,
  day: number,
  after: number,
): Iterable<number> {
  if (!matchesDay(expression, day)) {
    return [];
  }
  return expression.repeatsByHours
    ? dueByRealTime(expression, clock, day, after)
    : dueByLocalTime(expression, clock, day).filter((instant) => instant > after);
}

function* dueByRealTime(
  expression: CronExpression,
  clock: ZoneClock,
  day: number,
  after: number,
): Iterable<number> {
  const minutes = new Set(expression.minutes);
  const hours = new Set(expression.hours);
  const { least, most } = clock.offsetsAround(day);
  const { standardOffsetMs } = clock;
  const from = Math.max(day - most, (Math.floor(after / MINUTE_MS) + 1) * MINUTE_MS);
  for (let instant = from; instant < day + DAY_MS - least; instant += MINUTE_MS) {
    const minute = Math.floor((instant + standardOffsetMs) / MINUTE_MS);
    if (
      minutes.has(minute % 60) &&
      hours.has(Math.floor(minute / 60) % 24) &&
      (least === most || clock.dayAt(instant) === day)
    ) {
      yield instant;
    }
  }
}

function dueByLocalTime(expression: CronExpression, clock: ZoneClock, day: number): number[] {
  const { least, most } = clock.offsetsAround(day);
  const due = new Set<number>();
  for (const hour of expression.hours) {
    for (const minute of expression.minutes) {
      const wallTime = day + hour * HOUR_MS + minute * MINUTE_MS;
      if (least === most) {
        due.add(wallTime - least);
        continue;
      }
      const shown = clock.instantsOf(wallTime);
      const counted = expression.repeatsByMinutes ? shown : shown.slice(0, 1);
      for (const instant of counted.length > 0 ? counted : insteadOf(wallTime, clock, day)) {
        due.add(instant);
      }
    }
  }
  return [...due].sort((a, b) => a - b);
}

/** When a time of a day is due that the clock skips. */
function insteadOf(wallTime: number, clock: ZoneClock, day: number): number[] {
  const after = clock.endOfGap(wallTime);
  return [after, after - MINUTE_MS].filter((instant) => clock.dayAt(instant) === day).slice(0, 1);
}
