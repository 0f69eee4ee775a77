import { expect, it } from 'vitest';
import { parseMoment } from './moment.ts';
import { setZone } from './time.ts';

const now = Date.UTC(2026, 10, 20, 14, 32, 7);

it.each([
  ['15m', now - 900_000],
  ['now-2h', now - 7_200_000],
  ['90 s ago', now - 90_000],
  ['now', now],
  ['2026-11-20T14:00Z', Date.UTC(2026, 10, 20, 14)],
  ['2026-11-20T15:00+01:00', Date.UTC(2026, 10, 20, 14)],
  [String(now), now],
])('reads %s as a moment', (text, at) => {
  expect(parseMoment(text, now)).toBe(at);
});

it.each(['', 'soon', '12', '2026-99-99', '2026-02-30', '2026-11-20T25:00Z', '5 weeks'])(
  'refuses %s',
  (text) => {
    expect(parseMoment(text, now)).toBeNull();
  },
);

it('reads a date without a zone in the zone that the page shows', () => {
  expect(parseMoment('2026-11-20 14:00', now)).toBe(Date.UTC(2026, 10, 20, 14));
  expect(parseMoment('2026-11-20', now)).toBe(Date.UTC(2026, 10, 20));
  setZone('local');
  expect(parseMoment('2026-11-20', now)).toBe(new Date(2026, 10, 20).getTime());
  setZone('UTC');
});
