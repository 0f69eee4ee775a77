import { describe, expect, it } from 'vitest';
import { csvHeader, csvLine } from './csv.ts';

const columns = [
  { header: 'a', value: (row: unknown) => (row as unknown[])[0] },
  { header: 'b "quoted"', value: (row: unknown) => (row as unknown[])[1] },
];

const toCsv = (rows: readonly unknown[]): string =>
  csvHeader(columns) + rows.map((row) => csvLine(columns, row)).join('');

describe('CSV', () => {
  it('has a header and a line per row, and quotes what needs quotes', () => {
    const text = toCsv([
      ['x,y', 'say "so"'],
      ['two\nlines', 1.5],
      [null, undefined],
      [true, new Date(0)],
      [{ k: 1 }, 'ü'],
    ]);
    expect(text.split('\r\n')).toEqual([
      'a,"b ""quoted"""',
      '"x,y","say ""so"""',
      '"two\nlines",1.5',
      ',',
      'true,1970-01-01T00:00:00.000Z',
      '"{""k"":1}",ü',
      '',
    ]);
  });

  it('lets no text be run as a formula by a spreadsheet, and leaves numbers alone', () => {
    expect(toCsv([['=1+1', -5]]).split('\r\n')[1]).toBe("'=1+1,-5");
  });
});
