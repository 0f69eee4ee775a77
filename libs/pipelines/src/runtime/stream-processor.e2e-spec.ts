import { Admin, Consumer, Producer } from '@platformatic/kafka';
import { eventually, TestBroker } from '@penstock/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pipeline } from '../definition/pipeline-builder.ts';
import type { PipelineDefinition } from '../definition/pipeline-definition.ts';
import type { KafkaPort } from './runtime-ports.ts';
import { StreamProcessor } from './stream-processor.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const PARTITIONS = 6;
const RECORDS = 3_000;

let broker: TestBroker;
let kafka: KafkaPort;

beforeAll(async () => {
  broker = await TestBroker.start();
  const base = {
    clientId: 'test',
    bootstrapBrokers: [broker.bootstrap],
    retries: 5,
    retryDelay: 100,
  };
  const admin = new Admin(base);
  kafka = {
    admin: () => admin,
    producer: (settings) => new Producer({ ...base, ...settings }),
    consumer: (groupId, settings) => new Consumer({ ...base, ...settings, groupId }),
    release: async (client) => {
      await client.close(true);
    },
  };
});

afterAll(async () => {
  await kafka?.admin().close();
  await broker?.[Symbol.asyncDispose]();
});

function numbers(name: string): PipelineDefinition {
  return pipeline(name)
    .from(`${name}-in`, { schema: z.object({ n: z.number() }) })
    .filter(({ n }) => n % 2 === 0)
    .to(`${name}-out`);
}

async function produce(topic: string, from: number, count: number): Promise<void> {
  const producer = kafka.producer({ idempotent: true });
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
  await kafka.release(producer);
}

/** The numbers in a topic, ascending, each once. */
async function read(topic: string, wanted: number): Promise<number[]> {
  const consumer = kafka.consumer(`reader-${topic}`);
  consumer.on('error', () => {});
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
  const found = new Set<number>();
  for await (const { value } of stream) {
    found.add((JSON.parse(value.toString()) as { n: number }).n);
    if (found.size >= wanted) {
      break;
    }
  }
  await kafka.release(consumer);
  return [...found].sort((left, right) => left - right);
}

const evens = Array.from({ length: RECORDS / 2 }, (_, index) => index * 2);

describe('stream processors of one group', () => {
  it('share the partitions, take over from one that stops, and skip nothing', async () => {
    const definition = numbers('share');
    await kafka.admin().createTopics({ topics: ['share-in'], partitions: PARTITIONS, replicas: 1 });
    const options = { definition, kafka, logger: silent };
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
    await kafka.admin().createTopics({ topics: ['grow-in'], partitions: 1, replicas: 1 });
    const processor = new StreamProcessor({ definition, kafka, logger: silent });
    void processor.start();
    await eventually(() => processor.status.partitions === 1, 20_000);
    await kafka
      .admin()
      .createPartitions({ topics: [{ name: 'grow-in', count: 3, assignments: null }] });
    await eventually(() => processor.status.partitions === 3, 30_000);
    await processor.stop();
  });

  it('send a record whose output is larger than the broker takes to the dead-letter topic', async () => {
    const definition = pipeline('large')
      .from('large-in', { schema: z.object({ n: z.number() }) })
      .map(({ n }) => ({ n, padding: n === 1 ? 'x'.repeat(1_200_000) : '' }))
      .to('large-out');
    await kafka.admin().createTopics({ topics: ['large-in'], partitions: 1, replicas: 1 });
    const reasons: string[] = [];
    const processor = new StreamProcessor({
      definition,
      kafka,
      logger: silent,
      onDeadLetters: (_, reason) => reasons.push(reason),
    });
    void processor.start();
    await produce('large-in', 0, 3);
    await eventually(() => processor.status.consumed === 3, 20_000);
    expect(processor.status).toMatchObject({ produced: 2, deadLettered: 1, lastError: null });
    expect(reasons).toEqual(['its output is too large for the broker']);
    expect(await read('large-out', 2)).toEqual([0, 2]);
    expect(await read('large.dlt', 1)).toEqual([1]);
    await processor.stop();
  });

  it('wait for a broker that is away, and go on with nothing lost', async () => {
    const definition = numbers('away');
    await kafka.admin().createTopics({ topics: ['away-in'], partitions: 2, replicas: 1 });
    const states: string[] = [];
    const processor = new StreamProcessor({
      definition,
      kafka,
      logger: silent,
      onState: (state) => states.push(state),
    });
    void processor.start();
    await produce('away-in', 0, RECORDS / 2);
    await eventually(() => processor.status.consumed > 0, 20_000);
    await broker.restart();
    await produce('away-in', RECORDS / 2, RECORDS / 2);
    expect(await read('away-out', RECORDS / 2)).toEqual(evens);
    expect(states).not.toContain('failed');
    await processor.stop();
  });
});
