import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { externalTool, run, startPenstock, type Penstock } from '@penstock/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kafkajsCodecs } from '../compat/drivers/kafkajs-codecs.ts';
import { hasJavaClient, runJava } from './java.ts';
import { kafkaJs, readAll, type ReadRecord } from './kafka-reader.ts';
import { readAllByKcat } from './kcat.ts';

const codecs = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
const RECORDS = 50;

let penstock: Penstock;
beforeAll(async () => {
  penstock = await startPenstock({
    processes: ['broker'],
    env: { KAFKA_NUM_PARTITIONS: '3' },
  });
});
afterAll(() => penstock?.[Symbol.asyncDispose]());

/** 50 records per codec, keys and headers kept, in order per key and partition. */
function expectRoundTrip(records: ReadRecord[], client: string, usedCodecs = codecs): void {
  expect(records).toHaveLength(RECORDS * usedCodecs.length);
  for (const codec of usedCodecs) {
    const own = records.filter(({ headers }) => headers['codec'] === codec);
    const byNumber = (value: string | null) => Number(value!.split('-').at(-1));
    expect(own.map(({ value }) => byNumber(value)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: RECORDS }, (_, index) => index),
    );
    for (const { key, value } of own) {
      expect(value).toBe(`${client}-${codec}-${byNumber(value)}`);
      expect(key).toBe(`key-${byNumber(value) % 7}`);
    }
    expectOrderPerKey(own);
  }
}

function expectOrderPerKey(records: ReadRecord[]): void {
  for (const key of new Set(records.map((record) => record.key))) {
    const own = records.filter((record) => record.key === key);
    const partitions = new Set(own.map(({ partition }) => partition));
    expect(partitions.size).toBe(1);
    const numbers = own.map(({ value }) => Number(value!.split('-').at(-1)));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  }
}

describe.skipIf(!hasJavaClient())('Java', { timeout: 120_000 }, () => {
  test('a plain KafkaProducer sends 100 keyed messages to a topic that did not exist', async () => {
    await runJava('RealTimeProducer', [penstock.bootstrapServers]);
    const records = await readAll(penstock.bootstrapServers, 'real-time-topic');
    expect(records).toHaveLength(100);
    expectOrderPerKey(records);
  });

  test('kafka-clients produces and consumes with every codec', async () => {
    const args = [penstock.bootstrapServers, 'java-codecs', String(RECORDS), ...codecs];
    const lines = (await runJava('RoundTrip', args)).trim().split('\n');
    const records = lines.map((line) => {
      const [partition, offset, key, value, codec] = line.split('\t');
      return {
        partition: Number(partition),
        offset: Number(offset),
        key: key!,
        value: value!,
        headers: { codec: codec! },
      };
    });
    expectRoundTrip(records, 'java');
    expectRoundTrip(await readAll(penstock.bootstrapServers, 'java-codecs'), 'java');
  });

  test('kafka-clients reads what kafkajs wrote', async () => {
    await produceByKafkaJs('kafkajs-for-java', codecs);
    const expected = { expected: String(RECORDS * codecs.length) };
    const args = [penstock.bootstrapServers, 'kafkajs-for-java', '0'];
    const lines = (await runJava('RoundTrip', args, { properties: expected })).trim().split('\n');
    expect(lines).toHaveLength(RECORDS * codecs.length);
  });
});

describe.skipIf(externalTool('kcat') === undefined)('kcat', () => {
  test.each(codecs)('produces and consumes with %s', async (codec) => {
    const topic = `kcat-${codec}`;
    const lines = Array.from({ length: RECORDS }, (_, i) => `key-${i % 7}:kcat-${codec}-${i}`);
    const args = ['-P', '-b', penstock.bootstrapServers, '-t', topic, '-K', ':', '-z', codec];
    await run('kcat', [...args, '-H', `codec=${codec}`], { input: `${lines.join('\n')}\n` });
    expectRoundTrip(await readAllByKcat(penstock.bootstrapServers, topic), 'kcat', [
      codec,
    ] as never);
    expectRoundTrip(await readAll(penstock.bootstrapServers, topic), 'kcat', [codec] as never);
  });

  test('lists the broker and its topics', async () => {
    const { stdout } = await run('kcat', ['-L', '-J', '-b', penstock.bootstrapServers]);
    const listed = JSON.parse(stdout) as { brokers: { name: string }[] };
    expect(listed.brokers.map(({ name }) => name)).toEqual([penstock.bootstrapServers]);
  });
});

test('kafkajs produces and consumes with every codec', async () => {
  await produceByKafkaJs('kafkajs-codecs', codecs);
  expectRoundTrip(await readAll(penstock.bootstrapServers, 'kafkajs-codecs'), 'kafkajs');
});

async function produceByKafkaJs(topic: string, used: readonly (typeof codecs)[number][]) {
  const kafka = kafkaJs(penstock.bootstrapServers);
  const admin = kafka.admin();
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] });
  await admin.disconnect();
  const producer = kafka.producer();
  await producer.connect();
  try {
    for (const codec of used) {
      const messages = Array.from({ length: RECORDS }, (_, i) => ({
        key: `key-${i % 7}`,
        value: `kafkajs-${codec}-${i}`,
        headers: { codec },
      }));
      await producer.send({ topic, acks: -1, compression: kafkajsCodecs[codec], messages });
    }
  } finally {
    await producer.disconnect();
  }
}

test('@platformatic/kafka produces and consumes with every codec', async () => {
  const topic = 'platformatic-codecs';
  const client = { clientId: 'acceptance', bootstrapBrokers: [penstock.bootstrapServers] };
  const producer = new Producer({
    ...client,
    serializers: stringSerializers,
    autocreateTopics: true,
  });
  for (const codec of codecs) {
    const messages = Array.from({ length: RECORDS }, (_, i) => ({
      topic,
      key: `key-${i % 7}`,
      value: `platformatic-${codec}-${i}`,
      headers: { codec },
    }));
    await producer.send({ messages, compression: codec, acks: -1, idempotent: false });
  }
  await producer.close();
  const consumer = new Consumer({
    ...client,
    groupId: 'platformatic',
    deserializers: stringDeserializers,
  });
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: true });
  const records: ReadRecord[] = [];
  for await (const message of stream) {
    records.push({
      partition: message.partition,
      offset: Number(message.offset),
      key: message.key,
      value: message.value,
      headers: Object.fromEntries(message.headers) as Record<string, string>,
    });
    if (records.length === RECORDS * codecs.length) break;
  }
  await consumer.close(true);
  expectRoundTrip(records, 'platformatic');
});
