/**
 * Between instants and what a clock on the wall of a time zone shows.
 *
 * A wall time is written as the milliseconds since epoch of the same digits in UTC: 02:30 in Rome
 * is `Date.UTC(…, 2, 30)`. Arithmetic on it knows no daylight saving, which is its purpose.
 */

const zones = new Map<string, Zone>();
/** Of zones that were asked for: their offsets in January and July by their last known rules. */
const lastOffsets = new Map<string, readonly [january: number, july: number]>();
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;
/** No zone moves its clock, and none is off UTC, by more than a day (Samoa skipped one in 2011). */
const CLOCK_SHIFT_MAX_MS = DAY_MS + 60 * MINUTE_MS;
/** A year in which every zone follows its last known rules. */
const LAST_RULES_YEAR = 2037;
/** Of each zone; a schedule asks for some days around now. */
const KEPT_OFFSETS_MAX = 1_024;

interface Zone {
  readonly format: Intl.DateTimeFormat;
  /** Offsets at the starts of days of UTC. */
  readonly offsets: Map<number, number>;
}

/**
 * The wall time, in whole seconds, that a zone's clock shows at an instant. Throws RangeError on an
 * unknown zone.
 *
 * To ask Intl takes some 5 µs. No zone has ever changed its offset twice within 24 hours, so it is
 * asked once for the start and the end of a day, and for instants between two that differ.
 */
export function toWallTime(instant: number, timeZone: string): number {
  const zone = zoneOf(timeZone);
  const second = Math.floor(instant / SECOND_MS) * SECOND_MS;
  const day = Math.floor(second / DAY_MS) * DAY_MS;
  const offset = offsetAtDay(zone, day);
  return offset === offsetAtDay(zone, day + DAY_MS) ? second + offset : askIntl(zone, second);
}

function zoneOf(timeZone: string): Zone {
  let zone = zones.get(timeZone);
  if (zone === undefined) {
    const format = new Intl.DateTimeFormat('en-US', {
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
    zone = { format, offsets: new Map() };
    zones.set(timeZone, zone);
  }
  return zone;
}

function offsetAtDay(zone: Zone, day: number): number {
  let offset = zone.offsets.get(day);
  if (offset === undefined) {
    offset = askIntl(zone, day) - day;
    if (zone.offsets.size === KEPT_OFFSETS_MAX) zone.offsets.clear();
    zone.offsets.set(day, offset);
  }
  return offset;
}

function askIntl({ format }: Zone, instant: number): number {
  const field: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(instant)) {
    field[type] = Number(value);
  }
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = field;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** The wall clock of one time zone. Offsets are how far it is ahead of UTC, in ms. */
export class ZoneClock {
  readonly #timeZone: string;

  constructor(timeZone: string) {
    this.#timeZone = timeZone;
  }

  /** The local day of an instant, as the wall time of its start. */
  dayAt(instant: number): number {
    return Math.floor(this.#show(instant) / DAY_MS) * DAY_MS;
  }

  /** The offset of standard time by the zone's last known rules, the same for all instants. */
  get standardOffsetMs(): number {
    const [january, july] = this.#lastOffsets();
    return Math.min(january, july);
  }

  /** Whether, by the last known rules, summer time moves the clock by whole hours or not at all. */
  get shiftsByWholeHours(): boolean {
    const [january, july] = this.#lastOffsets();
    return (january - july) % (60 * MINUTE_MS) === 0;
  }

  /** The least and the greatest offset of a local day and a day around it. */
  offsetsAround(day: number): { least: number; most: number } {
    const offsets = this.#offsetsNear(day, day + DAY_MS);
    return { least: Math.min(...offsets), most: Math.max(...offsets) };
  }

  /** The instants at which the clock shows a wall time: one, two (it is turned back), or none. */
  instantsOf(wallTime: number): number[] {
    const [before, after] = this.#offsetsNear(wallTime, wallTime);
    return [...new Set([wallTime - before, wallTime - after])]
      .filter((instant) => this.#show(instant) === wallTime)
      .sort((a, b) => a - b);
  }

  /** The first instant at which the clock shows more than a wall time that it skips. */
  endOfGap(wallTime: number): number {
    const [one, other] = this.#offsetsNear(wallTime, wallTime);
    let before = wallTime - Math.max(one, other);
    let after = wallTime - Math.min(one, other);
    while (after - before > 1_000) {
      const middle = Math.floor((before + after) / 2_000) * 1_000;
      if (this.#show(middle) > wallTime) {
        after = middle;
      } else {
        before = middle;
      }
    }
    return after;
  }

  #show(instant: number): number {
    return toWallTime(instant, this.#timeZone);
  }

  #offsetAt(second: number): number {
    return this.#show(second) - second;
  }

  #lastOffsets(): readonly [january: number, july: number] {
    const known = lastOffsets.get(this.#timeZone);
    if (known !== undefined) return known;
    const january = this.#offsetAt(Date.UTC(LAST_RULES_YEAR, 0, 1));
    const july = this.#offsetAt(Date.UTC(LAST_RULES_YEAR, 6, 1));
    lastOffsets.set(this.#timeZone, [january, july]);
    return [january, july];
  }

  /** The offsets in force a day before one wall time and a day after another. */
  #offsetsNear(from: number, to: number): [before: number, after: number] {
    return [this.#offsetAt(from - CLOCK_SHIFT_MAX_MS), this.#offsetAt(to + CLOCK_SHIFT_MAX_MS)];
  }
}
