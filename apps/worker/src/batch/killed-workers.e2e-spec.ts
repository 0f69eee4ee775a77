import { randomInt, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  eventually,
  type OwnPipelines,
  ownPipelines,
  type Penstock,
  SeededRandom,
  startPenstock,
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
const JOBS = ['counted', 'windowed', 'copied'];
const seed = Number(process.env['PENSTOCK_SEED'] ?? randomInt(2 ** 31));

/** Each record takes a moment, so that a worker is killed in the middle of a run. */
const PIPELINES = `
import { pipeline, tumbling } from '@penstock/pipelines';
export * from '@penstock/samples';

const parse = (value) => value;
const takeTime = () => { for (let at = 0; at < 30_000; at++) Math.sqrt(at); };
const schedule = { cron: '* * * * *', overlap: 'queue' };

export const pipelines = [
  pipeline('counted', { schedule })
    .from('numbers', { schema: parse })
    .keyBy('all', () => 'all')
    .aggregate({
      init: () => 0,
      add: (count) => { takeTime(); return count + 1; },
      result: (key, count) => ({ count }),
    })
    .toCsv('counted.csv', ['count']),
  pipeline('windowed', { schedule })
    .from('numbers', { schema: parse, eventTime: Number })
    .keyBy('last digit', (value) => { takeTime(); return String(value % 10); })
    .window(tumbling(1_000))
    .aggregate({
      init: () => 0,
      add: (count) => count + 1,
      result: (key, count) => ({ count }),
    })
    .to('windows'),
  pipeline('copied', { runsAs: 'batch', schedule })
    .from('numbers', { schema: parse })
    .map((value) => { takeTime(); return value; })
    .to('copies'),
];
`;

let own: OwnPipelines;
let harness: WorkerHarness;
let other: Penstock;

beforeAll(async () => {
  own = await ownPipelines(PIPELINES);
  const { command } = own;
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
  await own?.[Symbol.asyncDispose]();
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

/** What a process leaves that is killed while it writes a result, or copies a state. */
async function leaveUnfinished(pid: number): Promise<void> {
  for (const folder of ['results/run/g1', 'state/counted/runs/run-1']) {
    const path = join(harness.penstock.dataDir, folder);
    await mkdir(path, { recursive: true });
    await writeFile(join(path, `any.${pid}.${randomUUID()}.unfinished`), '');
  }
}

/** How many records a run and those before it have counted; 0 when it read none. */
async function counted(id: string): Promise<number> {
  const file = await harness.results.find(id);
  const [, count] = (await readFile(file!.path, 'utf8')).trim().split('\r\n');
  return Number(count ?? 0);
}

/** What the last row of each window counted. */
async function windowed(): Promise<number[]> {
  const rows = await readAll(harness.kafka, 'windows');
  const last = new Map(
    rows.map(({ headers, value }) => [
      headers['penstock.id'],
      (JSON.parse(value) as { count: number }).count,
    ]),
  );
  return [...last.values()];
}

describe('batch runs of two workers that are killed', () => {
  it(`read each record in exactly one run, and lose none (seed ${seed})`, async () => {
    const random = new SeededRandom(seed);
    const pids: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const values = Array.from(
        { length: RECORDS },
        (_, index) => `${round * RECORDS + index + 1}`,
      );
      await produce(harness.kafka, 'numbers', values);
      const ids: string[] = [];
      for (const job of JOBS) ids.push(await harness.startRun(job));
      await eventually(
        async () => {
          const runs = await Promise.all(ids.map((id) => harness.runs.find(id)));
          return runs.some((run) => run!.recordsRead > 0 || run!.state === 'succeeded');
        },
        { deadlineMs: 60_000, intervalMs: random.int(5, 200), what: 'a run in the middle' },
      );
      const killed = random.pick([harness.penstock, other]);
      const pid = killed.pid('worker');
      await killed.killHard('worker');
      pids.push(pid);
      await leaveUnfinished(pid);
      await killed.start('worker');
    }
    const ended = new Map<string, Awaited<ReturnType<typeof finish>>>();
    for (const job of JOBS) ended.set(job, await finish(job));
    for (const [job, runs] of ended) {
      expect(await harness.claims.faults(job)).toEqual([]);
      expect(runs.filter(({ state }) => state !== 'succeeded')).toEqual([]);
      const due = runs.flatMap(({ scheduledFor }) => scheduledFor ?? []);
      expect(new Set(due).size).toBe(due.length);
    }
    const files = await readdir(harness.penstock.dataDir, { recursive: true });
    // A run that the schedule has made since may be under way, and have files of its own.
    const left = pids.flatMap((pid) => files.filter((name) => name.includes(`.${pid}.`)));
    expect(left).toEqual([]);
    const total = ROUNDS * RECORDS + 1;
    const counts = await Promise.all((ended.get('counted') ?? []).map(({ id }) => counted(id)));
    expect(Math.max(...counts)).toBe(total);
    const inWindows = await windowed();
    expect(inWindows.reduce((sum, count) => sum + count, 0)).toBe(total);
    const copies = await readAll(harness.kafka, 'copies');
    expect(new Set(copies.map(({ value }) => value)).size).toBe(total);
  }, 240_000);
});
