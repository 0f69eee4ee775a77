// Runs the checks of the clients that are asked for, one after the other, and prints the tables.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPenstock } from '@penstock/testing';
import { Stop } from '../install/command.mjs';
import { readOptions, runTool } from '../install/tool.mjs';
import { CheckContext, type BrokerUnderTest, type Capability } from './check.ts';
import { compactionCapabilities } from './checks/compaction.ts';
import { consumeCapabilities } from './checks/consume.ts';
import { groupCapabilities } from './checks/groups.ts';
import { produceCapabilities } from './checks/produce.ts';
import { restartCapabilities } from './checks/restart.ts';
import { topicCapabilities } from './checks/topics.ts';
import { runWireChecks, wireTable } from './checks/wire-checks.ts';
import type { Client, ClientSource } from './clients/client.ts';
import { goClients } from './clients/go.ts';
import { javaClients } from './clients/java.ts';
import { kcatClient } from './clients/kcat.ts';
import { nodeClients } from './clients/node.ts';
import { pythonClients } from './clients/python.ts';
import { NotOffered, type Driver } from './driver.ts';
import { crossReadings, matrixTable } from './matrix.ts';
import { programTable, runPrograms } from './programs/programs.ts';
import { failures, notes, tables, type Outcome, type Row } from './report.ts';
import { answersApiVersions } from './wire-probe.ts';

const sources: ClientSource[] = [
  ...javaClients,
  kcatClient,
  ...pythonClients,
  ...goClients,
  ...nodeClients,
];
const capabilities: Capability[] = [
  ...topicCapabilities,
  ...produceCapabilities,
  ...consumeCapabilities,
  ...compactionCapabilities,
  ...groupCapabilities,
  ...restartCapabilities,
];
const PARTS = ['wire', 'matrix', 'programs'];

const help = `npm run compat [-- [NAME …] [options]]

Runs the compatibility suite against a broker of its own: ${sources.length} client libraries, each
with ${capabilities.length} capabilities; what each of them wrote is read by every other one; and Apache
Kafka's own command line tools, Streams and Connect. Prints tables; fails where one cell fails.

NAME       ${sources.map(({ name }) => name).join(', ')};
           wire (what clients rely on, asked for request by request), matrix (what one client wrote, every other reads), programs (Apache Kafka's own).
           Without any: all of it.
--only ID  a capability, several times for several: ${capabilities.map(({ id }) => id).join(', ')}
--against HOST:PORT  a broker that runs already, such as Apache Kafka for comparison
--write FILE  puts the tables between the marks of a document as well
--legend   says what each capability checks, and ends

Clients come through pip, go and mvn into ${cacheFolder()}; one whose
ecosystem is not on this machine says so in its row.`;

await runTool(main);

async function main(): Promise<void> {
  const { values, positionals } = readOptions('npm run compat -- --help', {
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      legend: { type: 'boolean' },
      against: { type: 'string' },
      only: { type: 'string', multiple: true },
      write: { type: 'string' },
    },
  });
  if (values.help) return console.log(help);
  if (values.legend) return console.log(legend());
  const wrong = [
    ...positionals.filter((name) => !PARTS.includes(name) && !sources.some((s) => s.name === name)),
    ...(values.only ?? []).filter((id) => !capabilities.some((one) => one.id === id)),
  ];
  if (wrong.length > 0) {
    console.error(`There is no ${wrong.join(', ')}: npm run compat -- --help lists what there is.`);
    process.exitCode = 2;
    return;
  }
  // Tried first, so that a wrong file is noticed before the checks run.
  if (values.write !== undefined) await writeResults(values.write);
  const wants = (name: string) => positionals.length === 0 || positionals.includes(name);
  await using broker = await brokerUnderTest(values.against);
  await answersApiVersions(broker.servers);
  const onlyParts = positionals.length > 0 && positionals.every((name) => PARTS.includes(name));
  const chosen = sources.filter(({ name }) => wants(name) || (onlyParts && wants('matrix')));
  const run = Date.now().toString(36);
  const { clients, absent } = await prepare(chosen);
  const checked = capabilities.filter(
    ({ id }) =>
      (values.only?.includes(id) ?? true) &&
      (id !== 'restart' || broker.crashAndRestart !== undefined),
  );
  const rows = onlyParts ? [] : await checkClients(clients, absent, broker, checked, run);
  const isWhole = values.only === undefined;
  const wire = isWhole && wants('wire') ? await runWireChecks(broker.servers, run, say) : [];
  const readings =
    isWhole && wants('matrix') && clients.length > 0
      ? await crossReadings(clients, broker, run, say)
      : undefined;
  const programs =
    isWhole && wants('programs') ? await runPrograms(cacheFolder(), broker, run, say) : undefined;

  const outcomes = typeof programs === 'object' ? programs : [];
  const found = [
    rows.length > 0 ? tables(rows, checked) : '',
    notes(rows).join('\n'),
    readings === undefined ? '' : matrixTable(readings),
    wire.length > 0 ? wireTable(wire) : '',
    outcomes.length > 0 ? programTable(outcomes) : '',
    typeof programs === 'string' ? `Programs of Apache Kafka: ${programs}` : '',
  ].filter((part) => part !== '');
  const differences = [
    ...failures(rows),
    ...(readings?.failures ?? []).map(({ reason }) => reason),
    ...wire.filter(isProblem).map(({ what, problem }) => `${what}: ${problem}`),
    ...outcomes.filter(isProblem).map(({ program, problem }) => `${program}: ${problem}`),
  ];
  console.log(`\n${found.join('\n\n')}\n`);
  if (values.write !== undefined) await writeResults(values.write, found.join('\n\n'));
  for (const difference of differences) console.log(`FAILED: ${difference}`);
  console.log(differences.length > 0 ? 'There are differences.' : 'Everything asked for works.');
  if (differences.length > 0) process.exitCode = 1;
}

