import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type PipelineDefinition, pipeline, table, z } from '@penstock/pipelines';
import { createLogger, loadConfig } from '@penstock/platform';
import { eventually } from '@penstock/testing';
import {
  produce,
  readAll,
  startWorkerHarness,
  type WorkerHarness,
} from '@penstock/testing/worker-harness';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WorkerModule } from '../worker.module.ts';

// Batch runs by a real worker on a real broker and a real Redis, over pipelines of our own.

const Reading = z.object({ id: z.string(), n: z.number() });
/** A value that fails: a run may have no dead letters here. */
const POISON = 666;

const TESTS_MAX = 12;

let harness: WorkerHarness;
let worker: INestApplicationContext;
let definitions: PipelineDefinition[] = [];
let name: string;
let started = 0;

function total(topic: string, onGap: 'fail' | 'skip'): PipelineDefinition {
  // Due once a year: the runs are made by hand.
  const schedule = { cron: '0 0 1 1 *', onGap };
  return pipeline(topic, { schedule, batchAttempts: 1, skipLimit: 0 })
    .from(`${topic}-in`, { schema: Reading })
    .map((reading) => {
      if (reading.n === POISON) throw new Error('not this number');
      return reading;
    })
    .keyBy('all', () => 'all')
    .aggregate({
      init: () => ({ count: 0, sum: 0 }),
      add: ({ count, sum }, { n }) => ({ count: count + 1, sum: sum + n }),
      result: (_, value) => value,
    })
    .toCsv('total.csv', ['count', 'sum'])
    .to(`${topic}-out`);
}

function doubled(topic: string): PipelineDefinition {
  return pipeline(topic, { runsAs: 'batch' })
    .from(`${topic}-in`, { schema: Reading })
    .map(({ id, n }) => ({ id, n: n * 2 }))
    .to(`${topic}-out`);
}

/** Fails for a reading that has no price. */
function priced(topic: string): PipelineDefinition {
  const prices = table(`${topic}-prices`, { schema: Reading, key: ({ id }) => id });
  return pipeline(topic, { runsAs: 'batch', batchAttempts: 1, skipLimit: 0 })
    .from(`${topic}-in`, { schema: Reading })
    .keyBy('id', ({ id }) => id)
    .joinTable(
      prices,
      ({ id, n }, price) => {
        if (price === null) throw new Error(`no price of ${id}`);
        return { id, n: n * price.n };
      },
      { missing: 'null' },
    )
    .to(`${topic}-out`);
}

/** 25 ms of computing per record: one poll of them takes longer than a lease. */
function busy(topic: string): PipelineDefinition {
  return pipeline(topic, { runsAs: 'batch' })
    .from(`${topic}-in`, { schema: Reading })
    .map((reading) => {
      for (const until = performance.now() + 25; performance.now() < until;);
      return reading;
    })
    .to(`${topic}-out`);
}

beforeAll(async () => {
  harness = await startWorkerHarness();
  const jobs = Array.from({ length: TESTS_MAX }, (_, index) => index);
  definitions = jobs.flatMap((index) => [
    total(`total-${index}`, 'fail'),
    total(`loose-${index}`, 'skip'),
    doubled(`doubled-${index}`),
    busy(`busy-${index}`),
    priced(`priced-${index}`),
  ]);
  const config = loadConfig({
    PENSTOCK_DATA_DIR: harness.penstock.dataDir,
    KAFKA_BOOTSTRAP_SERVERS: harness.penstock.bootstrapServers,
    REDIS_URL: harness.penstock.redis!.url,
  });
  const logger = createLogger({ name: 'worker', level: 'silent' });
  const options = { name: 'worker' as const, config, logger, pipelines: definitions };
  worker = await NestFactory.createApplicationContext(WorkerModule.forRoot(options), {
    logger: false,
    abortOnError: false,
  });
});

afterAll(async () => {
  await worker?.close();
  await harness?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  started += 1;
});

function use(kind: 'total' | 'loose' | 'doubled' | 'busy' | 'priced'): void {
  name = `${kind}-${started}`;
}

async function append(...values: number[]): Promise<void> {
  const readings = values.map((n, index) => ({ id: `${n}-${index}`, n }));
  await produce(harness.kafka, `${name}-in`, readings);
}

