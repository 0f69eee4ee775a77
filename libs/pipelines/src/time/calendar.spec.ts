import { describe, expect, it } from 'vitest';
import { type CalendarUnit, calendarWindowOf } from './calendar.ts';
import { localTimeAt } from './zone.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const at = (text: string): number => Date.parse(text);
const shown = ({ start, end }: { start: number; end: number }) => [
  new Date(start).toISOString(),
  new Date(end).toISOString(),
];

describe('calendar windows', () => {
  it.each([
    [
      'day',
      'Europe/Berlin',
      '2026-03-29T12:00Z',
      '2026-03-28T23:00:00.000Z',
      '2026-03-29T22:00:00.000Z',
    ],
    [
      'day',
      'Europe/Berlin',
      '2026-10-25T12:00Z',
      '2026-10-24T22:00:00.000Z',
      '2026-10-25T23:00:00.000Z',
    ],
    [
      'day',
      'America/Santiago',
      '2026-09-06T12:00Z',
      '2026-09-06T04:00:00.000Z',
      '2026-09-07T03:00:00.000Z',
    ],
    [
      'day',
      'Australia/Lord_Howe',
      '2026-04-05T03:00Z',
      '2026-04-04T13:00:00.000Z',
      '2026-04-05T13:30:00.000Z',
    ],
    [
      'month',
      'Europe/Berlin',
      '2024-02-29T12:00Z',
      '2024-01-31T23:00:00.000Z',
      '2024-02-29T23:00:00.000Z',
    ],
    [
      'month',
      'UTC',
      '2026-12-31T23:59:59.999Z',
      '2026-12-01T00:00:00.000Z',
      '2027-01-01T00:00:00.000Z',
    ],
    ['week', 'UTC', '2026-03-29T12:00Z', '2026-03-23T00:00:00.000Z', '2026-03-30T00:00:00.000Z'],
    ['week', 'UTC', '1969-12-31T12:00Z', '1969-12-29T00:00:00.000Z', '1970-01-05T00:00:00.000Z'],
    [
      'year',
      'Asia/Kolkata',
      '2026-01-01T00:00Z',
      '2025-12-31T18:30:00.000Z',
      '2026-12-31T18:30:00.000Z',
    ],
  ] as const)('%s in %s at %s', (unit, timeZone, instant, start, end) => {
    expect(shown(calendarWindowOf(unit, timeZone, at(instant)))).toEqual([start, end]);
  });

  // Samoa skipped a day, Apia and Caracas moved by other amounts, Santiago skips midnight, and in
  // St John's the clock went back over midnight.
  it.each([
    ['Europe/Berlin', '2026-03-27', 5],
    ['Europe/Berlin', '2026-10-23', 5],
    ['America/Santiago', '2026-04-03', 5],
    ['America/Santiago', '2026-09-04', 5],
    ['Australia/Lord_Howe', '2026-04-03', 5],
    ['Australia/Lord_Howe', '2026-10-02', 5],
    ['America/St_Johns', '2010-11-05', 5],
    ['Pacific/Apia', '2011-12-28', 5],
    ['Africa/Cairo', '2024-04-25', 4],
  ])(
    'cut the time of %s around %s without gap, as a walk by minutes does',
    (timeZone, from, days) => {
      const begin = at(`${from}T00:00:00Z`);
      const dateAt = (instant: number): number => Math.floor(localTimeAt(timeZone, instant) / DAY);
      // A day begins when its date, or a later one, is shown for the first time.
      const starts: number[] = [];
      let latest = dateAt(begin - MINUTE);
      for (let instant = begin; instant < begin + days * DAY; instant += MINUTE) {
        if (dateAt(instant) > latest) {
          latest = dateAt(instant);
          starts.push(instant);
        }
      }
      for (const [index, start] of starts.slice(0, -1).entries()) {
        const end = starts[index + 1] as number;
        for (const instant of [start, start + 1, Math.floor((start + end) / 2), end - 1]) {
          expect(shown(calendarWindowOf('day', timeZone, instant))).toEqual(shown({ start, end }));
        }
      }
      expect(starts.length).toBeGreaterThanOrEqual(days - 1);
    },
  );

  it('are as long as the unit, and follow each other for years', () => {
    const units: Array<[CalendarUnit, number, number]> = [
      ['week', 6, 8],
      ['month', 27, 32],
      ['year', 364, 367],
    ];
    for (const [unit, least, most] of units) {
      let instant = at('2019-06-01T00:00:00Z');
      for (let count = 0; count < 60; count++) {
        const { start, end } = calendarWindowOf(unit, 'America/Santiago', instant);
        expect((end - start) / DAY).toBeGreaterThan(least);
        expect((end - start) / DAY).toBeLessThan(most);
        expect(calendarWindowOf(unit, 'America/Santiago', end - 1)).toEqual({ start, end });
        expect(calendarWindowOf(unit, 'America/Santiago', end).start).toBe(end);
        instant = end;
      }
    }
  });
});