function isProblem({ problem }: { problem: string | undefined }): boolean {
  return problem !== undefined;
}

/**
 * Puts the tables between the two marks of a document; without tables it only looks whether it can.
 * @throws Stop when the document or its marks are missing
 */
async function writeResults(file: string, text?: string): Promise<void> {
  const document = await readFile(file, 'utf8').catch((error: Error) => {
    throw new Stop(`--write takes a document that is there: ${error.message}`);
  });
  const [begin, end] = ['<!-- results -->', '<!-- end of results -->'];
  const from = document.indexOf(begin) + begin.length;
  const to = document.indexOf(end);
  if (from < begin.length || to < from) {
    throw new Stop(`${file} has no line ${begin} and, behind it, ${end}`);
  }
  if (text === undefined) return;
  await writeFile(file, `${document.slice(0, from)}\n\n${text}\n\n${document.slice(to)}`);
}

function cacheFolder(): string {
  return join(tmpdir(), 'penstock-compat');
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function legend(): string {
  const width = Math.max(...capabilities.map(({ id }) => id.length));
  return capabilities.map(({ id, what }) => `${id.padEnd(width)}  ${what}`).join('\n');
}

async function brokerUnderTest(
  against: string | undefined,
): Promise<BrokerUnderTest & AsyncDisposable> {
  if (against !== undefined) {
    return { servers: against, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const penstock = await startPenstock({ processes: ['broker'] });
  return {
    servers: penstock.bootstrapServers,
    crashAndRestart: async () => {
      await penstock.killHard('broker');
      await penstock.start('broker');
    },
    [Symbol.asyncDispose]: () => penstock[Symbol.asyncDispose](),
  };
}

async function prepare(
  chosen: readonly ClientSource[],
): Promise<{ clients: Client[]; absent: Map<string, string> }> {
  await mkdir(cacheFolder(), { recursive: true });
  const clients: Client[] = [];
  const absent = new Map<string, string>();
  for (const source of chosen) {
    say(`preparing ${source.title} …`);
    const client = await source.prepare(cacheFolder());
    if (typeof client === 'string') absent.set(source.title, client);
    else clients.push(client);
  }
  return { clients, absent };
}

async function checkClients(
  clients: readonly Client[],
  absent: ReadonlyMap<string, string>,
  broker: BrokerUnderTest,
  checked: readonly Capability[],
  run: string,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const client of clients) {
    const outcomes = new Map<string, Outcome>();
    let driver = client.start(broker.servers);
    for (const capability of checked) {
      const before = performance.now();
      const outcome = await checkOne(client, broker, driver, capability, run);
      outcomes.set(capability.id, outcome);
      if (outcome.is === 'failed') {
        // What a failed check left behind must not fail the next one.
        await driver.kill();
        driver = client.start(broker.servers);
      }
      const seconds = ((performance.now() - before) / 1000).toFixed(1).padStart(5);
      const reason = outcome.is === 'failed' ? `: ${outcome.reason}` : '';
      say(
        `${seconds} s  ${client.name.padEnd(16)} ${capability.id.padEnd(12)} ${outcome.is}${reason}`,
      );
    }
    await driver.kill();
    rows.push({ title: client.title, outcomes });
  }
  for (const [title, reason] of absent) rows.push({ title, outcomes: reason });
  return rows;
}

async function checkOne(
  client: Client,
  broker: BrokerUnderTest,
  driver: Driver,
  capability: Capability,
  run: string,
): Promise<Outcome> {
  await using context = new CheckContext(client, broker, driver, run);
  try {
    await capability.check(context);
    return { is: 'passed', left: context.left };
  } catch (error) {
    if (error instanceof NotOffered) return { is: 'not offered', reason: error.message };
    const reason = (error as Error).message.replaceAll(/\s+/g, ' ').slice(0, 250);
    return { is: 'failed', reason };
  }
}
