import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { ensureApacheKafka, KAFKA_VERSION } from '../../test/apache-kafka.mjs';
import { BenchRun } from './bench-run.ts';
import { planKafka, planNull, planPenstock, RunningBroker, type Durability } from './brokers.ts';
import { KafkaTools } from './kafka-tools.ts';
import {
  compareConsume,
  compareFsync,
  compareLatency,
  compareProduce,
  warmUp,
} from './load-rows.ts';
import { HELP, readOptions, type Options, type Part } from './options.ts';
import { measureLarge, measureMany, measureWakeup } from './own-rows.ts';
import { residentBytes } from './process-usage.ts';
import { compareStart } from './start-rows.ts';
import { resultOf, table } from './table.ts';

/** `npm run bench -- broker`: see options.ts. */
export async function benchBroker(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options === undefined) return void process.stdout.write(HELP);
  if (!existsSync('/proc/self/stat')) {
    throw new Error('CPU and memory are read from /proc: Linux only');
  }
  const classPath = await ensureApacheKafka();
  if (classPath === undefined) {
    throw new Error(
      'Apache Kafka is fetched by Maven: install a JDK and Maven (apt-get install maven)',
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'penstock-bench-'));
  const results = await mkdtemp(join(tmpdir(), 'penstock-bench-results-'));
  const run = new BenchRun({ options, tools: new KafkaTools(classPath), folder, results });
  try {
    await Promise.race([measureAll(run, options, classPath), interrupted()]);
  } finally {
    await RunningBroker.killAll();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    print(run, results);
  }
}

/** Rejects when somebody wants this to end. */
function interrupted(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () =>
        reject(new Error(`ended by ${signal}: the table has what was measured until then`)),
      );
    }
  });
}

async function measureAll(run: BenchRun, options: Options, classPath: string): Promise<void> {
  const { parts } = options;
  const wants = (...names: Part[]) => names.some((name) => parts.has(name));
  if (wants('start')) await compareStart(run, classPath);
  if (wants('produce', 'latency', 'consume', 'memory')) {
    await withBrokers(run, classPath, 'os', async (brokers) => {
      if (wants('produce', 'latency', 'memory')) await warmUp(run, brokers);
      if (wants('produce')) await compareProduce(run, brokers);
      if (wants('latency')) await compareLatency(run, brokers);
      if (wants('consume')) await compareConsume(run, brokers);
      if (wants('memory')) addMemory(run, brokers);
    });
  }
  if (wants('fsync')) {
    await withBrokers(run, classPath, 'fsync', (brokers) =>
      compareFsync(
        run,
        brokers.filter(({ name }) => name !== 'null'),
      ),
    );
  }
  if (wants('wakeup')) {
    await withBrokers(run, classPath, 'os', (brokers) => measureWakeup(run, brokers));
  }
  if (wants('many')) await measureMany(run);
  if (wants('large')) await measureLarge(run);
}

/** All run at once, so that their code stays warm; only one of them is used at a time. */
async function withBrokers(
  run: BenchRun,
  classPath: string,
  durability: Durability,
  use: (brokers: RunningBroker[]) => Promise<void>,
): Promise<void> {
  // Each part has data of its own, on an empty folder.
  const folder = await mkdtemp(join(run.folder, `${durability}-`));
  await using started = new AsyncDisposableStack();
  const brokers: RunningBroker[] = [];
  for (const plan of [
    await planKafka(classPath, join(folder, 'kafka'), durability),
    await planPenstock(join(folder, 'penstock'), durability),
    await planNull(folder),
  ]) {
    brokers.push(started.use(await RunningBroker.start(plan)));
  }
  await use(brokers);
}

function addMemory(run: BenchRun, brokers: readonly RunningBroker[]): void {
  const values = Object.fromEntries(
    brokers
      .filter(({ name }) => name !== 'null')
      .map(({ name, pid }) => [name, [residentBytes(pid) / 1e6]]),
  );
  const target = { ratio: 0.2, isMoreBetter: false };
  run.add({ name: 'resident memory after all of this', unit: 'MB', values, target });
}

function print(run: BenchRun, results: string): void {
  const gigabytes = (totalmem() / 1e9).toFixed(0);
  const machine = `${cpus().length} cores, ${gigabytes} GB, Linux ${release()}`;
  const versions = `Node ${process.versions.node}, Apache Kafka ${KAFKA_VERSION}`;
  const { pairs, isQuick } = run.options;
  console.log(
    `${machine}, ${versions}, ${pairs} pairs${isQuick ? ', quick: too few records' : ''}`,
  );
  console.log(table(run.rows));
  const missed = run.rows.filter((row) => resultOf(row).isMet === false);
  for (const { name } of missed) console.log(`short of its target: ${name}`);
  console.log(`raw numbers: ${results}`);
}
