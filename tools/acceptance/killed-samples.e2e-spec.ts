import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type PipelineDefinition, testDriver, type TestRecord } from '@penstock/pipelines';
import { pipelines } from '@penstock/samples';
import { eventually, repositoryRoot, startSupervised, type Supervised } from '@penstock/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processes } from './graphql.ts';
import { kafkaJs, readAll } from './kafka-reader.ts';

// The stream samples in three workers, while workers and the broker are killed: what comes out is,
// by identity, what the test kit says without a fault.

const PARTITIONS = 3;
const PART = 60;

const NAMES = [
  'card-fraud',
  'machine-overheating',
  'patient-vitals',
  'road-traffic',
  'shop-personalisation',
];

const samples = await Promise.all(NAMES.map(sampleOf));

/** A sample, with the records that it is simulated with. */
async function sampleOf(name: string): Promise<readonly [PipelineDefinition, TestRecord[]]> {
  const module = (await import(
    pathToFileURL(join(repositoryRoot, 'pipelines', 'src', `${name}.sim.ts`)).href
  )) as { records: () => TestRecord[] };
  return [pipelines.find((each) => each.name === name)!, module.records()];
}

let system: Supervised;
beforeAll(async () => {
  system = await startSupervised({ env: { PENSTOCK_WORKERS: '3' } });
});
afterAll(() => system?.[Symbol.asyncDispose]());

/** Which partition a record goes to: the records of a key to one. */
function partitionOf({ key }: TestRecord): number {
  return Buffer.from(key ?? '').reduce((sum, byte) => sum + byte, 0) % PARTITIONS;
}

async function kill(name: string): Promise<void> {
  const found = (await processes(system.baseUrl)).find((each) => each.name === name);
  expect(found?.pid, name).toBeTypeOf('number');
  process.kill(found!.pid!, 'SIGKILL');
  await eventually(
    async () => {
      const now = (await processes(system.baseUrl)).find((each) => each.name === name);
      return now?.state === 'RUNNING' && now.pid !== found!.pid;
    },
    { deadlineMs: 30_000, what: `${name} running again` },
  );
  await system.waitUntilServing(30_000);
}

/** The newest value of each identity in the topics that a pipeline writes to. */
async function expectedOf(definition: PipelineDefinition, records: readonly TestRecord[]) {
  const driver = testDriver(definition, { partitions: PARTITIONS });
  await driver.pipe(records.map((record) => ({ ...record, partition: partitionOf(record) })));
  await driver.advanceTime(Date.now());
  return new Map(
    driver.results.flatMap(({ topic, id, value }) =>
      topic.endsWith('.late') ? [] : [[`${topic} ${id}`, value] as const],
    ),
  );
}

async function foundFor(definition: PipelineDefinition) {
  const found = new Map<string, unknown>();
  for (const { topic } of definition.sinks.filter((sink) => sink.kind === 'topic')) {
    for (const { value, headers } of await readAll(system.bootstrapServers, topic)) {
      found.set(`${topic} ${headers['penstock.id']}`, JSON.parse(value!));
    }
  }
  return found;
}

test('give the same results when workers and the broker are killed', async () => {
  const producer = kafkaJs(system.bootstrapServers).producer({ idempotent: true });
  await producer.connect();
  const victims = ['worker-2', 'broker', 'worker', 'worker-3'];
  const longest = Math.max(...samples.map(([, records]) => records.length));
  for (let from = 0, part = 0; from < longest; from += PART, part++) {
    for (const [{ sinks }, records] of samples) {
      expect(sinks.length).toBeGreaterThan(0);
      const messages = records.slice(from, from + PART);
      for (const topic of new Set(messages.map((record) => record.topic!))) {
        await producer.send({
          topic,
          messages: messages
            .filter((record) => record.topic === topic)
            .map((record) => ({
              key: record.key ?? null,
              value: JSON.stringify(record.value),
              partition: partitionOf(record),
            })),
        });
      }
    }
    const victim = victims[part];
    if (victim !== undefined) await kill(victim);
  }
  await producer.disconnect();
  for (const [definition, records] of samples) {
    const expected = await expectedOf(definition, records);
    expect(expected.size).toBeGreaterThan(20);
    const found = await eventually(
      async () => {
        const now = await foundFor(definition);
        return now.size >= expected.size ? now : undefined;
      },
      { deadlineMs: 240_000, intervalMs: 1_000, what: `${expected.size} of ${definition.name}` },
    );
    expect(found, definition.name).toEqual(expected);
  }
}, 400_000);
