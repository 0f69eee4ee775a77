import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@penstock/testing';
import { PipelineWorld } from '@penstock/testing/pipeline-world';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { tumbling } from '../../time/windows.ts';
import { pipeline } from '../../topology/pipeline-builder.ts';
import type { PipelineDefinition } from '../../topology/pipeline-definition.ts';
import { table } from '../../topology/table.ts';
import { type StartFrom, type StateChoice, UNDECIDED } from './state-choice.ts';
import { StreamProcessor } from './stream-processor.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const WAIT_MS = 30_000;
const schema = z.object({ n: z.number(), at: z.number().optional() });

let world: PipelineWorld;

beforeAll(async () => {
  world = await PipelineWorld.start();
});

afterAll(() => world?.[Symbol.asyncDispose]());

/** Runs a definition until its scope ends. What is decided can be changed meanwhile. */
class Run implements AsyncDisposable {
  choice: StateChoice;
  readonly #processor: StreamProcessor;

  constructor(definition: PipelineDefinition, choice: StateChoice = UNDECIDED) {
    this.choice = choice;
    this.#processor = new StreamProcessor({
      definition,
      kafka: world.kafka,
      logger: silent,
      stateFolder: world.folder,
      state: () => this.choice,
    });
    void this.#processor.start();
  }

  get status() {
    return this.#processor.status;
  }

  async stopsFor(problem: 'changed' | 'lost'): Promise<void> {
    await eventually(() => this.status.stateProblem === problem, WAIT_MS);
  }

  async consumes(count: number): Promise<void> {
    await eventually(() => this.status.consumed === count, WAIT_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processor.stop();
  }
}

interface Message {
  readonly key: string;
  readonly n: number;
  readonly at?: number;
  readonly partition?: number;
}

async function produce(topic: string, messages: readonly Message[]): Promise<void> {
  const producer = world.kafka.producer({ idempotent: true });
  await producer.send({
    messages: messages.map(({ key, partition, ...value }) => ({
      topic,
      key: Buffer.from(key),
      value: Buffer.from(JSON.stringify(value)),
      ...(partition !== undefined && { partition }),
    })),
  });
  await world.kafka.release(producer);
}

const times = (count: number, key = 'a'): Message[] =>
  Array.from({ length: count }, () => ({ key, n: 1 }));

async function ends(topic: string, partitions = 1): Promise<bigint[]> {
  const [found] = await world.kafka.admin().listOffsets({
    topics: [
      {
        name: topic,
        partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({
          partitionIndex,
          timestamp: -1n,
        })),
      },
    ],
  });
  return found!.partitions
    .toSorted((one, other) => one.partitionIndex - other.partitionIndex)
    .map(({ offset }) => offset);
}

async function committed(group: string, topic: string): Promise<bigint> {
  const found = await world.kafka.admin().listConsumerGroupOffsets({ groups: [group] });
  const ofTopic = found[0]?.topics.find(({ name }) => name === topic);
  return (
    ofTopic?.partitions.find(({ partitionIndex }) => partitionIndex === 0)?.committedOffset ?? -1n
  );
}

interface Row {
  readonly id: string;
  readonly value: Record<string, unknown>;
}

/** What a topic holds behind given offsets of its partitions. */
async function rows(topic: string, from: readonly bigint[] = []): Promise<Row[]> {
  const consumer = world.kafka.consumer(`reader-${topic}-${Math.random()}`);
  consumer.on('error', () => {});
  const { topics } = await consumer.metadata({ topics: [topic] });
  const partitions = topics.get(topic)!.partitionsCount;
  const until = await ends(topic, partitions);
  let left = until.reduce((sum, end, index) => sum + Number(end - (from[index] ?? 0n)), 0);
  const found: Row[] = [];
  if (left > 0) {
    const offsets = until.map((_, partition) => ({
      topic,
      partition,
      offset: from[partition] ?? 0n,
    }));
    const stream = await consumer.consume({ topics: [topic], mode: 'manual', offsets });
    for await (const { value, headers } of stream) {
      const id = [...headers].find(([name]) => String(name) === 'penstock.id')?.[1];
      found.push({ id: String(id), value: JSON.parse(String(value)) as Record<string, unknown> });
      left -= 1;
      if (left === 0) break;
    }
  }
  await world.kafka.release(consumer);
  return found;
}

async function lastSum(topic: string): Promise<unknown> {
  return (await rows(topic)).at(-1)?.value['sum'];
}

