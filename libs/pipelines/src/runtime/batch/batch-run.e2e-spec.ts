import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { murmur2 } from '@platformatic/kafka';
import { SeededRandom } from '@penstock/testing';
import { PipelineWorld } from '@penstock/testing/pipeline-world';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDriver } from '../../test-kit/test-driver.ts';
import { session, tumbling } from '../../time/windows.ts';
import { pipeline } from '../../topology/pipeline-builder.ts';
import { table } from '../../topology/table.ts';
import type { PipelineDefinition } from '../../topology/pipeline-definition.ts';
import { refusedRowsFile } from '../refused-rows.ts';
import { finishBatchRun } from './batch-finish.ts';
import type { BatchPart, BatchRun } from './batch-run.ts';
import { runBatchStep } from './batch-step.ts';
import { Claim } from './claim.ts';
import type { BatchResult } from './result-files.ts';
import { RunFolder } from './run-folder.ts';

// Batch runs on a real broker, with a ledger of the test's own that forgets nothing. Workers crash
// before and after what they send and save; the worker's own e2e specs kill processes.

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const PARTITIONS = 3;
const START = Date.parse('2026-03-01T00:00:00Z');
const END = Date.parse('2026-03-02T00:00:00Z');
const seeds = process.env['PENSTOCK_SEED']?.split(',').map(Number) ?? [
  ...Array.from({ length: 8 }, (_, index) => index + 1),
  randomInt(2 ** 31),
];

class Crash extends Error {}

interface Reading {
  readonly key: string;
  readonly at: number;
  readonly n: number;
}

let world: PipelineWorld;

beforeAll(async () => {
  world = await PipelineWorld.start();
});

afterAll(() => world?.[Symbol.asyncDispose]());

/** What the ledger says of a run. */
interface Job {
  readonly definition: PipelineDefinition;
  readonly id: string;
  readonly generation?: number;
  readonly base?: Job | null;
  readonly end: number;
  readonly detached?: boolean;
  readonly params?: Record<string, unknown>;
  readonly parts: readonly Omit<BatchPart, 'nextOffset' | 'skips'>[];
  readonly commitEveryMs?: number;
  readonly skips?: readonly number[];
  readonly tableEnds?: BatchRun['tableEnds'];
}

const stateOf = ({ definition, id, generation = 1 }: Job): string =>
  join(world.folder, 'state', definition.name, 'runs', `${id}-${generation}`);
const resultsOf = ({ id, generation = 1 }: Job): string =>
  join(world.folder, 'results', id, `g${generation}`);

/** Runs a job to its end, with a new worker after each crash. */
async function runToEnd(job: Job, maySave: () => void = () => {}): Promise<BatchResult> {
  const nameOf = ({ topic, partition }: { topic: string; partition: number }) =>
    `${topic}/${partition}`;
  const next = new Map(job.parts.map((part) => [nameOf(part), part.startOffset]));
  const dead = new Map<number, number>();
  const open = (): BatchRun => ({
    id: job.id,
    nominalAt: job.end,
    params: job.params ?? {},
    definition: job.definition,
    kafka: world.kafka,
    logger: silent,
    folder: new RunFolder(stateOf(job), job.base == null ? null : stateOf(job.base)),
    refusedRowsFile: refusedRowsFile(join(world.folder, 'state'), job.definition.name),
    detached: job.detached ?? false,
    end: job.end,
    bounds: { from: null, to: null },
    tableEnds: job.tableEnds ?? [],
    commitEveryMs: job.commitEveryMs ?? 0,
    deadLettersMax: job.definition.skipLimit + (job.skips?.length ?? 0),
    parts: job.parts.map((part) => ({
      ...part,
      nextOffset: next.get(nameOf(part)) ?? 0,
      skips: part.partition === 0 ? (job.skips ?? []) : [],
    })),
  });
  const total = (): number => [...dead.values()].reduce((sum, count) => sum + count, 0);
  for (const partition of new Set(job.parts.map((part) => part.partition))) {
    await untilDone((claim) =>
      runBatchStep({
        run: open(),
        partition,
        claim,
        deadLettered: total(),
        checkpoint: async ({ positions, deadLettered }) => {
          maySave();
          for (const { topic, nextOffset } of positions) {
            const name = nameOf({ topic, partition });
            expect(nextOffset, name).toBeGreaterThanOrEqual(next.get(name) ?? 0);
            next.set(name, nextOffset);
          }
          dead.set(partition, deadLettered);
          maySave();
          return total();
        },
      }),
    );
  }
  for (const part of job.parts) {
    expect(next.get(nameOf(part))).toBe(part.endOffset);
  }
  const resultFolder = resultsOf(job);
  return (await untilDone((claim) =>
    finishBatchRun({ run: open(), claim, deadLettered: total(), resultFolder }),
  )) as BatchResult;
}

