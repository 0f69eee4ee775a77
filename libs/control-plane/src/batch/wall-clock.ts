/**
 * Between instants and what a clock on the wall of a time zone shows.
 *
 * A wall time is written as the milliseconds since epoch of the same digits in UTC: 02:30 in Rome
 * is `Date.UTC(…, 2, 30)`. Arithmetic on it knows no daylight saving, which is its purpose.
 */

const formats = new Map<string, Intl.DateTimeFormat>();
const MINUTE_MS = 60_000;
/** No zone moves its clock by more than a day (Samoa skipped one in 2011). */
export const CLOCK_SHIFT_MAX_MS = 25 * 60 * MINUTE_MS;

/** The wall time that a zone's clock shows at an instant. Throws RangeError on an unknown zone. */
export function toWallTime(instant: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(timeZone, format);
  }
  const field: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(instant)) {
    field[type] = Number(value);
  }
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = field;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/**
 * The instant at which a zone's clock shows a wall time. One that is shown twice (the clock was
 * turned back) is taken at its first occurrence; one that is never shown (the clock was turned
 * forward over it) becomes the first instant after the gap.
 */
export function fromWallTime(wallTime: number, timeZone: string): number {
  // The zone's offsets in force a day before and a day after cover a change in between.
  const offsets = [wallTime - CLOCK_SHIFT_MAX_MS, wallTime + CLOCK_SHIFT_MAX_MS].map(
    (near) => toWallTime(near, timeZone) - near,
  );
  const candidates = offsets.map((offset) => wallTime - offset);
  const shown = candidates.filter((instant) => toWallTime(instant, timeZone) === wallTime);
  if (shown.length > 0) {
    return Math.min(...shown);
  }
  return endOfGap(Math.min(...candidates), Math.max(...candidates), wallTime, timeZone);
}

/** The first instant in (low, high] whose clock shows more than a wall time that is never shown. */
function endOfGap(low: number, high: number, wallTime: number, timeZone: string): number {
  let before = low;
  let after = high;
  while (after - before > 1_000) {
    const middle = Math.floor((before + after) / 2_000) * 1_000;
    if (middle <= before) {
      break;
    }
    if (toWallTime(middle, timeZone) > wallTime) {
      after = middle;
    } else {
      before = middle;
    }
  }
  return after;
}