/** One sum over everything that was read, each record counting `weight`. */
function sums(name: string, weight: number): PipelineDefinition {
  const add: Record<number, (sum: number, value: { n: number }) => number> = {
    1: (sum, { n }) => sum + n,
    100: (sum, { n }) => sum + 100 * n,
  };
  return pipeline(name)
    .from(`${name}-in`, { schema })
    .byRecordKey()
    .aggregate({ init: () => 0, add: add[weight]!, result: (_, sum) => ({ sum }) })
    .to(`${name}-out`);
}

/** Ten records under one definition; five more while the changed one stands still. */
async function changed(name: string): Promise<Run> {
  const [input, output] = [`${name}-in`, `${name}-out`];
  await world.createTopics([input, output], 1);
  await produce(input, times(10));
  {
    await using run = new Run(sums(name, 1));
    await run.consumes(10);
    expect(run.status.stateProblem).toBeNull();
  }
  const before = { end: await ends(output), offset: await committed(name, input) };
  const run = new Run(sums(name, 100));
  await run.stopsFor('changed');
  await produce(input, times(5));
  // It has met the same state again by its next try.
  expect(run.status).toMatchObject({ state: 'failed', consumed: 0, produced: 0 });
  expect(run.status.lastError).toMatch(
    /keyed operators changed .*state of definition [0-9a-f]{16}, now/,
  );
  expect({ end: await ends(output), offset: await committed(name, input) }).toEqual(before);
  expect(before.offset).toBe(10n);
  return run;
}

describe('a changed operator with state stops before it reads a record, and', () => {
  it('goes on with the state when it is kept, also after another start', async () => {
    const definition = sums('keep', 100);
    const choice = { ...UNDECIDED, keepFor: definition.stateHash };
    {
      await using run = await changed('keep');
      run.choice = { ...UNDECIDED, keepFor: 'of another definition' };
      await run.stopsFor('changed');
      run.choice = choice;
      await run.consumes(5);
      expect(await lastSum('keep-out')).toBe(10 + 5 * 100);
    }
    // It is a state of this definition now: the decision is not needed any more.
    await using again = new Run(definition);
    await produce('keep-in', times(1));
    await again.consumes(1);
    expect(await lastSum('keep-out')).toBe(10 + 6 * 100);
  });

  it.each<[StartFrom, number, number]>([
    ['earliest', 15, 15 * 100],
    ['committed', 5, 5 * 100],
  ])('starts over from %s', async (startFrom, consumed, sum) => {
    const name = `over-${startFrom}`;
    const choice = { epoch: 1, startFrom, keepFor: null };
    {
      await using run = await changed(name);
      run.choice = choice;
      await run.consumes(consumed);
      expect(run.status).toMatchObject({ state: 'running', stateProblem: null, lastError: null });
      expect(await lastSum(`${name}-out`)).toBe(sum);
    }
    // Once is enough: another start goes on.
    await using again = new Run(sums(name, 100), choice);
    await produce(`${name}-in`, times(1));
    await again.consumes(1);
    expect(await lastSum(`${name}-out`)).toBe(sum + 100);
  });

  it('starts over from the log end as it was then, also when it is stopped before a record', async () => {
    const name = 'over-latest';
    const choice: StateChoice = { epoch: 1, startFrom: 'latest', keepFor: null };
    {
      await using run = await changed(name);
      run.choice = choice;
      await eventually(async () => (await committed(name, `${name}-in`)) === 15n, WAIT_MS);
      await eventually(() => run.status.state === 'running', WAIT_MS);
    }
    await produce(`${name}-in`, times(2));
    await using again = new Run(sums(name, 100), choice);
    await again.consumes(2);
    expect(await lastSum(`${name}-out`)).toBe(2 * 100);
    // A partition that came later has no record that was there before.
    await world.kafka
      .admin()
      .createPartitions({ topics: [{ name: `${name}-in`, count: 2, assignments: null }] });
    await produce(`${name}-in`, [{ key: 'new', n: 7, partition: 1 }]);
    await again.consumes(3);
    expect(await lastSum(`${name}-out`)).toBe(700);
  });

  it('runs anew under another name, from the log start', async () => {
    await using old = await changed('named');
    const definition = pipeline('renamed')
      .from('named-in', { schema })
      .byRecordKey()
      .aggregate({
        init: () => 0,
        add: (sum, { n }) => sum + 100 * n,
        result: (_, sum) => ({ sum }),
      })
      .to('renamed-out');
    await using run = new Run(definition);
    await run.consumes(15);
    expect(await lastSum('renamed-out')).toBe(1_500);
    expect(old.status).toMatchObject({ stateProblem: 'changed', consumed: 0 });
  });

  it('stops too when nothing with state is left of it, and goes on without it when told to', async () => {
    const name = 'stateless-now';
    await world.createTopics([`${name}-in`, `${name}-out`], 1);
    await produce(`${name}-in`, times(3));
    {
      await using run = new Run(sums(name, 1));
      await run.consumes(3);
    }
    const definition = pipeline(name).from(`${name}-in`, { schema }).to(`${name}-out`);
    await using run = new Run(definition);
    await run.stopsFor('changed');
    await produce(`${name}-in`, times(2));
    run.choice = { ...UNDECIDED, keepFor: definition.stateHash };
    await run.consumes(2);
  });
});