async function untilDone<Outcome>(work: (claim: Claim) => Promise<Outcome>): Promise<Outcome> {
  for (let tries = 0; tries < 500; tries++) {
    using claim = new Claim({
      renew: () => Promise.resolve(true),
      meet: () => Promise.resolve(),
      logger: silent,
      signal: new AbortController().signal,
    });
    try {
      return await work(claim);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
  throw new Error('it crashes for ever');
}

async function createTopic(topic: string, partitions = PARTITIONS): Promise<void> {
  await world.createTopics([topic], partitions);
}

async function wholeLogs(...topics: string[]): Promise<Job['parts']> {
  const consumer = world.kafka.consumer('ends');
  const logs = await consumer.listOffsets({ topics, timestamp: -1n });
  await world.kafka.release(consumer);
  return [...logs].flatMap(([topic, ends]) =>
    ends.map((end, partition) => ({ topic, partition, startOffset: 0, endOffset: Number(end) })),
  );
}

interface Placed {
  readonly topic: string;
  readonly partition: number;
  readonly key: string | null;
  readonly value: Reading;
}

async function produce(records: readonly Placed[]): Promise<void> {
  const producer = world.kafka.producer({ idempotent: true });
  for (let at = 0; at < records.length; at += 500) {
    await producer.send({
      messages: records.slice(at, at + 500).map(({ topic, partition, key, value }) => ({
        topic,
        partition,
        key: (key === null ? null : Buffer.from(key)) as Buffer,
        value: Buffer.from(JSON.stringify(value)),
        timestamp: BigInt(value.at),
      })),
    });
  }
  await world.kafka.release(producer);
}

/** The last output of each identity in a topic, as `id value`. */
async function lastOfEach(topic: string): Promise<{ last: string[]; all: number }> {
  if (!(await world.kafka.admin().listTopics()).includes(topic)) return { last: [], all: 0 };
  const consumer = world.kafka.consumer(`reader-${topic}-${Math.random()}`);
  consumer.on('error', () => {});
  const ends = (await consumer.listOffsets({ topics: [topic], timestamp: -1n })).get(topic) ?? [];
  const all = ends.reduce((sum, end) => sum + Number(end), 0);
  const last = new Map<string, string>();
  if (all > 0) {
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
    let read = 0;
    for await (const { value, headerEntries } of stream) {
      const id = headerEntries.find(([name]) => String(name) === 'penstock.id')?.[1];
      last.set(String(id), value.toString());
      read += 1;
      if (read >= all) break;
    }
  }
  await world.kafka.release(consumer);
  return { last: [...last].map(([id, value]) => `${id} ${value}`).sort(), all };
}

async function valuesOf(topic: string): Promise<object[]> {
  const { last } = await lastOfEach(topic);
  return last.map((row) => JSON.parse(row.slice(row.indexOf('{'))) as object);
}

const source = (name: string) =>
  pipeline(name, { runsAs: 'either' }).from([`${name}-a`, `${name}-b`], {
    schema: (input) => input as Reading,
    eventTime: ({ at }) => at,
    lateness: '10s',
  });
const sum = {
  init: () => ({ sum: 0, count: 0 }),
  add: (before: { sum: number; count: number }, { n }: Reading) => ({
    sum: before.sum + n,
    count: before.count + 1,
  }),
  merge: (left: { sum: number; count: number }, right: { sum: number; count: number }) => ({
    sum: left.sum + right.sum,
    count: left.count + right.count,
  }),
  result: (_: string, row: { sum: number; count: number }) => row,
};

/** Pipelines of all that makes a difference here: internal topics, sessions, timers, no state. */
const drawn: Array<(name: string) => PipelineDefinition> = [
  (name) => source(name).byRecordKey().window(tumbling('1m')).aggregate(sum).to(`${name}-out`),
  (name) =>
    source(name)
      .keyBy('key', ({ key }) => key)
      .window(session('45s'), { grace: '5s' })
      .aggregate(sum)
      .to(`${name}-out`),
  (name) =>
    source(name)
      .keyBy('key', ({ key }) => key)
      .process({
        state: () => ({ total: 0 }),
        onRecord: ({ n, at }: Reading, context) => {
          context.state.total = (context.state.total * 3 + n) % 1_000_003;
          context.emit({ total: context.state.total });
          context.schedule(at + 20_000, n);
        },
        onTimer: (n: number, context) => {
          context.state.total += n;
          context.emit({ total: context.state.total });
        },
      })
      .to(`${name}-out`),
  (name) =>
    source(name)
      .filter(({ n }) => n % 3 > 0)
      .map(({ n }) => ({ n: n * 2 }))
      .to(`${name}-out`),
];

function drawRecords(random: SeededRandom, name: string): Placed[] {
  const clocks = new Map<string, number>();
  return Array.from({ length: random.int(30, 80) }, () => {
    const topic = `${name}-${random.pick(['a', 'b'])}`;
    const partition = random.below(PARTITIONS);
    const log = `${topic}/${partition}`;
    const clock = (clocks.get(log) ?? START) + random.below(30_000);
    clocks.set(log, clock);
    const at = clock - random.below(10_000);
    // The keys of a partition are its own, as Kafka's partitioner does it.
    const key = `k${partition}${random.below(2)}`;
    return { topic, partition, key, value: { key, at, n: random.int(1, 9) } };
  });
}

/** Windows of offsets that follow each other, up to the end of each log. */
function cut(random: SeededRandom, records: readonly Placed[], name: string) {
  const logs = [`${name}-a`, `${name}-b`].flatMap((topic) =>
    Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition })),
  );
  const positions = new Map(logs.map(({ topic, partition }) => [`${topic}/${partition}`, 0]));
  const runs = random.int(1, 4);
  return Array.from({ length: runs }, (_, run) =>
    logs.map(({ topic, partition }) => {
      const log = `${topic}/${partition}`;
      const end = records.filter(
        (each) => each.topic === topic && each.partition === partition,
      ).length;
      const startOffset = positions.get(log) ?? 0;
      const endOffset = run === runs - 1 ? end : random.int(startOffset, end);
      positions.set(log, endOffset);
      return { topic, partition, startOffset, endOffset };
    }),
  );
}

