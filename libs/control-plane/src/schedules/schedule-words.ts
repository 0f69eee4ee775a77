import { type CronExpression, restrictsDayOfMonth, restrictsDayOfWeek } from './cron-expression.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import { ZoneClock } from './wall-clock.ts';

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const LISTED_MAX = 4;

/**
 * A schedule in words that hold for all its due times; the expression itself when no short words
 * do. Throws ScheduleError on an invalid schedule.
 */
export function scheduleInWords(schedule: Schedule): string {
  const expression = parseSchedule(schedule);
  const words = expression.repeatsByHours
    ? distanceInWords(expression, new ZoneClock(schedule.timeZone))
    : localTimeInWords(expression, schedule.timeZone);
  return words ?? `${schedule.cron.trim()} (${schedule.timeZone})`;
}

function distanceInWords(expression: CronExpression, clock: ZoneClock): string | null {
  const { minutes, hours, months } = expression;
  const everyDay = !restrictsDayOfMonth(expression) && !restrictsDayOfWeek(expression);
  if (!everyDay || months.size < 12) {
    return null;
  }
  const [minute = 0] = minutes;
  if (minutes.length === 1) {
    const every = hours.length === 24 ? 'every hour' : `every ${24 / hours.length} hours`;
    const isShown = minute !== 0 && clock.shiftsByWholeHours;
    return isShown ? `${every} at minute ${minute}` : every;
  }
  if (hours.length < 24) {
    return null;
  }
  const step = 60 / minutes.length;
  if (minutes.every((value, index) => value === index * step)) {
    return step === 1 ? 'every minute' : `every ${step} minutes`;
  }
  return minutes.length <= LISTED_MAX && clock.shiftsByWholeHours
    ? `at minutes ${listed(minutes.map(String))} of every hour`
    : null;
}

function localTimeInWords(expression: CronExpression, timeZone: string): string | null {
  const { minutes, hours, months } = expression;
  const [minute, ...otherMinutes] = minutes;
  if (minute === undefined || otherMinutes.length > 0 || hours.length > LISTED_MAX) {
    return null;
  }
  const days = daysInWords(expression);
  if (days === null || months.size < 12) {
    return null;
  }
  const times = hours.map((hour) => `${twoDigits(hour)}:${twoDigits(minute)}`);
  return `${days} at ${listed(times)} (${timeZone})`;
}

function daysInWords(expression: CronExpression): string | null {
  const byDayOfMonth = restrictsDayOfMonth(expression);
  const byDayOfWeek = restrictsDayOfWeek(expression);
  if (byDayOfMonth && byDayOfWeek) {
    return null;
  }
  if (byDayOfMonth) {
    const [day, ...others] = [...expression.daysOfMonth];
    if (day === undefined || others.length > 0) {
      return null;
    }
    return day <= 28 ? `on day ${day} of every month` : `on day ${day} of every month that has it`;
  }
  if (byDayOfWeek) {
    const days = [...expression.daysOfWeek].map((day) => (day + 6) % 7).sort((a, b) => a - b);
    return `every ${listed(days.map((day) => WEEKDAYS[(day + 1) % 7] ?? ''))}`;
  }
  return 'every day';
}

/** "1, 2 and 3" */
function listed(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
