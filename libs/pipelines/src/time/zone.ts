/** The local time of an IANA time zone. Local times are written as if they were UTC, in ms. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether the name is one of an IANA time zone. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What the zone's clock shows at an instant (ms since epoch). */
export function localTimeAt(timeZone: string, instant: number): number {
  return instant + offsetAt(timeZone, instant);
}

/**
 * The first instant at which the zone's clock shows a local time or a later one. Where a clock that
 * is turned back shows it twice, that is the first time; where it is skipped, the end of the gap.
 */
export function firstInstantOf(timeZone: string, localTime: number): number {
  const before = offsetAt(timeZone, localTime - 1.5 * DAY_MS);
  const after = offsetAt(timeZone, localTime + 1.5 * DAY_MS);
  const early = localTime - before;
  if (before === after || offsetAt(timeZone, early) === before) {
    return early;
  }
  const late = localTime - after;
  return offsetAt(timeZone, late) === after
    ? late
    : changeBetween(timeZone, Math.min(early, late) - DAY_MS, Math.max(early, late) + DAY_MS);
}

/** The instant at which the offset changes from what it is at `from`. */
function changeBetween(timeZone: string, from: number, to: number): number {
  const offset = offsetAt(timeZone, from);
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(timeZone, middle) === offset) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return high;
}

/** What the zone's clock is ahead of UTC, in ms. */
function offsetAt(timeZone: string, instant: number): number {
  const whole = Math.floor(instant / 1_000) * 1_000;
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(whole)) {
    parts[type] = Number(value);
  }
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timeZone, format);
  }
  return format;
}
