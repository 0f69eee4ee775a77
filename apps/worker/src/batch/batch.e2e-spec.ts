import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, freePort, startRedis } from '@penstock/testing';
import { readEarthquakes } from '@penstock/samples';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  produce,
  repeat,
  startWorkerHarness,
  type WorkerHarness,
} from '@penstock/testing/worker-harness';

const ROUNDS = 15;
const RECORDS = 1_707 * ROUNDS;
const JOB = 'earthquake-daily-report';

let harness: WorkerHarness;
let redis: Awaited<ReturnType<typeof startRedis>>;
let redisPort: number;

/** Asserts the exact result: 8 days, every earthquake counted once. */
async function expectExactReport(id: string): Promise<void> {
  const file = await harness.results.find(id);
  const [, ...lines] = (await readFile(file!.path, 'utf8')).trimEnd().split('\r\n');
  const counts = lines.map((line) => Number(line.split(',')[1]));
  expect(counts).toHaveLength(8);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(RECORDS);
}

/** Starts the run over all records anew, and waits until it is somewhere in the middle. */
async function startAndReachTheMiddle(): Promise<string> {
  const { nodes } = await harness.runs.list({ job: JOB, first: 500 });
  const { id } = nodes.find(({ recordsTotal }) => recordsTotal === RECORDS)!;
  expect(await harness.decisions.restart(id)).toMatchObject({ kind: 'run' });
  const middle = await harness.run(
    id,
    ({ recordsRead, state }) => recordsRead > 0 || state === 'succeeded',
    'a run in the middle',
  );
  expect(middle.recordsRead).toBeLessThan(RECORDS);
  return id;
}

beforeAll(async () => {
  redisPort = await freePort();
  harness = await startWorkerHarness({
    redis: false,
    env: { REDIS_URL: `redis://127.0.0.1:${redisPort}` },
  });
  await harness.penstock.start('worker');
  await produce(harness.kafka, 'earthquakes', repeat(await readEarthquakes(), ROUNDS));
});

afterAll(async () => {
  await harness?.[Symbol.asyncDispose]();
  await redis?.[Symbol.asyncDispose]();
});

describe('a batch run', () => {
  it('waits for Redis and says so, and goes on when Redis appears', async ({ skip }) => {
    const id = await harness.startRun(JOB);
    const waiting = await harness.run(id, ({ waitingFor }) => waitingFor !== null, 'a waiting run');
    expect(waiting.state).toBe('waiting');
    expect(waiting.waitingFor).toMatch(/^Redis/);
    redis = await startRedis({ port: redisPort });
    skip(redis === undefined, 'redis-server is not installed');
    const ended = await harness.run(id, ({ state }) => state === 'succeeded', 'its end');
    expect(ended).toMatchObject({ attempt: 1, recordsRead: RECORDS, resultRows: 8 });
    await expectExactReport(id);
    const steps = await harness.runs.steps(id);
    expect(steps.every((step) => step.state === 'done')).toBe(true);
  });

  it('completes with exact figures when its worker is killed', async ({ skip }) => {
    skip(redis === undefined, 'redis-server is not installed');
    const id = await startAndReachTheMiddle();
    await harness.penstock.killHard('worker');
    await harness.penstock.start('worker');
    await harness.run(id, ({ state }) => state === 'succeeded', 'its end');
    await expectExactReport(id);
  });

  it('completes with exact figures when Redis is killed and comes back empty', async ({ skip }) => {
    skip(redis === undefined, 'redis-server is not installed');
    const id = await startAndReachTheMiddle();
    await redis!.killHard();
    await redis![Symbol.asyncDispose]();
    redis = await startRedis({ port: redisPort });
    await harness.run(id, ({ state }) => state === 'succeeded', 'its end');
    await expectExactReport(id);
  });

  it('completes with exact figures when the broker is killed', async ({ skip }) => {
    skip(redis === undefined, 'redis-server is not installed');
    const id = await startAndReachTheMiddle();
    await harness.penstock.killHard('broker');
    await harness.penstock.start('broker');
    await harness.run(id, ({ state }) => state === 'succeeded', 'its end');
    await expectExactReport(id);
  });

  it('fails with the reason when its result cannot be written', async ({ skip }) => {
    skip(redis === undefined, 'redis-server is not installed');
    const results = join(harness.penstock.dataDir, 'results');
    await rename(results, `${results}.kept`);
    await writeFile(results, 'no folder');
    const id = await startAndReachTheMiddle();
    const ended = await harness.run(id, ({ state }) => state === 'failed', 'its end');
    expect(ended.error).toContain(results);
    expect(ended).toMatchObject({ recordsRead: RECORDS });
    await rm(results);
    await rename(`${results}.kept`, results);
  });

  it('stops when it is cancelled', async ({ skip }) => {
    skip(redis === undefined, 'redis-server is not installed');
    const id = await startAndReachTheMiddle();
    const outcome = await harness.runs.cancel(id);
    expect(outcome.kind).toBe('run');
    await eventually(async () => (await harness.runs.find(id))?.state === 'cancelled');
    expect(await harness.runs.find(id)).toMatchObject({ finishedAt: expect.any(Number) as number });
  });
});
