import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  eventually,
  type Penstock,
  repositoryRoot,
  SeededRandom,
  startPenstock,
  temporaryFolder,
} from '@penstock/testing';
import {
  produce,
  readAll,
  startWorkerHarness,
  type WorkerHarness,
} from '@penstock/testing/worker-harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// Two worker processes that are killed again and again, over pipelines of our own.

const ROUNDS = 3;
const RECORDS = 3_000;
const seed = Number(process.env['PENSTOCK_SEED'] ?? randomInt(2 ** 31));

/** Each record takes a moment, so that a worker is killed in the middle of a run. */
const PIPELINES = `
import { pipeline } from '@penstock/pipelines';
export * from '@penstock/samples';

const parse = (value) => value;
const takeTime = () => { for (let at = 0; at < 30_000; at++) Math.sqrt(at); };
const schedule = { cron: '* * * * *', overlap: 'queue' };

export const pipelines = [
  pipeline('counted', { schedule })
    .from('numbers', { schema: parse })
    .aggregate({
      key: () => 'all',
      init: () => 0,
      add: (count) => { takeTime(); return count + 1; },
      merge: (left, right) => left + right,
      result: (key, count) => ({ count }),
    })
    .toCsv('counted.csv', ['count']),
  pipeline('copied', { runsAs: 'batch', schedule })
    .from('numbers', { schema: parse })
    .map((value) => { takeTime(); return value; })
    .to('copies'),
];
`;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let harness: WorkerHarness;
let other: Penstock;

/** Makes a worker load our pipelines in place of the samples. */
async function withPipelines(): Promise<(name: string, words: readonly string[]) => string[]> {
  const here = pathToFileURL(`${folder.path}/`).href;
  const root = pathToFileURL(join(repositoryRoot, 'apps/worker/package.json')).href;
  const hooks = `export function resolve(name, context, next) {
    const isOurs = context.parentURL?.startsWith('${here}') === true;
    if (name === '@penstock/samples' && !isOurs) {
      return { url: '${here}pipelines.mjs', shortCircuit: true };
    }
    return next(name, isOurs && !name.startsWith('.') ? { ...context, parentURL: '${root}' } : context);
  }`;
  const preload =
    "import { register } from 'node:module';\nregister('./hooks.mjs', import.meta.url);\n";
  await writeFile(join(folder.path, 'pipelines.mjs'), PIPELINES);
  await writeFile(join(folder.path, 'hooks.mjs'), hooks);
  await writeFile(join(folder.path, 'preload.mjs'), preload);
  return (name, [node, ...words]) =>
    name === 'worker' ? [node!, '--import', `${here}preload.mjs`, ...words] : [node!, ...words];
}

beforeAll(async () => {
  folder = await temporaryFolder();
  const command = await withPipelines();
  harness = await startWorkerHarness({ command });
  await produce(harness.kafka, 'numbers', ['0']);
  const { dataDir, redis, bootstrapServers } = harness.penstock;
  other = await startPenstock({
    processes: ['worker'],
    dataDir,
    redis: redis!,
    env: { KAFKA_BOOTSTRAP_SERVERS: bootstrapServers },
    command,
  });
  await harness.penstock.start('worker');
});

afterAll(async () => {
  await other?.[Symbol.asyncDispose]();
  await harness?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

async function allRuns(job: string) {
  return (await harness.runs.list({ job, first: 500 })).nodes;
}

/**
 * The runs of a job when it has read all that there is and none is under way. The schedule makes
 * another one each minute, so what is judged is this list.
 */
async function finish(job: string) {
  const id = await harness.startRun(job);
  await harness.run(id, ({ state }) => state === 'succeeded', `the last run of ${job}`);
  const isActive = ({ state }: { state: string }) => state === 'waiting' || state === 'running';
  return eventually(
    async () => {
      const runs = await allRuns(job);
      return runs.some(isActive) ? false : runs;
    },
    { deadlineMs: 30_000, what: `no run of ${job} under way` },
  );
}

async function counted(id: string): Promise<number> {
  const file = await harness.results.find(id);
  const [, count] = (await readFile(file!.path, 'utf8')).trim().split('\r\n');
  return Number(count ?? 0);
}

describe('batch runs of two workers that are killed', () => {
  it(`read each record in exactly one run, and lose none (seed ${seed})`, async () => {
    const random = new SeededRandom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const values = Array.from(
        { length: RECORDS },
        (_, index) => `${round * RECORDS + index + 1}`,
      );
      await produce(harness.kafka, 'numbers', values);
      const ids = [await harness.startRun('counted'), await harness.startRun('copied')];
      await eventually(
        async () => {
          const runs = await Promise.all(ids.map((id) => harness.runs.find(id)));
          return runs.some((run) => run!.recordsRead > 0 || run!.state === 'succeeded');
        },
        { deadlineMs: 60_000, intervalMs: random.int(5, 200), what: 'a run in the middle' },
      );
      const killed = random.pick([harness.penstock, other]);
      await killed.killHard('worker');
      await killed.start('worker');
    }
    const ended = { counted: await finish('counted'), copied: await finish('copied') };
    for (const [job, runs] of Object.entries(ended)) {
      expect(await harness.claims.faults(job)).toEqual([]);
      expect(runs.filter(({ state }) => state !== 'succeeded')).toEqual([]);
      const due = runs.flatMap(({ scheduledFor }) => scheduledFor ?? []);
      expect(new Set(due).size).toBe(due.length);
    }
    const counts = await Promise.all(ended.counted.map(({ id }) => counted(id)));
    const total = ROUNDS * RECORDS + 1;
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(total);
    const copies = await readAll(harness.kafka, 'copies');
    expect(new Set(copies.map(({ value }) => value)).size).toBe(total);
  }, 240_000);
});
