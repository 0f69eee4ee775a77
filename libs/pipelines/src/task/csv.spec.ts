import { describe, expect, it } from 'vitest';
import { csvHeader, csvLine, csvTotals, totalsOf } from './csv.ts';

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

  it('ends with the number of rows and exact sums where totals are asked for', () => {
    const cents = (row: unknown) => (row as { cents: unknown }).cents;
    const sink = {
      kind: 'csv' as const,
      fileName: 'pay.csv',
      input: { kind: 'merge' as const, label: '', inputs: [] },
      columns: [
        ...columns,
        { header: 'note', value: () => 'x' },
        { header: 'cents', value: cents },
      ],
      totals: ['cents'],
    };
    const rows = [{ cents: Number.MAX_SAFE_INTEGER }, { cents: 3 }, { cents: -1 }];
    const sum = rows.map((row) => totalsOf(sink, row)[0]!).reduce((one, other) => one + other);
    expect(csvTotals(sink, rows.length, [sum])).toBe('TOTAL,3,,9007199254740993\r\n');
    expect(() => totalsOf(sink, { cents: 0.5 })).toThrow(
      /cents has a total: 0.5 is no whole number/,
    );
  });
});
