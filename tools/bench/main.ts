// Runs the benchmarks that are asked for, one after the other, and prints one table. `broker`, the
// comparison with Apache Kafka, has options of its own and takes long: it runs only when it is
// named.
import { cpus, totalmem } from 'node:os';
import { benchBroker } from './broker/main.ts';
import { measureControl } from './control.ts';
import { measureIngest } from './ingest.ts';
import { table, type Length, type Measurement } from './measurement.ts';
import { measurePipelines } from './pipelines/main.ts';

const benchmarks: Record<string, (length: Length) => Promise<Measurement[]>> = {
  control: measureControl,
  ingest: measureIngest,
  pipelines: measurePipelines,
};
const LONG: Length = { seconds: 5 };
/** Shows that it works, not what it gives. */
const QUICK: Length = { seconds: 1 };

const words = process.argv.slice(2);
if (words[0] === 'broker') {
  await benchBroker(words.slice(1)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
  // An interrupted benchmark may still wait for something that keeps the process alive.
  process.exit();
}
const names = Object.keys(benchmarks);
const wanted = words.filter((word) => word !== '--quick');
const unknown = wanted.find((name) => !names.includes(name));
if (unknown === undefined) {
  await run(wanted.length === 0 ? names : wanted, words.includes('--quick') ? QUICK : LONG);
} else {
  console.error(
    `There is no benchmark ${unknown}: there are ${['broker', ...names].join(', ')}; --quick makes all but broker short (broker has --help).`,
  );
  process.exitCode = 1;
}

async function run(chosen: string[], length: Length): Promise<void> {
  const rows: Measurement[] = [];
  for (const name of chosen) {
    process.stderr.write(`measuring ${name} …\n`);
    rows.push(...(await benchmarks[name]!(length)));
  }
  const gigabytes = (totalmem() / 1e9).toFixed(0);
  const quick = length === QUICK ? ', quick: too short to tell' : '';
  console.log(`${cpus().length} cores, ${gigabytes} GB, Node ${process.versions.node}${quick}`);
  console.log(table(rows));
  const missed = rows.filter(({ met }) => met === false);
  for (const { name } of missed) console.log(`below its floor: ${name}`);
}