/** The time that a run over these windows may stand for: nothing behind it is older. */
function nominal(records: readonly Placed[], windows: Job['parts']): number {
  const behind = windows.flatMap(({ topic, partition, endOffset }) =>
    records
      .filter((each) => each.topic === topic && each.partition === partition)
      .slice(endOffset)
      .map(({ value }) => value.at),
  );
  return Math.min(END, ...behind);
}

describe('batch runs over windows that follow each other', () => {
  it.each(seeds)(
    'give what one run over everything gives, wherever workers crash (seed %i)',
    async (seed) => {
      const random = new SeededRandom(seed);
      const name = `any-${seed}`;
      const definition = (drawn[seed % drawn.length] as (typeof drawn)[number])(name);
      await Promise.all([createTopic(`${name}-a`), createTopic(`${name}-b`)]);
      const records = drawRecords(random, name);
      await produce(records);
      const driver = testDriver(definition, { partitions: PARTITIONS, now: START });
      await driver.pipe(
        records.map(({ topic, partition, key, value }) => ({
          topic,
          partition,
          key,
          value,
          timestamp: value.at,
        })),
      );
      await driver.advanceTime(END);
      const expected = driver.results.map(({ id, value }) => `${id} ${JSON.stringify(value)}`);

      const crash = (): void => {
        if (random.chance(0.1)) throw new Crash('killed');
      };
      let base: Job | null = null;
      for (const [index, parts] of cut(random, records, name).entries()) {
        const job: Job = {
          definition,
          id: `r${index}`,
          base,
          end: nominal(records, parts),
          parts,
          commitEveryMs: random.pick([0, 3, 1_000]),
        };
        world.fault = crash;
        await runToEnd(job, crash).finally(() => {
          world.fault = () => {};
        });
        base = job;
      }
      expect((await lastOfEach(`${name}-out`)).last, `seed ${seed}`).toEqual(expected.sort());
    },
    60_000,
  );
});

/** A stateful pipeline with a file and a topic, over one topic. */
function counts(name: string, options: { readonly skipLimit?: number } = {}): PipelineDefinition {
  return pipeline(name, { runsAs: 'either', ...options })
    .from(`${name}-in`, { schema: (input) => input as Reading, eventTime: ({ at }) => at })
    .keyBy('key', ({ key }) => key)
    .window(tumbling('1m'))
    .aggregate({
      ...sum,
      add: (before, reading) => {
        if (reading.n === 666) throw new Error('the number of the beast');
        return sum.add(before, reading);
      },
    })
    .to(`${name}-out`)
    .toCsv('counts.csv', ['key', 'sum', 'count']);
}

