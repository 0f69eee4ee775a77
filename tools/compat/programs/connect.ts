import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, freePort } from '@penstock/testing';
import { expectEqual, expectTrue } from '../check.ts';
import type { ProgramCheck, Programs } from './program.ts';

/** Kafka Connect: groups of another protocol type, compacted topics of its own, sinks as groups. */
export const connectChecks: ProgramCheck[] = [
  {
    program: 'Kafka Connect, standalone',
    what: 'a file into a topic and out again',
    check: checkStandalone,
  },
  {
    program: 'Kafka Connect, distributed',
    what: 'the same over REST, with two workers, one of which is killed; offsets over REST',
    check: checkDistributed,
  },
];

const converters = {
  'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'offset.flush.interval.ms': '500',
};

async function checkStandalone(programs: Programs): Promise<void> {
  const files = filesOf(programs, 'standalone');
  const text = linesOf(50);
  await writeFile(files.from, text);
  const worker = await propertiesFile(programs, 'standalone', {
    ...converters,
    'bootstrap.servers': programs.servers,
    'offset.storage.file.filename': join(programs.folder, 'offsets'),
    listeners: `http://127.0.0.1:${await freePort()}`,
  });
  const [source, sink] = connectorsOf(programs, 'standalone', files);
  await using connect = programs.start('org.apache.kafka.connect.cli.ConnectStandalone', [
    worker,
    await propertiesFile(programs, 'source', source),
    await propertiesFile(programs, 'sink', sink),
  ]);
  await contentBecomes(files.to, text, () => connect.output);
}

async function checkDistributed(programs: Programs): Promise<void> {
  const files = filesOf(programs, 'distributed');
  await writeFile(files.from, linesOf(50));
  const ports = [await freePort(), await freePort()];
  const start = async (port: number) => {
    const worker = await propertiesFile(programs, `distributed-${port}`, {
      ...converters,
      'bootstrap.servers': programs.servers,
      'group.id': programs.name('connect-cluster'),
      'offset.storage.topic': programs.name('connect-offsets'),
      'offset.storage.replication.factor': '1',
      'config.storage.topic': programs.name('connect-configs'),
      'config.storage.replication.factor': '1',
      'status.storage.topic': programs.name('connect-status'),
      'status.storage.replication.factor': '1',
      'session.timeout.ms': '6000',
      'heartbeat.interval.ms': '1000',
      'scheduled.rebalance.max.delay.ms': '1000',
      listeners: `http://127.0.0.1:${port}`,
    });
    return programs.start('org.apache.kafka.connect.cli.ConnectDistributed', [worker]);
  };
  await using first = await start(ports[0]!);
  await using second = await start(ports[1]!);
  const rest = (path: string, init?: RequestInit) => callRest(`${ports[1]}`, path, init);
  const waiting = { deadlineMs: 60_000, intervalMs: 500 };
  const said = () => `${first.output.slice(-1000)} ${second.output.slice(-1000)}`;
  for (const connector of connectorsOf(programs, 'distributed', files)) {
    const { name, ...config } = connector;
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ name, config });
    await eventually(() => rest('/connectors', { method: 'POST', headers, body }), {
      ...waiting,
      what: `connector ${name} (${said()})`,
    });
  }
  await contentBecomes(files.to, linesOf(50), said);
  await first.stop('SIGKILL');
  await writeFile(files.from, linesOf(80));
  await contentBecomes(files.to, linesOf(80), said);
  await eventually(
    async () => {
      const sink = `${programs.name('distributed')}-sink`;
      const found = JSON.stringify(await rest(`/connectors/${sink}/offsets`));
      // It is more than 80 if the killed worker had not saved its position in the file.
      return Number(/"kafka_offset":(\d+)/.exec(found)?.[1]) >= 80;
    },
    { ...waiting, what: 'offset 80 or more of the sink' },
  );
}

async function callRest(port: string, path: string, init?: RequestInit): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, init);
  const body = await answer.text();
  // An earlier try may have created the connector.
  expectTrue(answer.ok || answer.status === 409, `${path}: ${answer.status} ${body}`);
  if (answer.status === 409 && !body.includes('already exists')) throw new Error(body);
  return JSON.parse(body) as unknown;
}

function filesOf(programs: Programs, what: string): { from: string; to: string } {
  return {
    from: join(programs.folder, `${what}.in`),
    to: join(programs.folder, `${what}.out`),
  };
}

function connectorsOf(
  programs: Programs,
  what: string,
  files: { from: string; to: string },
): [Record<string, string>, Record<string, string>] {
  const topic = programs.name(what);
  const file = 'org.apache.kafka.connect.file.FileStream';
  return [
    {
      name: `${topic}-source`,
      'connector.class': `${file}SourceConnector`,
      'tasks.max': '1',
      file: files.from,
      topic,
    },
    {
      name: `${topic}-sink`,
      'connector.class': `${file}SinkConnector`,
      'tasks.max': '1',
      file: files.to,
      topics: topic,
      'errors.tolerance': 'none',
    },
  ];
}

async function propertiesFile(
  programs: Programs,
  name: string,
  properties: Record<string, string>,
): Promise<string> {
  const file = join(programs.folder, `${name}.properties`);
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}`);
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

function linesOf(count: number): string {
  return Array.from({ length: count }, (_, index) => `line ${index}\n`).join('');
}

/** At least once: a line may come twice after a worker was killed, but none is missing. */
async function contentBecomes(file: string, wanted: string, said: () => string): Promise<void> {
  await eventually(
    async () => {
      const found = new Set((await readFile(file, 'utf8')).split('\n'));
      const missing = wanted.split('\n').filter((line) => !found.has(line));
      expectEqual(missing, [], 'lines missing');
      return true;
    },
    { deadlineMs: 60_000, intervalMs: 300, what: 'the file' },
  ).catch((error: unknown) => {
    throw new Error(`${(error as Error).message} ${said().slice(-1500)}`, { cause: error });
  });
}