describe('a pipeline of two stages that starts over', () => {
  const MINUTE = 60_000;
  const START = Date.UTC(2026, 0, 1);
  const PARTITIONS = 3;

  // A definition is known by the text of its functions.
  const add = {
    1: (sum: number, { n }: { n: number }) => sum + n,
    10: (sum: number, { n }: { n: number }) => sum + 10 * n,
  };

  function perMinute(name: string, input: string, weight: 1 | 10): PipelineDefinition {
    return pipeline(name)
      .from(input, { schema, eventTime: ({ at }) => at ?? 0, lateness: '10m', idleAfter: '2s' })
      .keyBy('group', ({ n }) => `g${n % 5}`)
      .window(tumbling('1m'))
      .aggregate({
        init: () => 0,
        add: add[weight],
        merge: (left, right) => left + right,
        result: (_, sum) => ({ sum }),
      })
      .to(`${name}-out`);
  }

  async function settledRows(
    topic: string,
    from: readonly bigint[],
    wanted: number,
  ): Promise<Row[]> {
    await eventually(async () => (await rows(topic, from)).length >= wanted, WAIT_MS);
    return rows(topic, from);
  }

  const sorted = (found: readonly Row[]): string[] =>
    found.map(({ id, value }) => `${id} ${JSON.stringify(value)}`).sort();

  it('gives the rows of a fresh run, although its internal topic holds what it sent before', async () => {
    const input = 'two-in';
    await world.createTopics([input, 'two-out', 'fresh-out'], PARTITIONS);
    const messages = Array.from({ length: 300 }, (_, n) => ({
      key: `k${n}`,
      n,
      at: START + (n % 6) * MINUTE + n,
      partition: n % PARTITIONS,
    }));
    await produce(input, messages);
    // 5 groups in 6 minutes.
    const wanted = 30;
    {
      await using run = new Run(perMinute('two', input, 1));
      expect(await settledRows('two-out', [], wanted)).toHaveLength(wanted);
      expect(run.status.consumed).toBe(300);
    }
    const internal = 'two-group-repartition';
    const sent = await ends(internal, PARTITIONS);
    const from = await ends('two-out', PARTITIONS);
    await using fresh = new Run(perMinute('fresh', input, 10));
    const expected = sorted(await settledRows('fresh-out', [], wanted));
    await using run = new Run(perMinute('two', input, 10));
    await run.stopsFor('changed');
    run.choice = { epoch: 1, startFrom: 'earliest', keepFor: null };
    expect(sorted(await settledRows('two-out', from, wanted))).toEqual(expected);
    expect(expected).toHaveLength(wanted);
    expect(fresh.status.consumed).toBe(300);
    // What it sent before is still there: it was passed over.
    expect(sent.every((end) => end > 0n)).toBe(true);
    const logStarts = await world.kafka.admin().listOffsets({
      topics: [{ name: internal, partitions: [{ partitionIndex: 0, timestamp: -2n }] }],
    });
    expect(logStarts[0]!.partitions[0]!.offset).toBe(0n);
    // Told once more while it runs, from another place.
    const second = await ends('two-out', PARTITIONS);
    run.choice = { epoch: 2, startFrom: 'earliest', keepFor: null };
    expect(sorted(await settledRows('two-out', second, wanted))).toEqual(expected);
    // The epoch before stays for a while, older ones do not.
    expect(readdirSync(join(world.folder, 'two', 'stream')).sort()).toEqual(['1', '2']);
  });
});

