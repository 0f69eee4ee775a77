import type { CsvColumn } from '../definition/pipeline-definition.ts';

/**
 * Rows as CSV by RFC 4180: CRLF, a header line, quotes where needed. Null and undefined are empty
 * fields, dates ISO 8601 in UTC, objects JSON. A text that a spreadsheet would run as a formula
 * gets an apostrophe in front.
 */
export function toCsv(columns: readonly CsvColumn[], rows: Iterable<unknown>): string {
  const lines = [columns.map(({ header }) => field(header)).join(',')];
  for (const row of rows) {
    lines.push(columns.map(({ value }) => field(value(row))).join(','));
  }
  return `${lines.join('\r\n')}\r\n`;
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
