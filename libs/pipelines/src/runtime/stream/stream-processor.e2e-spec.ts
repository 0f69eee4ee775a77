import { randomBytes } from 'node:crypto';
import {
  ConfigResourceTypes,
  IncrementalAlterConfigOperationTypes,
  ProtocolError,
} from '@platformatic/kafka';
import { eventually } from '@penstock/testing';
import { PipelineWorld } from '@penstock/testing/pipeline-world';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pipeline } from '../../topology/pipeline-builder.ts';
import type { PipelineDefinition } from '../../topology/pipeline-definition.ts';
import { StreamProcessor } from './stream-processor.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const PARTITIONS = 6;
const RECORDS = 3_000;

let world: PipelineWorld;

beforeAll(async () => {
  world = await PipelineWorld.start();
});

afterAll(() => world?.[Symbol.asyncDispose]());

function numbers(name: string): PipelineDefinition {
  return pipeline(name)
    .from(`${name}-in`, { schema: z.object({ n: z.number() }) })
    .filter(({ n }) => n % 2 === 0)
    .to(`${name}-out`);
}

async function produce(topic: string, from: number, count: number): Promise<void> {
  const producer = world.kafka.producer({ idempotent: true });
  for (let at = from; at < from + count; at += 500) {
    const size = Math.min(500, from + count - at);
    await producer.send({
      messages: Array.from({ length: size }, (_, index) => ({
        topic,
        key: Buffer.from(`k${at + index}`),
        value: Buffer.from(JSON.stringify({ n: at + index })),
      })),
    });
  }
  await world.kafka.release(producer);
}

/** The numbers in a topic, ascending, each once. */
async function read(topic: string, wanted: number): Promise<number[]> {
  const consumer = world.kafka.consumer(`reader-${topic}`);
  consumer.on('error', () => {});
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
  const found = new Set<number>();
  for await (const { value } of stream) {
    found.add((JSON.parse(value.toString()) as { n: number }).n);
    if (found.size >= wanted) {
      break;
    }
  }
  await world.kafka.release(consumer);
  return [...found].sort((left, right) => left - right);
}

/** What a record batch with one record needs besides the value. */
const BATCH_AND_RECORD_BYTES = 80;
/** Text that compression leaves large. */
const noise = (length: number): string => randomBytes(length).toString('base64').slice(0, length);
/** What the operators of these tests throw on. */
const bad = (bytes: number): string => `bad${noise(bytes - 3)}`;

async function createSized(topic: string, bytes: number): Promise<void> {
  const configs = [{ name: 'max.message.bytes', value: String(bytes) }];
  await world.kafka.admin().createTopics({ topics: [topic], partitions: 1, replicas: 1, configs });
}

async function produceValues(
  topic: string,
  values: readonly string[],
  compression: 'none' | 'gzip' = 'none',
): Promise<void> {
  const producer = world.kafka.producer({ idempotent: true });
  for (const value of values) {
    await producer.send({ compression, messages: [{ topic, value: Buffer.from(value) }] });
  }
  await world.kafka.release(producer);
}

/** Lengths of the values in a topic, in their order. */
async function readLengths(topic: string, wanted: number): Promise<number[]> {
  const consumer = world.kafka.consumer(`reader-${topic}`);
  consumer.on('error', () => {});
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
  const found: number[] = [];
  for await (const { value } of stream) {
    found.push(value.length);
    if (found.length >= wanted) {
      break;
    }
  }
  await world.kafka.release(consumer);
  return found;
}

const evens = Array.from({ length: RECORDS / 2 }, (_, index) => index * 2);