describe('a state that is missing', () => {
  it('stops its processor before it reads a record, until it is back or starts over', async () => {
    const name = 'lost';
    const states = join(world.folder, name, 'stream');
    await world.createTopics([`${name}-in`, `${name}-out`], 1);
    await produce(`${name}-in`, times(10));
    {
      await using run = new Run(sums(name, 1));
      await run.consumes(10);
    }
    const before = await ends(`${name}-out`);
    renameSync(join(states, '0'), join(world.folder, 'aside'));
    await produce(`${name}-in`, times(5));
    await using run = new Run(sums(name, 1));
    await run.stopsFor('lost');
    expect(run.status).toMatchObject({ state: 'failed', consumed: 0 });
    expect(run.status.lastError).toMatch(
      /has read lost-in\/0 up to offset 10, but there is no state/,
    );
    expect(await ends(`${name}-out`)).toEqual(before);
    // The state comes back: it goes on by itself.
    rmSync(join(states, '0'), { recursive: true, force: true });
    renameSync(join(world.folder, 'aside'), join(states, '0'));
    await run.consumes(5);
    expect(await lastSum(`${name}-out`)).toBe(15);
    // The same in a later epoch, where a state that is missing at first is none that was lost.
    run.choice = { epoch: 1, startFrom: 'earliest', keepFor: null };
    await run.consumes(20);
    expect(await lastSum(`${name}-out`)).toBe(15);
    await run[Symbol.asyncDispose]();
    for (const file of readdirSync(join(states, '1')).filter((each) => each.includes('.sqlite'))) {
      rmSync(join(states, '1', file));
    }
    await using again = new Run(sums(name, 1), run.choice);
    await again.stopsFor('lost');
    expect(again.status.consumed).toBe(0);
  });

  it('can be put back by hand after a mistake', async () => {
    const name = 'mistake';
    const states = join(world.folder, name, 'stream');
    await world.createTopics([`${name}-in`, `${name}-out`], 1);
    await produce(`${name}-in`, times(10));
    const choice: StateChoice = { epoch: 1, startFrom: 'latest', keepFor: null };
    {
      await using run = new Run(sums(name, 1));
      await run.consumes(10);
      await produce(`${name}-in`, times(1));
      await run.consumes(11);
      run.choice = choice;
      await eventually(() => existsSync(join(states, '1', '0-0.made')), WAIT_MS);
    }
    rmSync(join(states, '1'), { recursive: true });
    renameSync(join(states, '0'), join(states, '1'));
    await produce(`${name}-in`, times(2));
    await using run = new Run(sums(name, 1), choice);
    await run.consumes(2);
    expect(await lastSum(`${name}-out`)).toBe(13);
  });
});

describe('what does not change the meaning of a state', () => {
  it('goes on: steps on single records, tables, new partitions', async () => {
    const name = 'same';
    const rates = z.object({ rate: z.number() });
    await world.createTopics([`${name}-in`, `${name}-out`, 'rates-a', 'rates-b'], 1);
    const by = (record: { n: number }): string => (record.n > 0 ? 'all' : 'none');
    const source = () => pipeline(name).from(`${name}-in`, { schema });
    const aggregate = {
      init: () => 0,
      add: (sum: number, { n }: { n: number }) => sum + n,
      result: (_: string, sum: number) => ({ sum }),
    };
    const first = source()
      .filter(({ n }) => n > 0)
      .keyBy('all', by)
      .aggregate(aggregate)
      .joinTable(table('rates-a', { schema: rates }), (row) => row, { missing: 'null' })
      .to(`${name}-out`);
    const second = source()
      .map(({ n }) => ({ n: n * 2 }))
      .filter(({ n }) => n > 0)
      .joinTable(table('rates-b', { schema: rates }), (row) => row, { missing: 'null' })
      .keyBy('all', by)
      .aggregate(aggregate)
      .map((row) => ({ ...row, more: true }))
      .to(`${name}-out`);
    expect(second.hash).not.toBe(first.hash);
    await produce(`${name}-in`, times(10));
    {
      await using run = new Run(first);
      await run.consumes(10);
      await eventually(async () => (await lastSum(`${name}-out`)) === 10, WAIT_MS);
    }
    await using run = new Run(second);
    await produce(`${name}-in`, times(5));
    await run.consumes(5);
    await eventually(async () => (await lastSum(`${name}-out`)) === 20, WAIT_MS);
    await world.kafka
      .admin()
      .createPartitions({ topics: [{ name: `${name}-in`, count: 3, assignments: null }] });
    await produce(`${name}-in`, [{ key: 'x', n: 4, partition: 2 }]);
    await run.consumes(6);
    await eventually(async () => (await lastSum(`${name}-out`)) === 28, WAIT_MS);
    expect(run.status.stateProblem).toBeNull();
  });
});
