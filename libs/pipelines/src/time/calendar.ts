import { firstInstantOf, localTimeAt } from './zone.ts';

export type CalendarUnit = 'day' | 'week' | 'month' | 'year';
export const CALENDAR_UNITS: readonly CalendarUnit[] = ['day', 'week', 'month', 'year'];

const DAY_MS = 86_400_000;
/** 1 January 1970 was a Thursday; weeks begin on Monday (ISO 8601). */
const MONDAY_OF_EPOCH_MS = -3 * DAY_MS;

/**
 * The day, week, month or year of a zone that holds an instant, as [start, end) in ms since epoch.
 * Each begins at the first instant of its first local midnight, so that they leave no gap and do
 * not overlap, whatever the zone's clock does.
 */
export function calendarWindowOf(
  unit: CalendarUnit,
  timeZone: string,
  instant: number,
): { start: number; end: number } {
  const first = beginOf(unit, localTimeAt(timeZone, instant));
  let local = first;
  let start = firstInstantOf(timeZone, local);
  // An hour that the clock shows twice may show the date before a second time.
  while (start > instant) {
    local = beginOf(unit, local - 1);
    start = firstInstantOf(timeZone, local);
  }
  let end = firstInstantOf(timeZone, nextOf(unit, local));
  while (end <= instant) {
    local = nextOf(unit, local);
    [start, end] = [end, firstInstantOf(timeZone, nextOf(unit, local))];
  }
  return { start, end };
}

/** The local midnight that begins the unit of a local time. */
function beginOf(unit: CalendarUnit, local: number): number {
  const date = new Date(local);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  switch (unit) {
    case 'day':
      return Math.floor(local / DAY_MS) * DAY_MS;
    case 'week': {
      const weeks = Math.floor((local - MONDAY_OF_EPOCH_MS) / (7 * DAY_MS));
      return weeks * 7 * DAY_MS + MONDAY_OF_EPOCH_MS;
    }
    case 'month':
      return Date.UTC(year, month);
    case 'year':
      return Date.UTC(year, 0);
  }
}

function nextOf(unit: CalendarUnit, begin: number): number {
  const date = new Date(begin);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  switch (unit) {
    case 'day':
      return begin + DAY_MS;
    case 'week':
      return begin + 7 * DAY_MS;
    case 'month':
      return Date.UTC(year, month + 1);
    case 'year':
      return Date.UTC(year + 1, 0);
  }
}
