import { ratioOf } from './statistics.ts';
import type { BrokerName } from './brokers.ts';

/** What a row has to reach. */
export interface Target {
  /** Ratio of Penstock to Kafka: at least this where more is better, else at most. */
  readonly ratio?: number;
  /** Share of what the null broker gives. */
  readonly ofNull?: number;
  /** Penstock's own value, whatever Kafka's. */
  readonly value?: number;
  readonly isMoreBetter: boolean;
  /** Holds instead where the null broker shows that the client is too slow for `ratio`. */
  readonly whereClientBound?: { readonly ratio: number; readonly ofNull: number };
}

/** One line of the result: the values of each broker, in the order of the pairs. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly values: Readonly<Partial<Record<BrokerName, readonly number[]>>>;
  readonly target?: Target;
}

export interface RowResult {
  readonly cells: readonly string[];
  readonly isMet: boolean | undefined;
}

const HEADINGS = [
  'measured',
  'Apache Kafka',
  'Penstock',
  'null broker',
  'Penstock / Kafka',
  'target',
  'met',
];

/** The rows as a table in Markdown. */
export function table(rows: readonly Row[]): string {
  const cells = [HEADINGS, ...rows.map((row) => resultOf(row).cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join('\n');
}

export function resultOf(row: Row): RowResult {
  const { kafka, penstock, null: ceiling } = row.values;
  const value = (values: readonly number[] | undefined) =>
    values === undefined ? '' : `${rounded(meanOf(values))} ${row.unit}`;
  const ratio =
    kafka && penstock ? ratioOf(penstock.map((each, i) => [each, kafka[i]!])) : undefined;
  const target = row.target && inForce(row.target, row);
  const isMet = target && penstock ? meets(row, target, ratio?.mean) : undefined;
  const cells = [
    row.name,
    value(kafka),
    value(penstock),
    value(ceiling),
    ratio ? `${rounded(ratio.mean)} ± ${Math.round(ratio.spread * 100)} %` : '',
    target ? described(target, row.unit) : '',
    isMet === undefined ? '' : isMet ? 'yes' : 'no',
  ];
  return { cells, isMet };
}

/**
 * A broker cannot exceed the rate of the null broker, which only answers. If that rate, less the
 * share a real broker may fall behind it, is below the ratio, the client is what is measured.
 */
function inForce(target: Target, { values }: Row): Target {
  const { whereClientBound: bound, ratio = 0 } = target;
  if (bound === undefined || !values.kafka || !values.null) return target;
  const reachable = (bound.ofNull * meanOf(values.null)) / meanOf(values.kafka);
  return reachable < ratio ? { ...target, ...bound } : target;
}

function meets(row: Row, target: Target, ratio: number | undefined): boolean {
  const { penstock, null: ceiling } = row.values;
  const own = meanOf(penstock!);
  const reaches = (value: number, wanted: number | undefined) =>
    wanted === undefined || (target.isMoreBetter ? value >= wanted : value <= wanted);
  const share = ceiling ? own / meanOf(ceiling) : undefined;
  return (
    reaches(own, target.value) &&
    (ratio === undefined || reaches(ratio, target.ratio)) &&
    (share === undefined || target.ofNull === undefined || share >= target.ofNull)
  );
}

function described({ ratio, ofNull, value, isMoreBetter }: Target, unit: string): string {
  const sign = isMoreBetter ? '≥' : '≤';
  const parts = [
    value === undefined ? undefined : `${sign} ${rounded(value)} ${unit}`,
    ratio === undefined ? undefined : `${sign} ${rounded(ratio)} ×`,
    ofNull === undefined ? undefined : `≥ ${Math.round(ofNull * 100)} % of null`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

/** Geometric, as the ratio is: the ratio of two means is then the mean of the ratios. */
function meanOf(values: readonly number[]): number {
  return ratioOf(values.map((value) => [Math.max(value, Number.MIN_VALUE), 1])).mean;
}

/** Three significant digits. */
function rounded(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}
