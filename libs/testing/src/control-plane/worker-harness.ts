import { ProcessorsService, type BatchRunView, type ProcessorView } from '@penstock/control-plane';
import {
  ControlDatabase,
  createLogger,
  KafkaClients,
  loadConfig,
  migrateControlDatabase,
} from '@penstock/platform';
import { type BatchServices, batchServices } from './batch-services.ts';
import { eventually, type Penstock, type PenstockOptions, startPenstock } from '../index.ts';

// An entry of its own (@penstock/testing/worker-harness): it loads Nest and Prisma, which most
// tests do without.

/** A real broker and a real worker, and the control plane's services on the worker's control.db. */
export interface WorkerHarness extends AsyncDisposable, BatchServices {
  readonly penstock: Penstock;
  readonly kafka: KafkaClients;
  readonly database: ControlDatabase;
  readonly processors: ProcessorsService;
  /** Waits until the processor's figures are as wanted. */
  processor(wanted: (view: ProcessorView) => boolean, what: string): Promise<ProcessorView>;
  /** Waits until a run is as wanted. */
  run(id: string, wanted: (view: BatchRunView) => boolean, what: string): Promise<BatchRunView>;
  startRun(job: string): Promise<string>;
}

/** A value with an id, which becomes the record's key. */
export interface Identified {
  readonly id: string;
}

const DEADLINE_MS = 60_000;

/** Starts the broker and migrates control.db; the test starts the worker. */
export async function startWorkerHarness(
  options: Pick<PenstockOptions, 'command' | 'env'> & { redis?: boolean } = {},
): Promise<WorkerHarness> {
  const { redis = true, ...others } = options;
  const penstock = await startPenstock({ processes: ['broker'], redis, ...others });
  const config = loadConfig({
    PENSTOCK_DATA_DIR: penstock.dataDir,
    KAFKA_BOOTSTRAP_SERVERS: penstock.bootstrapServers,
  });
  await migrateControlDatabase(config);
  const database = await ControlDatabase.open(config);
  const logger = createLogger({ name: 'test', level: 'silent' }).pino;
  const kafka = new KafkaClients({ name: 'test', config, logger });
  const services = batchServices(database, config);
  const processors = new ProcessorsService(database, services.events);
  const { runs } = services;
  return {
    ...services,
    penstock,
    kafka,
    database,
    processors,
    processor: (wanted, what) =>
      eventually(
        async () => {
          const view = await processors.find('earthquake-alerts');
          return view !== null && wanted(view) ? view : null;
        },
        { deadlineMs: DEADLINE_MS, what },
      ),
    run: (id, wanted, what) =>
      eventually(
        async () => {
          const view = await runs.find(id);
          return view !== null && wanted(view) ? view : null;
        },
        { deadlineMs: DEADLINE_MS, intervalMs: 20, what },
      ),
    startRun: async (job) => {
      const outcome = await runs.start({ job });
      if (outcome.kind !== 'run') {
        throw new Error(`the run was not started: ${JSON.stringify(outcome)}`);
      }
      return outcome.run.id;
    },
    async [Symbol.asyncDispose]() {
      await kafka.close();
      await penstock[Symbol.asyncDispose]();
      await database.$disconnect();
    },
  };
}

/** The same values `rounds` times, each round under ids of its own. */
export function repeat<Value extends Identified>(values: Value[], rounds: number): Value[] {
  return Array.from({ length: rounds }, (_, round) =>
    values.map((value) => ({ ...value, id: `${value.id}-${round}` })),
  ).flat();
}

/** Creates the topic when it is new, and resolves when all values are acknowledged. */
export async function produce(
  kafka: KafkaClients,
  topic: string,
  values: readonly (string | Identified)[],
): Promise<void> {
  const producer = kafka.producer({ idempotent: true });
  for (let at = 0; at < values.length; at += 500) {
    await producer.send({
      autocreateTopics: true,
      messages: values.slice(at, at + 500).map((value) => ({
        topic,
        key: Buffer.from(typeof value === 'string' ? value : value.id),
        value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
      })),
    });
  }
  await kafka.release(producer);
}

export interface ReadRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Record<string, string>;
}

/** All records of a topic from its start to its present end. */
export async function readAll(kafka: KafkaClients, topic: string): Promise<ReadRecord[]> {
  const consumer = kafka.consumer(`reader-${topic}-${Math.random().toString(36).slice(2)}`);
  consumer.on('error', () => {});
  const ends = (await consumer.listOffsets({ topics: [topic], timestamp: -1n })).get(topic) ?? [];
  const expected = ends.reduce((sum, end) => sum + Number(end), 0);
  const records: ReadRecord[] = [];
  if (expected > 0) {
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
    for await (const message of stream) {
      records.push({
        key: message.key?.toString() ?? '',
        value: message.value?.toString() ?? '',
        headers: Object.fromEntries(
          message.headerEntries.map(([name, value]) => [String(name), String(value)]),
        ),
      });
      if (records.length >= expected) {
        break;
      }
    }
  }
  await kafka.release(consumer);
  return records;
}
