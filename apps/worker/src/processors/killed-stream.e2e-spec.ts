import { randomInt } from 'node:crypto';
import {
  eventually,
  ownPipelines,
  type Penstock,
  SeededRandom,
  startPenstock,
} from '@penstock/testing';
import {
  produce,
  readAll,
  startWorkerHarness,
  type WorkerHarness,
} from '@penstock/testing/worker-harness';
import { afterAll, beforeAll, expect, it } from 'vitest';

// Stateful pipelines of two workers over three partitions. The workers and the broker are killed
// again and again; what comes out is compared with a plain computation over everything that went
// in.

const PIPELINES = `
import { endsIn, pipeline, tumbling } from '@penstock/pipelines';
export * from '@penstock/samples';

const schema = (value) => value;
const source = { schema, eventTime: ({ at }) => at, lateness: '2s', idleAfter: '2s' };

export const pipelines = [
  pipeline('per-device', { commitEvery: 50 })
    .from('readings', source)
    .keyBy('device', ({ device }) => device)
    .window(tumbling('10s'))
    .aggregate({
      init: () => ({ count: 0, sum: 0 }),
      add: ({ count, sum }, { amount }) => ({ count: count + 1, sum: sum + amount }),
      result: (_, totals) => totals,
    })
    .to('per-device'),
  pipeline('balances', { commitEvery: 50 })
    .from('readings', source)
    .keyBy('device', ({ device }) => device)
    .process({
      state: () => ({ balance: 0, number: 0 }),
      onRecord: ({ id, amount }, context) => {
        context.state.balance += amount;
        context.state.number += 1;
        context.emit({ id, number: context.state.number, balance: context.state.balance });
      },
    })
    .to('balances', { id: ({ id }) => id }),
];
`;

const ROUNDS = 3;
const PER_ROUND = 1_200;
const DEVICES = 25;
const PARTITIONS = 3;
const BEGAN = Date.UTC(2026, 0, 1);
const seed = Number(process.env['PENSTOCK_SEED'] ?? randomInt(2 ** 31));

interface Reading {
  readonly id: string;
  readonly device: string;
  readonly amount: number;
  readonly at: number;
}

let own: Awaited<ReturnType<typeof ownPipelines>>;
let harness: WorkerHarness;
let other: Penstock;

beforeAll(async () => {
  own = await ownPipelines(PIPELINES);
  const { command } = own;
  harness = await startWorkerHarness({ redis: false, command });
  await harness.kafka
    .admin()
    .createTopics({ topics: ['readings'], partitions: PARTITIONS, replicas: 1 });
  const { dataDir, bootstrapServers } = harness.penstock;
  other = await startPenstock({
    processes: ['worker'],
    redis: false,
    dataDir,
    env: { KAFKA_BOOTSTRAP_SERVERS: bootstrapServers },
    command,
  });
  await harness.penstock.start('worker');
});

afterAll(async () => {
  await other?.[Symbol.asyncDispose]();
  await harness?.[Symbol.asyncDispose]();
  await own?.[Symbol.asyncDispose]();
});

/** Readings in the order of time but for a second, so that none is late. */
function makeReadings(random: SeededRandom, round: number): Reading[] {
  return Array.from({ length: PER_ROUND }, (_, index) => {
    const number = round * PER_ROUND + index;
    const at = BEGAN + number * 20 + random.int(0, 999);
    const device = `device-${random.int(1, DEVICES)}`;
    return { id: `r${number}`, device, amount: random.int(1, 1_000), at };
  });
}

/** The last row of each identity. */
async function results<Row>(topic: string): Promise<Map<string, Row>> {
  const records = await readAll(harness.kafka, topic);
  return new Map(
    records.map(({ headers, value }) => [headers['penstock.id'] ?? '', JSON.parse(value) as Row]),
  );
}

async function kill(victim: number): Promise<void> {
  if (victim === 0) {
    await harness.penstock.killHard('broker');
    await harness.penstock.start('broker');
    return;
  }
  const worker = victim === 1 ? harness.penstock : other;
  await worker.killHard('worker');
  await worker.start('worker');
}

it(
  `two workers and a broker that are killed count every record once (seed ${seed})`,
  { timeout: 240_000 },
  async () => {
    const random = new SeededRandom(seed);
    const sent: Reading[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const readings = makeReadings(random, round);
      const half = random.int(1, PER_ROUND - 1);
      await produce(harness.kafka, 'readings', readings.slice(0, half));
      await kill(round === 0 ? 1 : random.int(0, 2));
      await produce(harness.kafka, 'readings', readings.slice(half));
      sent.push(...readings);
    }

    const totals = new Map<string, { count: number; sum: number }>();
    const byDevice = new Map<string, number>();
    for (const { device, amount, at } of sent) {
      const start = new Date(at - (at % 10_000)).toISOString();
      const { count, sum } = totals.get(`${device}/${start}`) ?? { count: 0, sum: 0 };
      totals.set(`${device}/${start}`, { count: count + 1, sum: sum + amount });
      byDevice.set(device, (byDevice.get(device) ?? 0) + amount);
    }
    const rows = await eventually(
      async () => {
        const found = await results<{ count: number }>('per-device');
        const counted = [...found.values()].reduce((sum, { count }) => sum + count, 0);
        return counted >= sent.length && found;
      },
      { deadlineMs: 90_000, intervalMs: 1_000, what: 'all records in windows that were written' },
    );
    expect(new Map([...rows].map(([id, row]) => [id, pick(row)]))).toEqual(totals);

    const balances = await eventually(
      async () => {
        const found = await results<{ number: number; balance: number }>('balances');
        return found.size >= sent.length && found;
      },
      { deadlineMs: 90_000, intervalMs: 1_000, what: 'a balance for each record' },
    );
    const last = new Map<string, { number: number; balance: number }>();
    for (const { id, device } of sent) {
      const balance = balances.get(id)!;
      if (balance.number > (last.get(device)?.number ?? 0)) last.set(device, balance);
    }
    expect(new Map([...last].map(([device, { balance }]) => [device, balance]))).toEqual(byDevice);
    const numbers = [...last.values()].reduce((sum, { number }) => sum + number, 0);
    expect(numbers).toBe(sent.length);
  },
);

function pick(row: object): { count: number; sum: number } {
  const { count, sum } = row as { count: number; sum: number };
  return { count, sum };
}
