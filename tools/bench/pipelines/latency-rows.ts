import { setTimeout as delay } from 'node:timers/promises';
import { Consumer, Producer } from '@platformatic/kafka';
import { eventually, startPenstock, temporaryFolder } from '@penstock/testing';
import { createTopic } from '../broker/raw-requests.ts';
import type { Length, Measurement } from '../measurement.ts';
import { startEngine } from './engine-process.ts';
import { penstockEngine } from './engines.ts';
import { PARTITIONS } from './payments.ts';

type BytesProducer = Producer<Buffer, Buffer, Buffer, Buffer>;

const RECORDS_PER_SECOND = 5_000;
const EVERY_MS = 10;
const WARM_UP_SECONDS = 2;
const P99_MS_MAX = 250;
const TOPIC = 'penstock-stateless';

/**
 * From the moment at which a producer sends a record until a consumer has its output, at 5,000
 * records a second and a commit every 100 ms.
 */
export async function measureLatency({ seconds }: Length): Promise<Measurement[]> {
  await using penstock = await startPenstock({ processes: ['broker'] });
  const { kafkaPort: port, bootstrapServers } = penstock;
  for (const name of ['payments', TOPIC]) {
    await createTopic(port, { name, numPartitions: PARTITIONS });
  }
  await using folder = await temporaryFolder();
  await using engine = startEngine(penstockEngine, 'stateless', port, folder.path);
  const base = { clientId: 'bench', bootstrapBrokers: [bootstrapServers] };
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({ ...base, idempotent: true });
  const consumer = new Consumer<Buffer, Buffer, Buffer, Buffer>({
    ...base,
    groupId: 'bench',
    maxWaitTime: 50,
  });
  try {
    const latencies: number[] = [];
    const stream = await consumer.consume({ topics: [TOPIC], mode: 'earliest', autocommit: false });
    stream.on('data', ({ value }: { value: Buffer }) => {
      latencies.push(Date.now() - (JSON.parse(value.toString()) as { at: number }).at);
    });
    await send(producer, WARM_UP_SECONDS);
    await eventually(() => latencies.length === WARM_UP_SECONDS * RECORDS_PER_SECOND, {
      deadlineMs: 60_000,
      what: 'the outputs of the warm-up, with the start of the engine behind them',
    });
    latencies.length = 0;
    await send(producer, seconds);
    await delay(2_000);
    if (engine.exit !== undefined) throw new Error(engine.output);
    latencies.sort((left, right) => left - right);
    const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? Infinity;
    const p50 = latencies[Math.floor(latencies.length * 0.5)] ?? Infinity;
    return [
      {
        name: 'event to result, 99th percentile',
        value: `${p99} ms (half within ${p50} ms)`,
        floor: `≤ ${P99_MS_MAX} ms`,
        met: p99 <= P99_MS_MAX,
        how: `${latencies.length.toLocaleString('en')} outputs, 5,000 records/s, commitEvery 100 ms`,
      },
    ];
  } finally {
    await Promise.all([consumer.close(true), producer.close(true)]);
  }
}

async function send(producer: BytesProducer, seconds: number): Promise<void> {
  const sends: Promise<unknown>[] = [];
  const perTick = (RECORDS_PER_SECOND * EVERY_MS) / 1_000;
  const startedAt = performance.now();
  for (let tick = 0; tick < (seconds * 1_000) / EVERY_MS; tick++) {
    const late = startedAt + tick * EVERY_MS - performance.now();
    if (late > 0) await delay(late);
    const at = Date.now();
    const messages = Array.from({ length: perTick }, (_, index) => ({
      topic: 'payments',
      key: Buffer.from(`user-${tick * perTick + index}`),
      value: Buffer.from(JSON.stringify({ id: tick * perTick + index, amount: 75, at })),
    }));
    sends.push(producer.send({ messages }));
  }
  await Promise.all(sends);
}
