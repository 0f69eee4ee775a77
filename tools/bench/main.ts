// Runs the benchmarks that are asked for, one after the other, and prints one table. `broker`, the
// comparison with Apache Kafka, has options of its own and takes long: it runs only when it is
// named.
import { cpus, totalmem } from 'node:os';
import { benchBroker } from './broker/main.ts';
import { benchmarks, type Measurement } from './benchmarks.ts';

const wanted = process.argv.slice(2);
const names = Object.keys(benchmarks);
const unknown = wanted.find((name) => !names.includes(name));
if (wanted[0] === 'broker') {
  await benchBroker(wanted.slice(1)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
  // What an interruption left waiting would keep the process alive.
  process.exit();
} else if (unknown !== undefined) {
  console.error(`There is no benchmark ${unknown}: there are ${[...names, 'broker'].join(', ')}.`);
  process.exitCode = 1;
} else {
  await run(wanted.length === 0 ? names : wanted);
}

async function run(chosen: string[]): Promise<void> {
  const rows: Measurement[] = [];
  for (const name of chosen) {
    process.stderr.write(`measuring ${name} …\n`);
    rows.push(...(await benchmarks[name]!()));
  }
  const gigabytes = (totalmem() / 1e9).toFixed(0);
  console.log(`${cpus().length} cores, ${gigabytes} GB, Node ${process.versions.node}`);
  console.log(table(rows));
  const missed = rows.filter(({ met }) => met === false);
  for (const { name } of missed) console.log(`below its floor: ${name}`);
}

function table(rows: Measurement[]): string {
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
