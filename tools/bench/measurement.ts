import { join } from 'node:path';
import { repositoryRoot, run } from '@penstock/testing';

export interface Measurement {
  name: string;
  value: string;
  /** What it must at least be, in words. */
  floor?: string;
  met?: boolean;
  how: string;
}

/** How long a load lasts, s; less where things need only be seen to work. */
export interface Length {
  readonly seconds: number;
}

export interface HttpLoad {
  readonly port: number;
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
}

/** Load over HTTP from a process of its own, after at most two seconds of warm-up. */
export async function httpLoad(load: HttpLoad) {
  await client({ ...load, seconds: Math.min(2, load.seconds) });
  const result = await client(load);
  const clientShare = Math.round((100 * result.cpuSeconds) / result.seconds);
  return { requestsPerSecond: result.requests / result.seconds, ...result, clientShare };
}

interface HttpResult {
  requests: number;
  seconds: number;
  /** Of the client. */
  cpuSeconds: number;
}

async function client(load: HttpLoad): Promise<HttpResult> {
  const file = join(repositoryRoot, 'tools', 'bench', 'http-load.ts');
  const args = ['--conditions=source', file, JSON.stringify(load)];
  const { stdout } = await run(process.execPath, args, { deadlineMs: 120_000 });
  return JSON.parse(stdout) as HttpResult;
}

export function table(rows: readonly Measurement[]): string {
  const cells = [
    ['measured', 'value', 'floor', 'how'],
    ...rows.map(({ name, value, floor, how }) => [name, value, floor ?? '', how]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join('\n');
}