type Asked = Omit<Parameters<WorkerHarness['runs']['start']>[0], 'job'>;

async function run(asked: Asked = {}) {
  const outcome = await harness.runs.start({ job: name, ...asked });
  if (outcome.kind !== 'run') throw new Error(JSON.stringify(outcome));
  return ended(outcome.run.id);
}

function ended(id: string) {
  return harness.run(id, ({ state }) => state === 'succeeded' || state === 'failed', 'its end');
}

async function csv(id: string): Promise<string> {
  const file = await harness.results.find(id);
  return (await readFile(file!.path, 'utf8')).trim().replaceAll('\r\n', ' ');
}

async function rows(): Promise<string[]> {
  return (await readAll(harness.kafka, `${name}-out`)).map(({ value }) => value);
}

async function deleteAllRecords(): Promise<void> {
  const logs = await harness.logs.read([`${name}-in`]);
  const partitions = logs.map(({ partition, endOffset }) => ({
    partition,
    offset: BigInt(endOffset),
  }));
  await harness.kafka.admin().deleteRecords({ topics: [{ name: `${name}-in`, partitions }] });
}

describe('a batch run', () => {
  it('reads what no run before it has read', async () => {
    use('total');
    await append(1, 2, 3);
    expect(await csv((await run()).id)).toBe('count,sum 3,6');
    await append(10, 20);
    const second = await run();
    // The aggregate is over everything, so that the state of the run before is in it.
    expect(await csv(second.id)).toBe('count,sum 5,36');
    expect(second).toMatchObject({ recordsTotal: 2, window: { kind: 'contiguous' } });
    expect(await csv((await run()).id)).toBe('count,sum');
    expect(await rows()).toHaveLength(2);
    expect(await harness.claims.faults(name)).toEqual([]);
  });

  it('fails and says how many records were deleted before it read them', async () => {
    use('total');
    await append(1);
    await run();
    await append(2, 3, 4);
    await deleteAllRecords();
    const failed = await run();
    expect(failed.state).toBe('failed');
    expect(failed.error).toMatch(/^\d records of .* were deleted before the run read them/);
    expect((await harness.jobs.find(name))?.blockedBy).toBe(failed.id);
    const gone = (await harness.runs.steps(failed.id)).reduce((sum, step) => sum + step.gone, 0);
    expect(gone).toBe(3);
    // To go on without them is a decision; a retry alone fails again.
    await harness.decisions.retry(failed.id);
    expect((await ended(failed.id)).state).toBe('failed');
    await harness.decisions.retry(failed.id, [], 'skip');
    expect((await ended(failed.id)).state).toBe('succeeded');
    const steps = await harness.runs.steps(failed.id);
    expect(steps.reduce((sum, { lost }) => sum + lost, 0)).toBe(3);
  });

  it('goes on without deleted records, and keeps how many, when it is to skip them', async () => {
    use('loose');
    await append(1);
    await run();
    await append(2, 3, 4);
    await deleteAllRecords();
    await append(5);
    const after = await run();
    expect(await csv(after.id)).toBe('count,sum 2,6');
    const steps = await harness.runs.steps(after.id);
    expect(steps.reduce((sum, { lost }) => sum + lost, 0)).toBe(3);
    const { nodes } = await harness.events.list({ subject: after.id });
    expect(nodes.some(({ kind }) => kind === 'RUN_RECORDS_LOST')).toBe(true);
  });

  it('fails for records of a topic that was deleted after it had claimed them', async () => {
    use('total');
    await append(POISON);
    const failed = await run();
    expect(failed.error).toContain('not this number');
    await harness.kafka.admin().deleteTopics({ topics: [`${name}-in`] });
    await append(1);
    await harness.decisions.retry(failed.id);
    expect((await ended(failed.id)).error).toMatch(/was deleted and made anew; 1 records of/);
  });

  it('can be retried without a record, which goes to the dead-letter topic', async () => {
    use('total');
    await append(POISON);
    const failed = await run();
    expect(failed).toMatchObject({ state: 'failed', attempt: 1 });
    const {
      topic,
      partition,
      startOffset: offset,
    } = (await harness.runs.steps(failed.id)).find(({ state }) => state === 'failed')!;
    await harness.decisions.retry(failed.id, [{ topic, partition, offset }]);
    expect(await ended(failed.id)).toMatchObject({ state: 'succeeded', deadLettered: 1 });
    expect(await csv(failed.id)).toBe('count,sum');
    const [letter] = await readAll(harness.kafka, `${name}.dlt`);
    expect(JSON.parse(letter!.value)).toMatchObject({ n: POISON });
    expect(Object.values(letter!.headers).join()).toContain('left out by hand');
  });

  it('meets the rows of its tables as of its beginning, or of its retry', async () => {
    use('priced');
    const price = (id: string, n: number) =>
      produce(harness.kafka, `${name}-prices`, [JSON.stringify({ id, n })]);
    await price('1-0', 10);
    await append(1, 2);
    const failed = await run();
    expect(failed.state).toBe('failed');
    expect(failed.error).toContain('no price of 2-1');
    await price('2-1', 100);
    await harness.decisions.retry(failed.id);
    const retried = await ended(failed.id);
    expect(retried.state).toBe('succeeded');
    const results = (await rows()).map((row) => (JSON.parse(row) as { n: number }).n);
    expect(new Set(results)).toEqual(new Set([10, 200]));
    const { tableEnds } = await harness.database.batchRun.findUniqueOrThrow({
      where: { id: failed.id },
    });
    const ends = JSON.parse(tableEnds!) as { endOffset: number }[];
    expect(ends.reduce((sum, { endOffset }) => sum + endOffset, 0)).toBe(2);
  });

  it('shows its result of before until a restart has succeeded', async () => {
    use('total');
    await append(4);
    const { id } = await run();
    const before = await harness.results.find(id);
    await harness.decisions.restart(id);
    expect(await csv(id)).toBe('count,sum 1,4');
    await eventually(async () => (await harness.results.find(id))?.path !== before?.path);
    expect(await csv(id)).toBe('count,sum 1,4');
    expect(await harness.runs.find(id)).toMatchObject({ state: 'succeeded', generation: 2 });
  });

  it('is detached over times and offsets: it leaves its rows on its page only', async () => {
    use('total');
    await append(1, 2);
    await run();
    const published = await rows();
    const again = await run({ from: 1 });
    expect(again).toMatchObject({ state: 'succeeded', detached: true, recordsRead: 2 });
    expect(await csv(again.id)).toBe('count,sum 2,3');
    expect(await rows()).toEqual(published);
    await append(3);
    expect(await csv((await run()).id)).toBe('count,sum 3,6');
  });

  it('begins with the state of before when it is restarted, and no other may after it', async () => {
    use('total');
    await append(1);
    const first = await run();
    await append(2);
    const second = await run();
    expect(await csv(second.id)).toBe('count,sum 2,3');
    await harness.decisions.restart(second.id);
    await ended(second.id);
    expect(await csv(second.id)).toBe('count,sum 2,3');
    await harness.decisions.restart(first.id);
    expect(await ended(first.id)).toMatchObject({
      state: 'failed',
      error: expect.stringContaining(`run ${second.id} has gone on from the state`) as string,
    });
  });

  it('keeps its claims while records take their time', async () => {
    use('busy');
    const readings = Array.from({ length: 600 }, (_, n) => ({ id: 'one partition', n }));
    await produce(harness.kafka, `${name}-in`, readings);
    const done = await run();
    expect(done).toMatchObject({ state: 'succeeded', attempt: 1, resultRows: 600 });
    const rows = await harness.database.batchStep.findMany({ where: { runId: done.id } });
    expect(rows.map(({ leaseEpoch }) => leaseEpoch)).toEqual(rows.map(() => 0));
  });

  it('is detached without an aggregate, too, and writes to no topic', async () => {
    use('doubled');
    await append(1, 2);
    const detached = await run({ window: 'all' });
    expect(detached).toMatchObject({ state: 'succeeded', resultRows: 2, resultTopic: null });
    const lines = (await csv(detached.id)).split('\n').map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([{ value: { n: 2 } }, { value: { n: 4 } }]);
    expect(await rows()).toEqual([]);
    await run();
    expect(await rows()).toHaveLength(2);
  });
});