/** Records of one key in partition 0, a second apart. */
function readings(name: string, from: number, numbers: readonly number[]): Placed[] {
  return numbers.map((n, index) => ({
    topic: `${name}-in`,
    partition: 0,
    key: 'a',
    value: { key: 'a', at: START + (from + index) * 1_000, n },
  }));
}

const part = (name: string, startOffset: number, endOffset: number) => [
  { topic: `${name}-in`, partition: 0, startOffset, endOffset },
];
const csvOf = async (job: Job): Promise<string[]> =>
  (await readFile(join(resultsOf(job), 'counts.csv'), 'utf8')).trim().split('\r\n').slice(1);

describe('a batch run', () => {
  it('closes a window of the run before when there is nothing new, and begins with its state', async () => {
    const definition = counts('quiet');
    await createTopic('quiet-in', 1);
    await produce(readings('quiet', 0, [1, 2, 3]));
    const first: Job = { definition, id: 'r1', end: START + 30_000, parts: part('quiet', 0, 3) };
    expect(await runToEnd(first)).toMatchObject({
      rows: 0,
      file: 'counts.csv',
      topic: 'quiet-out',
    });
    const second: Job = {
      definition,
      id: 'r2',
      base: first,
      end: START + 60_000,
      parts: part('quiet', 3, 3),
    };
    expect(await runToEnd(second)).toMatchObject({ rows: 1 });
    expect(await csvOf(second)).toEqual(['a,6,3']);
    // A generation begins anew from the state before the run, not from what the one before it left.
    const again = { ...second, generation: 2 };
    expect(await runToEnd(again)).toMatchObject({ rows: 1 });
    expect(await csvOf(again)).toEqual(['a,6,3']);
  });

  it('reads older records with the state of later ones, when it is retried after them', async () => {
    const definition = counts('order');
    await createTopic('order-in', 1);
    await produce(readings('order', 0, [1, 2, 4, 8]));
    const later: Job = { definition, id: 'r2', end: START, parts: part('order', 2, 4) };
    await runToEnd(later);
    const older = part('order', 0, 2);
    const held: Job = { ...later, id: 'r1', base: later, end: START + 60_000, parts: older };
    await runToEnd(held);
    expect(await csvOf(held)).toEqual(['a,15,4']);
  });

  it('that is detached ends all windows, and touches neither topics nor the state of others', async () => {
    const definition = counts('apart');
    await createTopic('apart-in', 1);
    await produce(readings('apart', 0, [1, 2, 666]));
    const detached: Job = {
      definition,
      id: 'r1',
      end: Infinity,
      detached: true,
      parts: part('apart', 0, 3),
    };
    const result = await runToEnd(detached);
    const nothing = { topic: null, nextDueAt: null };
    expect(result).toEqual({ rows: 1, file: 'counts.csv', deadLettered: 1, ...nothing });
    expect(await csvOf(detached)).toEqual(['a,3,2']);
    const lines = async (file: string) =>
      (await readFile(join(resultsOf(detached), file), 'utf8')).trim().split('\n');
    expect(JSON.parse((await lines('apart-out.ndjson'))[0]!)).toMatchObject({
      key: 'a',
      value: { sum: 3, count: 2 },
    });
    expect(await lines('apart.dlt.ndjson')).toHaveLength(1);
    const topics = await world.kafka.admin().listTopics();
    expect(topics.filter((topic) => /^apart[.-](out|dlt)/.test(topic))).toEqual([]);
    const live: Job = { definition, id: 'r2', end: START + 60_000, parts: part('apart', 0, 2) };
    await runToEnd(live);
    expect(await csvOf(live)).toEqual(['a,3,2']);
  });

  it('fails at one dead letter too many, before it is written, and can leave it out', async () => {
    const definition = counts('strict', { skipLimit: 0 });
    await createTopic('strict-in', 1);
    await produce(readings('strict', 0, [1, 666, 2]));
    const job: Job = { definition, id: 'r1', end: Infinity, parts: part('strict', 0, 3) };
    await expect(runToEnd(job)).rejects.toThrow(
      /^strict-in\/0 offset 1 could not be processed, and the run may have 0 dead letters/,
    );
    expect((await lastOfEach('strict.dlt')).all).toBe(0);
    expect(await runToEnd({ ...job, skips: [1] })).toMatchObject({ rows: 1, deadLettered: 1 });
    expect(await csvOf(job)).toEqual(['a,3,2']);
    expect((await lastOfEach('strict.dlt')).all).toBe(1);
  });

  it('has tables whole before its first record, as they were when it was frozen', async () => {
    const cards = table('cards', { schema: (input) => input as { owner: string } });
    const definition = pipeline('paid', { runsAs: 'batch' })
      .from('paid-in', { schema: (input) => input as Reading })
      .joinTable(cards, ({ n }, { owner }) => ({ n, owner }))
      .to('paid-out');
    await Promise.all([createTopic('paid-in', 1), createTopic('cards', 2)]);
    const producer = world.kafka.producer();
    const sendRows = (rowOf: (index: number) => object) =>
      producer.send({
        messages: Array.from({ length: 40 }, (_, index) => ({
          topic: 'cards',
          key: Buffer.from(`c${index}`),
          value: Buffer.from(JSON.stringify(rowOf(index))),
        })),
      });
    await sendRows((index) => ({ owner: `o${index}` }));
    const tableEnds = await wholeLogs('cards');
    await sendRows(() => ({ owner: 'later' }));
    await world.kafka.release(producer);
    const numbers = Array.from({ length: 40 }, (_, index) => index);
    await produce(
      readings('paid', 0, numbers).map((each, index) => ({ ...each, key: `c${index}` })),
    );
    await runToEnd({ definition, id: 'r1', end: END, parts: part('paid', 0, 40), tableEnds });
    const owners = await valuesOf('paid-out');
    expect(owners).toHaveLength(40);
    expect(owners).toEqual(expect.arrayContaining(numbers.map((n) => ({ n, owner: `o${n}` }))));
  });

  it('reads a source beside what the stage before sends, in one task per key', async () => {
    const plan = pipeline('beside', { runsAs: 'batch' });
    const options = {
      schema: (input: unknown) => input as Reading,
      eventTime: ({ at }: Reading) => at,
    };
    const own = plan.from('beside-own', options).byRecordKey();
    const sent = plan
      .from('beside-sent', options)
      .keyBy('key', ({ key }) => key)
      .dedupe({ by: ({ n }) => String(n), within: '1h' });
    const definition = own.merge(sent).window(tumbling('1h')).aggregate(sum).to('beside-out');
    await Promise.all([createTopic('beside-own'), createTopic('beside-sent')]);
    const keys = ['a', 'b', 'c', 'd', 'e'];
    await produce(
      keys.flatMap((key, index) =>
        [1, 2, 2].flatMap((n) => {
          const value = { key, at: START + n, n };
          // Those of the source lie where Kafka puts their key, the others anywhere.
          const partition = (murmur2(key) & 0x7fffffff) % PARTITIONS;
          return [
            { topic: 'beside-own', partition, key, value },
            { topic: 'beside-sent', partition: index % PARTITIONS, key: null, value },
          ];
        }),
      ),
    );
    await runToEnd({
      definition,
      id: 'r1',
      end: Infinity,
      parts: await wholeLogs('beside-own', 'beside-sent'),
    });
    // 1 + 2 + 2 of its own, and 1 + 2 of what was sent.
    expect(await valuesOf('beside-out')).toMatchObject(
      keys.map((key) => ({ key, sum: 8, count: 5 })),
    );
  });

  it('knows its run in its operators', async () => {
    const definition = pipeline('asked', { runsAs: 'batch' })
      .from('asked-in', { schema: (input) => input as Reading })
      .map((_, { run }) => run)
      .to('asked-out');
    await createTopic('asked-in', 1);
    await produce(readings('asked', 0, [1]));
    await runToEnd({
      definition,
      id: 'r7',
      end: 5,
      params: { day: 'monday' },
      parts: part('asked', 0, 1),
    });
    const run = { id: 'r7', nominalAt: 5, params: { day: 'monday' } };
    expect(await valuesOf('asked-out')).toEqual([run]);
  });

  it('says what to do when the state that it should begin with is not there, or another', async () => {
    const definition = counts('lost');
    await createTopic('lost-in', 1);
    await produce(readings('lost', 0, [1]));
    const first: Job = { definition, id: 'r1', end: START, parts: part('lost', 0, 1) };
    const second: Job = { ...first, id: 'r2', base: first, parts: part('lost', 1, 1) };
    await expect(runToEnd(second)).rejects.toThrow(/state that the run before left is not in/);
    await runToEnd(first);
    const changed = pipeline('lost', { runsAs: 'batch' })
      .from('lost-in', { schema: (input) => input as Reading, eventTime: ({ at }) => at })
      .keyBy('key', ({ key }) => key)
      .window(tumbling('2m'))
      .aggregate(sum)
      .toCsv('counts.csv', ['key']);
    await expect(runToEnd({ ...second, definition: changed })).rejects.toThrow(
      /keyed operators changed .* begins without state when .* is empty/,
    );
  });
});