describe('stream processors of one group', () => {
  it('share the partitions, take over from one that stops, and skip nothing', async () => {
    const definition = numbers('share');
    await world.createTopics(['share-in'], PARTITIONS);
    const options = { definition, kafka: world.kafka, logger: silent, stateFolder: world.folder };
    const first = new StreamProcessor(options);
    const second = new StreamProcessor(options);
    void first.start();
    await eventually(() => first.status.partitions === PARTITIONS, 20_000);
    void second.start();
    await eventually(() => first.status.partitions === 3 && second.status.partitions === 3, 20_000);
    await produce('share-in', 0, RECORDS / 2);
    await eventually(() => second.status.consumed > 0, 20_000);
    await first.stop();
    expect(first.status).toMatchObject({ state: 'stopped', partitions: 0 });
    await produce('share-in', RECORDS / 2, RECORDS / 2);
    await eventually(() => second.status.partitions === PARTITIONS, 20_000);
    expect(await read('share-out', RECORDS / 2)).toEqual(evens);
    await second.stop();
  });

  it('take up the partitions that a topic gets later', async () => {
    const definition = numbers('grow');
    await world.createTopics(['grow-in'], 1);
    const processor = new StreamProcessor({
      definition,
      kafka: world.kafka,
      logger: silent,
      stateFolder: world.folder,
    });
    void processor.start();
    await eventually(() => processor.status.partitions === 1, 20_000);
    await world.kafka
      .admin()
      .createPartitions({ topics: [{ name: 'grow-in', count: 3, assignments: null }] });
    await eventually(() => processor.status.partitions === 3, 30_000);
    await processor.stop();
  });

  it('send a record whose output is larger than the broker takes to the dead-letter topic', async () => {
    const definition = pipeline('large')
      .from('large-in', { schema: z.object({ n: z.number() }) })
      .map(({ n }) => ({ n, padding: n === 1 ? noise(2_000_000) : '' }))
      .to('large-out');
    await world.createTopics(['large-in'], 1);
    const reasons: string[] = [];
    const processor = new StreamProcessor({
      definition,
      kafka: world.kafka,
      logger: silent,
      stateFolder: world.folder,
      onDeadLetters: (given) => reasons.push(...given),
    });
    void processor.start();
    await produce('large-in', 0, 3);
    await eventually(() => processor.status.consumed === 3, 20_000);
    expect(processor.status).toMatchObject({ produced: 2, deadLettered: 1, lastError: null });
    expect(reasons).toEqual([
      expect.stringMatching(/^its output of \d+ bytes is larger than large-out/),
    ]);
    expect(await read('large-out', 2)).toEqual([0, 2]);
    expect(await read('large.dlt', 1)).toEqual([1]);
    await processor.stop();
  });

  it('write on whatever their sources take, to sinks and dead-letter topics that they make', async () => {
    const name = 'sized';
    const definition = pipeline(name)
      .from(`${name}-in`, { schema: z.string(), format: 'text' })
      .map((text) => {
        if (text.startsWith('bad')) {
          throw new Error(`é${'é'.repeat(1_000_000)}`);
        }
        return text;
      })
      .to(`${name}-out`);
    await createSized(`${name}-in`, 3_000_000);
    const limit = 3_000_000 - BATCH_AND_RECORD_BYTES;
    const values = ['good', noise(2_000_000), bad(2_000_000), bad(limit), 'last'];
    await produceValues(`${name}-in`, values);
    // Small on the log, since it is compressed; larger than any topic takes when it is not.
    await produceValues(`${name}-in`, ['bad'.padEnd(20_000_000)], 'gzip');
    const processor = new StreamProcessor({
      definition,
      kafka: world.kafka,
      logger: silent,
      stateFolder: world.folder,
    });
    void processor.start();
    await eventually(() => processor.status.consumed === values.length + 1, 30_000);
    expect(processor.status).toMatchObject({ produced: 3, deadLettered: 3, lastError: null });
    expect(await readLengths(`${name}.dlt`, 3)).toEqual([2_000_000, limit, 20_000_000]);
    await processor.stop();
  });

  it('name the topic whose limit stops them, repeat nothing, and go on once it is raised', async () => {
    const name = 'stuck';
    const definition = pipeline(name)
      .from(`${name}-in`, { schema: z.string(), format: 'text' })
      .map((text) => {
        if (text.startsWith('bad')) {
          throw new Error('no');
        }
        return text;
      })
      .to(`${name}-out`);
    await createSized(`${name}-in`, 3_000_000);
    await createSized(`${name}.dlt`, 100_000);
    await produceValues(`${name}-in`, ['before', bad(2_000_000), 'behind']);
    let failures = 0;
    const onState = (state: string): void => {
      failures += state === 'failed' ? 1 : 0;
    };
    const processor = new StreamProcessor({
      definition,
      kafka: world.kafka,
      logger: silent,
      stateFolder: world.folder,
      onState,
    });
    void processor.start();
    // By its third failure it has tried again, from where it was stopped.
    await eventually(() => failures >= 3, 60_000);
    const named = () => processor.status.lastError ?? '';
    await eventually(() => named().includes('max.message.bytes of the topic stuck.dlt'), 10_000);
    expect(named()).toContain('does not take the record stuck-in/0 at offset 1');
    const [, bytes] = /to at least (\d+):/.exec(named())!;
    await world.kafka.admin().incrementalAlterConfigs({
      resources: [
        {
          resourceType: ConfigResourceTypes.TOPIC,
          resourceName: `${name}.dlt`,
          configs: [
            {
              name: 'max.message.bytes',
              value: bytes!,
              configOperation: IncrementalAlterConfigOperationTypes.SET,
            },
          ],
        },
      ],
    });
    await eventually(() => processor.status.deadLettered === 1, 30_000);
    await eventually(() => processor.status.lastError === null, 30_000);
    await processor.stop();
    expect(await readLengths(`${name}.dlt`, 1)).toEqual([2_000_000]);
    // Each once: 'before' was not written again by the tries in between.
    const ends = await world.kafka.admin().listOffsets({
      topics: [{ name: `${name}-out`, partitions: [{ partitionIndex: 0, timestamp: -1n }] }],
    });
    expect(ends[0]!.partitions[0]!.offset).toBe(2n);
  });

  it('wait for a broker that is away, and go on with nothing lost', async () => {
    const definition = numbers('away');
    await world.createTopics(['away-in'], 2);
    const states: string[] = [];
    const processor = new StreamProcessor({
      definition,
      kafka: world.kafka,
      logger: silent,
      stateFolder: world.folder,
      onState: (state) => states.push(state),
    });
    void processor.start();
    await produce('away-in', 0, RECORDS / 2);
    await eventually(() => processor.status.consumed > 0, 20_000);
    await world.broker.restart();
    await produce('away-in', RECORDS / 2, RECORDS / 2);
    expect(await read('away-out', RECORDS / 2)).toEqual(evens);
    expect(states).not.toContain('failed');
    await processor.stop();
  });

  it('work where they may not create the topics of letters, which none of them needs', async () => {
    await world.createTopics(['closed-in', 'closed-out'], 1);
    const admin = world.kafka.admin();
    const asked: string[] = [];
    const limited = new Proxy(admin, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target) as unknown;
        if (typeof value !== 'function') return value;
        if (name !== 'createTopics') return value.bind(target) as unknown;
        return (options: { topics: string[] }) => {
          asked.push(...options.topics);
          return Promise.reject(new ProtocolError('TOPIC_AUTHORIZATION_FAILED'));
        };
      },
    });
    const kafka = { ...world.kafka, admin: () => limited };
    const stateFolder = world.folder;
    const processor = new StreamProcessor({
      definition: numbers('closed'),
      kafka,
      logger: silent,
      stateFolder,
    });
    void processor.start();
    await produce('closed-in', 0, 10);
    expect(await read('closed-out', 5)).toEqual([0, 2, 4, 6, 8]);
    expect(asked).toContain('closed.dlt');
    await processor.stop();
  });
});
