import { CALENDAR_UNITS, type CalendarUnit, calendarWindowOf } from './calendar.ts';
import { type Duration, durationMs } from './duration.ts';
import { isTimeZone } from './zone.ts';

/** How event time is cut into windows. All times are ms since epoch; windows are [start, end). */
export type WindowSpec = AlignedWindows | CalendarWindows | SessionWindows;

/** Windows of `sizeMs` that begin every `everyMs`, counted from the epoch. */
export interface AlignedWindows {
  readonly kind: 'aligned';
  readonly sizeMs: number;
  readonly everyMs: number;
}

export interface CalendarWindows {
  readonly kind: 'calendar';
  readonly unit: CalendarUnit;
  readonly timeZone: string;
}

/** A window per key that goes on until nothing came for more than `gapMs`. */
export interface SessionWindows {
  readonly kind: 'session';
  readonly gapMs: number;
}

export interface TimeWindow {
  readonly start: number;
  readonly end: number;
}

/** Windows of one size, one after the other. Throws RangeError on a bad size. */
export function tumbling(size: Duration): AlignedWindows {
  const sizeMs = positive('the size of a tumbling window', size);
  return { kind: 'aligned', sizeMs, everyMs: sizeMs };
}

/**
 * Windows of one size that begin every so often and overlap. Throws RangeError when `every` does
 * not divide the size: the windows that hold an instant would then differ in number.
 */
export function hopping(size: Duration, options: { readonly every: Duration }): AlignedWindows {
  const sizeMs = positive('the size of a hopping window', size);
  const everyMs = positive('the advance of a hopping window', options.every);
  if (sizeMs % everyMs !== 0) {
    throw new RangeError(
      `a hopping window of ${size} cannot begin every ${options.every}: the size must be a multiple of it`,
    );
  }
  return { kind: 'aligned', sizeMs, everyMs };
}

/** A window per key that ends when nothing came for more than `gap`. */
export function session(gap: Duration): SessionWindows {
  return { kind: 'session', gapMs: positive('the gap of a session window', gap) };
}

/** Days, weeks (from Monday), months or years, each from local midnight of a time zone. */
export function calendar(
  unit: CalendarUnit,
  options: { readonly timeZone: string },
): CalendarWindows {
  if (!CALENDAR_UNITS.includes(unit)) {
    throw new RangeError(
      `a calendar window has the unit ${CALENDAR_UNITS.join(', ')}, not ${String(unit)}`,
    );
  }
  if (!isTimeZone(options.timeZone)) {
    throw new RangeError(
      `"${options.timeZone}" is not the name of a time zone, such as Europe/Berlin`,
    );
  }
  return { kind: 'calendar', unit, timeZone: options.timeZone };
}

/**
 * The aligned or calendar windows that hold an instant, the earliest first. Handlers work by the
 * calendar with it: `windowsAt(calendar('month', { timeZone: 'Europe/Berlin' }), eventTime)`.
 *
 * @param time ms since epoch
 */
export function windowsAt(
  spec: AlignedWindows | CalendarWindows,
  time: number,
): readonly TimeWindow[] {
  let assign = assigners.get(spec);
  if (assign === undefined) {
    assign = windowAssigner(spec);
    assigners.set(spec, assign);
  }
  return assign(time);
}

const assigners = new WeakMap<object, (time: number) => readonly TimeWindow[]>();

/** Tells which aligned or calendar windows hold an instant, the earliest first. */
export function windowAssigner(
  spec: AlignedWindows | CalendarWindows,
): (time: number) => readonly TimeWindow[] {
  return spec.kind === 'aligned' ? assignAligned(spec) : assignCalendar(spec);
}

function assignAligned({
  sizeMs,
  everyMs,
}: AlignedWindows): (time: number) => readonly TimeWindow[] {
  let known: readonly TimeWindow[] = [];
  let from = Infinity;
  return (time) => {
    // The windows are the same for all instants between two beginnings.
    if (time >= from && time < from + everyMs) {
      return known;
    }
    from = Math.floor(time / everyMs) * everyMs;
    const windows: TimeWindow[] = [];
    for (let start = from - sizeMs + everyMs; start <= from; start += everyMs) {
      windows.push({ start, end: start + sizeMs });
    }
    known = windows;
    return known;
  };
}

function assignCalendar({
  unit,
  timeZone,
}: CalendarWindows): (time: number) => readonly TimeWindow[] {
  let known: TimeWindow = { start: Infinity, end: -Infinity };
  return (time) => {
    if (time < known.start || time >= known.end) {
      known = calendarWindowOf(unit, timeZone, time);
    }
    return [known];
  };
}

function positive(what: string, duration: Duration): number {
  const ms = durationMs(duration);
  if (ms === null || ms === 0) {
    throw new RangeError(
      `${what} must be a duration above 0, such as '30s' or '5m', not ${JSON.stringify(duration)}`,
    );
  }
  return ms;
}
