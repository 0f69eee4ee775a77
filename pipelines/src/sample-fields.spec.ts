import { describe, expect, it } from 'vitest';
import { Id, Time, Whole } from './sample-fields.ts';

describe('the fields of the samples', () => {
  it('take a time that is written in full and exists, and no other', () => {
    const taken = [
      '2026-05-01T06:00:00.000Z',
      '2028-02-29T23:59:59.999Z',
      '0000-01-01T00:00:00.000Z',
    ];
    const refused = [
      '2026-05-01T06:00:00Z',
      '2026-05-01T06:00:00.00Z',
      '2026-05-01T06:00:00.0000Z',
      '2026-05-01T08:00:00.000+02:00',
      '2026-05-01 06:00:00.000Z',
      '2026-05-01t06:00:00.000z',
      '2026-05-01T06:00:00.000Z\n',
      ' 2026-05-01T06:00:00.000Z',
      '+002026-05-01T06:00:00.000Z',
      '2026-02-29T06:00:00.000Z',
      '2026-04-31T06:00:00.000Z',
      '2026-13-01T06:00:00.000Z',
      '2026-05-01T24:00:00.000Z',
      '2026-06-30T23:59:60.000Z',
      '',
      1_777_615_200_000,
      null,
    ];
    expect(taken.filter((time) => !Time.safeParse(time).success)).toEqual([]);
    expect(refused.filter((time) => Time.safeParse(time).success)).toEqual([]);
  });

  it('take any text as an id, and leave it as it is', () => {
    const ids = ['', ' a ', 'a/b', '__proto__', '\u0000\n', '\ud800', '名'];
    expect(ids.map((id) => Id.parse(id))).toEqual(ids);
    expect([1, null, undefined, {}].filter((id) => Id.safeParse(id).success)).toEqual([]);
  });

  it('take whole numbers that JSON carries exactly', () => {
    const { MAX_SAFE_INTEGER, MIN_SAFE_INTEGER } = Number;
    const taken = [0, -1, 1.0, MAX_SAFE_INTEGER, MIN_SAFE_INTEGER];
    const refused = [
      0.5,
      MAX_SAFE_INTEGER + 1,
      MIN_SAFE_INTEGER - 1,
      Infinity,
      NaN,
      '1',
      true,
      null,
    ];
    expect(taken.filter((value) => !Whole.safeParse(value).success)).toEqual([]);
    expect(refused.filter((value) => Whole.safeParse(value).success)).toEqual([]);
  });
});
