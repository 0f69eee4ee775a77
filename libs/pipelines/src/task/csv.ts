import type { CsvColumn, CsvSink } from '../topology/nodes.ts';

/**
 * CSV by RFC 4180: CRLF, a header line, quotes where needed. Null and undefined are empty fields,
 * dates ISO 8601 in UTC, objects JSON. A text that a spreadsheet would run as a formula gets an
 * apostrophe in front.
 */

/** The first line, with its end. */
export function csvHeader(columns: readonly CsvColumn[]): string {
  return `${columns.map(({ header }) => field(header)).join(',')}\r\n`;
}

/** The line of a row, with its end. */
export function csvLine(columns: readonly CsvColumn[], row: unknown): string {
  return `${columns.map(({ value }) => field(value(row))).join(',')}\r\n`;
}

/** What a row adds to the totals of a file, in their order. Throws on what is no whole number. */
export function totalsOf({ columns, totals }: CsvSink, row: unknown): bigint[] {
  return totals.map((header) => {
    const value = columns.find((column) => column.header === header)?.value(row);
    if (typeof value === 'bigint' || Number.isSafeInteger(value)) return BigInt(value as number);
    throw new TypeError(`column ${header} has a total: ${String(value)} is no whole number`);
  });
}

/** The last line of a file with totals, with its end. */
export function csvTotals(
  { columns, totals }: CsvSink,
  rows: number,
  sums: readonly bigint[],
): string {
  const fields = columns.map(({ header }) => {
    const at = totals.indexOf(header);
    return at < 0 ? '' : String(sums[at] ?? 0n);
  });
  return `${['TOTAL', String(rows), ...fields.slice(2)].join(',')}\r\n`;
}

function field(value: unknown): string {
  if (value === null || value === undefined) {
    return '';
  }
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    return String(value);
  }
  const text =
    value instanceof Date
      ? value.toISOString()
      : typeof value === 'string'
        ? value.replace(/^[=+\-@\t\r]/, "'$&")
        : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
