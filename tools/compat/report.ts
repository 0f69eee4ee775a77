import type { Capability } from './check.ts';

export type Outcome =
  | { is: 'passed'; left: readonly string[] }
  | { is: 'failed'; reason: string }
  | { is: 'not offered'; reason: string };

/** One client's row; a text where the client is not on this machine. */
export interface Row {
  title: string;
  outcomes: ReadonlyMap<string, Outcome> | string;
}

const COLUMNS_MAX = 9;

/** Tables of Markdown, a client per row and a capability per column, so many columns at a time. */
export function tables(rows: readonly Row[], capabilities: readonly Capability[]): string {
  const parts: string[] = [];
  for (let at = 0; at < capabilities.length; at += COLUMNS_MAX) {
    const columns = capabilities.slice(at, at + COLUMNS_MAX);
    parts.push(
      table([
        ['client', ...columns.map(({ id }) => id)],
        ...rows.map(({ title, outcomes }) => [
          title,
          ...columns.map(({ id }) => (typeof outcomes === 'string' ? '' : cell(outcomes.get(id)))),
        ]),
      ]),
    );
  }
  return parts.join('\n\n');
}

function cell(outcome: Outcome | undefined): string {
  switch (outcome?.is) {
    case undefined:
      return '';
    case 'passed':
      return 'pass';
    case 'failed':
      return 'FAIL';
    case 'not offered':
      return '–';
  }
}

/** Rows of cells as a table of Markdown; the first row is its head. */
export function table(cells: readonly (readonly string[])[]): string {
  const widths = cells[0]!.map((_, column) =>
    Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join('\n');
}

/** What is not on this machine, what clients do not offer, and what was therefore left out. */
export function notes(rows: readonly Row[]): string[] {
  const lines: string[] = [];
  for (const { title, outcomes } of rows) {
    if (typeof outcomes === 'string') {
      lines.push(`- ${title}: not on this machine: ${outcomes}`);
      continue;
    }
    const missing: string[] = [];
    const left = new Set<string>();
    for (const [id, outcome] of outcomes) {
      if (outcome.is === 'not offered') missing.push(id);
      if (outcome.is === 'passed') for (const trait of outcome.left) left.add(trait);
    }
    const parts = [
      missing.length > 0 ? `not offered by the client: ${missing.join(', ')}` : '',
      left.size > 0 ? `checked without ${[...left].join(', ')}` : '',
    ].filter((part) => part !== '');
    if (parts.length > 0) lines.push(`- ${title}: ${parts.join('; ')}`);
  }
  return lines;
}

/** A line per cell that failed, with its reason. */
export function failures(rows: readonly Row[]): string[] {
  return rows.flatMap(({ title, outcomes }) =>
    typeof outcomes === 'string'
      ? []
      : [...outcomes].flatMap(([id, outcome]) =>
          outcome.is === 'failed' ? [`${title}: ${id}: ${outcome.reason}`] : [],
        ),
  );
}
