import { eventually } from '@penstock/testing';
import { PipelineWorld } from '@penstock/testing/pipeline-world';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { pipeline } from '../topology/pipeline-builder.ts';
import { table } from '../topology/table.ts';
import { runBatchStep } from './batch/batch-step.ts';
import { Claim } from './batch/claim.ts';
import { RunFolder } from './batch/run-folder.ts';
import { refusedRowsFile } from './refused-rows.ts';
import { StreamProcessor } from './stream/stream-processor.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

let world: PipelineWorld;

beforeAll(async () => {
  world = await PipelineWorld.start();
});

afterAll(() => world?.[Symbol.asyncDispose]());

const cards = table('cards', {
  schema: z.object({ cardId: z.string(), limit: z.number() }),
  key: ({ cardId }) => cardId,
});

const definition = pipeline('limits', { runsAs: 'either' })
  .from('payments', { schema: z.object({ cardId: z.string() }) })
  .keyBy('card', ({ cardId }) => cardId)
  .joinTable(cards, ({ cardId }, { limit }) => ({ cardId, limit }))
  .to('paid');

/** Sends values as they are to one partition of a topic. */
async function send(topic: string, ...values: ReadonlyArray<readonly [key: string, text: string]>) {
  const producer = world.kafka.producer({ idempotent: true });
  await producer.send({
    messages: values.map(([key, text]) => ({
      topic,
      partition: 0,
      key: Buffer.from(key),
      value: Buffer.from(text),
    })),
  });
  await world.kafka.release(producer);
}

/** The values of a topic of one partition, up to one that stands at its end. */
async function valuesUpTo(topic: string, last: string): Promise<string[]> {
  const consumer = world.kafka.consumer(`reader-${topic}`);
  consumer.on('error', () => {});
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
  const found: string[] = [];
  for await (const { key, value } of stream) {
    found.push(`${key.toString()} ${value.toString()}`);
    if (found.at(-1) === last) break;
  }
  await world.kafka.release(consumer);
  return found;
}

async function runStep(id: string, endOffset: number): Promise<void> {
  using claim = new Claim({
    renew: () => Promise.resolve(true),
    meet: () => Promise.resolve(),
    logger: silent,
    signal: new AbortController().signal,
  });
  const run = {
    id,
    nominalAt: 0,
    params: {},
    definition,
    kafka: world.kafka,
    logger: silent,
    folder: new RunFolder(join(world.folder, definition.name, 'runs', id), null),
    refusedRowsFile: refusedRowsFile(world.folder, definition.name),
    detached: false,
    end: 0,
    bounds: { from: null, to: null },
    tableEnds: [],
    commitEveryMs: 0,
    deadLettersMax: 100,
    parts: [
      { topic: 'payments', partition: 0, startOffset: 0, nextOffset: 0, endOffset, skips: [] },
    ],
  };
  const checkpoint = () => Promise.resolve(0);
  expect(await runBatchStep({ run, partition: 0, claim, deadLettered: 0, checkpoint })).toBe(
    'done',
  );
}

it('are dead letters as they came, once over workers, restarts and batch runs', async () => {
  await world.createTopics(['payments', 'cards'], 2);
  await world.createTopics(['paid', 'limits.dlt'], 1);
  await send('cards', ['a', '{"cardId":"a","limit":1}'], ['a', '{"cardId":"a"}'], ['b', 'no json']);
  const options = { definition, kafka: world.kafka, logger: silent, stateFolder: world.folder };
  const start = async () => {
    const workers = [new StreamProcessor(options), new StreamProcessor(options)];
    workers.forEach((worker) => void worker.start());
    await eventually(() => workers.every(({ status }) => status.partitions === 1), 20_000);
    return workers;
  };

  const first = await start();
  await send('cards', ['c', '[]']);
  await send('payments', ['', 'mark 1']);
  await valuesUpTo('limits.dlt', ' mark 1');
  await eventually(() => first.reduce((sum, { status }) => sum + status.deadLettered, 0) === 4);
  await Promise.all(first.map((worker) => worker.stop()));

  const second = await start();
  await send('cards', ['d', '1']);
  await eventually(() => second.some(({ status }) => status.deadLettered === 1), 20_000);
  await Promise.all(second.map((worker) => worker.stop()));

  await send('cards', ['e', '{"cardId":7}']);
  await runStep('r1', 1);
  await send('payments', ['', 'mark 2']);
  await runStep('r2', 2);

  const letters = await valuesUpTo('limits.dlt', ' mark 2');
  const rows = letters.filter((letter) => !letter.startsWith(' mark'));
  expect(rows.sort()).toEqual(['a {"cardId":"a"}', 'b no json', 'c []', 'd 1', 'e {"cardId":7}']);
  await send('payments', ['x', '{"cardId":"a"}']);
  await runStep('r3', 3);
  expect(await valuesUpTo('paid', 'a {"cardId":"a","limit":1}')).toHaveLength(1);
});
