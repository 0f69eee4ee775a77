import type { BenchRun, Comparison } from './bench-run.ts';
import type { RunningBroker } from './brokers.ts';
import { dropFromCache, fillTopic } from './filled-topic.ts';
import { deleteTopic } from './raw-requests.ts';

const CPU_TARGET = { ratio: 0.6, isMoreBetter: false };
const PRODUCE_TARGET = {
  ratio: 1.2,
  isMoreBetter: true,
  whereClientBound: { ratio: 1, ofNull: 0.85 },
};
const MEBIBYTE = 2 ** 20;

interface ProduceShape {
  readonly recordBytes: number;
  readonly partitions: number;
  readonly compression: 'none' | 'lz4';
  /** As many as take some seconds; a third of them comes before as warm-up. */
  readonly records: number;
}

const PRODUCE: readonly ProduceShape[] = (['none', 'lz4'] as const).flatMap((compression) => [
  { recordBytes: 100, partitions: 1, compression, records: 1_500_000 },
  { recordBytes: 100, partitions: 12, compression, records: 2_400_000 },
  { recordBytes: 1024, partitions: 1, compression, records: 450_000 },
  { recordBytes: 1024, partitions: 12, compression, records: 600_000 },
]);
const FSYNC: readonly ProduceShape[] = [
  { recordBytes: 1024, partitions: 1, compression: 'none', records: 60_000 },
  { recordBytes: 1024, partitions: 12, compression: 'none', records: 90_000 },
];

/** Two producers, each of which the others' code is warm for, so that no broker runs cold code. */
export async function warmUp(run: BenchRun, brokers: readonly RunningBroker[]): Promise<void> {
  for (const broker of brokers) {
    run.say(`warming up ${broker.name}`);
    await produce(run, broker, 'warm-100', { ...PRODUCE[1]!, records: 900_000 });
    await produce(run, broker, 'warm-1024', { ...PRODUCE[3]!, records: 240_000 });
  }
}

export async function compareProduce(run: BenchRun, brokers: RunningBroker[]): Promise<void> {
  for (const shape of PRODUCE) {
    await run.compare(brokers, {
      ...producing(run, shape, `produce ${shapeText(shape)}`),
      target: PRODUCE_TARGET,
      cpuTarget: CPU_TARGET,
    });
  }
}

export async function compareFsync(run: BenchRun, brokers: RunningBroker[]): Promise<void> {
  for (const shape of FSYNC) {
    await run.compare(brokers, {
      ...producing(run, shape, `fsync: produce ${shapeText(shape)}`),
      target: { ratio: 2, isMoreBetter: true },
    });
  }
  await run.compare(brokers, endToEnd(run, 'fsync: end to end, mean', 3_000));
}

export async function compareLatency(run: BenchRun, brokers: RunningBroker[]): Promise<void> {
  const noWorse = { ratio: 1, isMoreBetter: false };
  await run.compare(brokers, {
    name: 'produce 1 KiB at 20,000/s, 99th percentile',
    unit: 'ms',
    target: noWorse,
    async measure(broker, attempt) {
      const shape = {
        recordBytes: 1024,
        partitions: 1,
        compression: 'none',
        rate: 20_000,
      } as const;
      const records = run.scaled(160_000);
      return withTopic(run, broker, { ...shape, records }, attempt, (figures) => ({
        value: Math.max(figures.latencyMsP99, 0.5),
      }));
    },
  });
  const measured = brokers.filter(({ name }) => name !== 'null');
  await run.compare(measured, endToEnd(run, 'end to end, mean', 5_000));
}

type WithoutTarget = Omit<Comparison, 'target'>;

function producing(run: BenchRun, shape: ProduceShape, name: string): WithoutTarget {
  const { recordBytes } = shape;
  const records = run.scaled(shape.records);
  return {
    name,
    unit: 'MB/s',
    measure: (broker, attempt) =>
      withTopic(run, broker, { ...shape, records }, attempt, (figures) => ({
        value: (figures.recordsPerSecond * recordBytes) / 1e6,
        bytes: (records + warmupOf(records)) * recordBytes,
      })),
  };
}

const warmupOf = (records: number) => Math.round(records / 3);

type ProducerResult = Awaited<ReturnType<BenchRun['tools']['produce']>>;
type Load = ProduceShape & { readonly rate?: number };

async function withTopic<T>(
  run: BenchRun,
  broker: RunningBroker,
  load: Load,
  attempt: string,
  use: (figures: ProducerResult) => T,
): Promise<T> {
  const topic = await produce(run, broker, attempt, load);
  if (broker.name !== 'null') await deleteTopic(broker.port, topic.name);
  return use(topic.figures);
}

async function produce(run: BenchRun, broker: RunningBroker, attempt: string, load: Load) {
  const { recordBytes, partitions, records } = load;
  const name = `produced-${attempt}-p${partitions}-r${recordBytes}`;
  await broker.createTopic(name, partitions);
  const warmupRecords = warmupOf(records);
  const figures = await run.tools.produce(broker.port, { ...load, topic: name, warmupRecords });
  return { name, figures };
}

function endToEnd(run: BenchRun, name: string, records: number): Comparison {
  return {
    name,
    unit: 'ms',
    target: { ratio: 1, isMoreBetter: false },
    async measure(broker, attempt) {
      const topic = `end-to-end-${attempt}`;
      await broker.createTopic(topic, 1);
      const value = await run.tools.endToEnd(broker.port, topic, run.scaled(records));
      return { value };
    },
  };
}

const CONSUME = [
  { recordBytes: 100, partitions: 1, gigabytes: 0.6 },
  { recordBytes: 1024, partitions: 1, gigabytes: 1.5 },
  { recordBytes: 1024, partitions: 12, gigabytes: 1.5 },
];

export async function compareConsume(run: BenchRun, brokers: RunningBroker[]): Promise<void> {
  const measured = brokers.filter(({ name }) => name !== 'null');
  for (const { recordBytes, partitions, gigabytes } of CONSUME) {
    const topic = `consumed-p${partitions}-r${recordBytes}`;
    const bytes = run.scaled(gigabytes * 1e9);
    const records = Math.floor(bytes / recordBytes);
    for (const broker of measured) {
      await broker.createTopic(topic, partitions);
      await fillTopic(broker.port, { topic, partitions, recordBytes, bytes });
    }
    const consume = async (broker: RunningBroker) => {
      const rate = await run.tools.consume(broker.port, topic, records);
      return { value: (rate * MEBIBYTE) / 1e6, bytes };
    };
    const shape = `${sizeText(recordBytes)} × ${partitions}`;
    const row = { unit: 'MB/s', target: { ratio: 1, isMoreBetter: true }, cpuTarget: CPU_TARGET };
    await run.compare(brokers, { ...row, name: `consume ${shape}, warm`, measure: consume });
    await run.compare(measured, {
      ...row,
      name: `consume ${shape}, cold`,
      async measure(broker) {
        await dropFromCache(broker.plan.logFolder, topic);
        return consume(broker);
      },
    });
    for (const broker of measured) await deleteTopic(broker.port, topic);
  }
}

function shapeText({ recordBytes, partitions, compression }: ProduceShape): string {
  const codec = compression === 'none' ? '' : `, ${compression}`;
  return `${sizeText(recordBytes)} × ${partitions}${codec}`;
}

function sizeText(bytes: number): string {
  return bytes === 1024 ? '1 KiB' : `${bytes} B`;
}
