import { ApiKeys, encodeRecordBatch } from '@penstock/kafka-protocol';
import type { RunTicket, ScheduleChoices, Ticket } from '@penstock/control-plane';
import { askedWindows, machineMs, UNSCHEDULED } from '@penstock/control-plane';
import { ControlDatabase, loadConfig, migrateControlDatabase } from '@penstock/platform';
import { createTopic, temporaryFolder, TestBroker, WireClient } from '../index.ts';
import { batchJob, type BatchServices, batchServices } from './batch-services.ts';

// An entry of its own (@penstock/testing/batch-world), as worker-harness.ts is.

const MINUTE_MS = 60_000;
/** Beyond all leases and back-offs. */
export const MUCH_LATER_MS = 120_000;
const ROUNDS_MAX = 1_000;

/** How far a worker comes with a ticket. */
export type HowFar = 'done' | 'crash' | 'fail';

/** A contiguous window as a test compares it. */
export interface WindowRow {
  readonly partition: number;
  readonly window: [number, number];
  readonly origin: string;
  readonly state: string;
}

/**
 * A job on a real broker and a real control.db, with two schedulers that share only the file. Its
 * schedule is due each minute; time is what `tick` is told.
 */
export class BatchWorld implements AsyncDisposable {
  readonly schedulers: readonly BatchServices[];
  readonly databases: readonly ControlDatabase[];
  topic = '';
  #since = 0;
  #topics = 0;
  readonly #client: WireClient;
  readonly #resources: readonly AsyncDisposable[];

  private constructor(
    schedulers: readonly BatchServices[],
    databases: readonly ControlDatabase[],
    client: WireClient,
    resources: readonly AsyncDisposable[],
  ) {
    this.schedulers = schedulers;
    this.databases = databases;
    this.#client = client;
    this.#resources = resources;
  }

  static async start(): Promise<BatchWorld> {
    const folder = await temporaryFolder();
    const broker = await TestBroker.start();
    const client = await WireClient.connect(broker.port);
    const config = loadConfig({
      PENSTOCK_DATA_DIR: folder.path,
      KAFKA_BOOTSTRAP_SERVERS: broker.bootstrap,
    });
    await migrateControlDatabase(config);
    const open = () => ControlDatabase.open(config);
    const databases = await Promise.all([open(), open()]);
    const schedulers = databases.map((database) => batchServices(database, config));
    return new BatchWorld(schedulers, databases, client, [client, broker, folder]);
  }

  /** The services of the first scheduler. */
  get services(): BatchServices {
    return this.schedulers[0]!;
  }

  /** Begins with nothing but the job, on a topic of its own with two partitions. */
  async begin(choices: Partial<ScheduleChoices> = {}): Promise<void> {
    const [database] = this.databases as [ControlDatabase];
    await database.batchWindow.deleteMany();
    await database.batchRun.deleteMany();
    await database.backfill.deleteMany();
    await database.skippedTick.deleteMany();
    await database.scheduleState.deleteMany();
    await database.pipeline.deleteMany();
    this.#topics += 1;
    this.topic = `in-${this.#topics}`;
    await createTopic(this.#client, this.topic, 2);
    await this.choose(choices);
    const since = (await this.services.pipelines.find('report'))!.scheduleSince!;
    this.#since = since - (since % MINUTE_MS);
  }

  choose(choices: Partial<ScheduleChoices>): Promise<void> {
    return this.services.pipelines.register([
      batchJob({
        schedule: '* * * * *',
        timeZone: 'UTC',
        sources: [this.topic],
        choices: { ...UNSCHEDULED, ...choices },
      }),
    ]);
  }

  /** The due time so many minutes after the schedule was registered, ms since epoch. */
  minute(count: number): number {
    return this.#since + count * MINUTE_MS;
  }

  async append(partition: number, count: number, timestamp = Date.now()): Promise<void> {
    const records = Array.from({ length: count }, () => ({ timestamp, value: Buffer.from('{}') }));
    const partitionData = [{ index: partition, records: encodeRecordBatch({ records }) }];
    const topicData = [{ name: this.topic, partitionData }];
    const produce = { acks: -1, timeoutMs: 5_000, topicData };
    const { responses } = await this.#client.send(ApiKeys.Produce, 9, produce);
    const errorCode = responses[0]?.partitionResponses[0]?.errorCode;
    if (errorCode !== 0) {
      throw new Error(`the records were refused: ${errorCode}`);
    }
  }

  /** Removes the records before an offset, as retention does. */
  async deleteRecords(partitionIndex: number, offset: number): Promise<void> {
    await this.#client.send(ApiKeys.DeleteRecords, 2, {
      topics: [{ name: this.topic, partitions: [{ partitionIndex, offset }] }],
      timeoutMs: 5_000,
    });
  }

  async grow(count: number): Promise<void> {
    await this.#client.send(ApiKeys.CreatePartitions, 2, {
      topics: [{ name: this.topic, count, assignments: null }],
      timeoutMs: 5_000,
      validateOnly: false,
    });
  }

  async recreate(): Promise<void> {
    const topicNames = [this.topic];
    await this.#client.send(ApiKeys.DeleteTopics, 5, { topicNames, timeoutMs: 5_000 });
    await createTopic(this.#client, this.topic, 2);
  }

  /** What a worker does with a ticket. */
  async work(ticket: Ticket, how: HowFar = 'done', services = this.services): Promise<void> {
    if (ticket.kind !== 'step') {
      await this.#workOnRun(ticket, how, services);
      return;
    }
    const { steps } = services.ledger;
    const step = await steps.claim(ticket);
    if (step === null) {
      return;
    }
    const at = (share: number) =>
      step.parts.map(({ topic, nextOffset, endOffset }) => ({
        topic,
        nextOffset: Math.floor(nextOffset + (endOffset - nextOffset) * share),
      }));
    const done = how === 'done';
    const positions = at(done ? 1 : 0.5);
    await steps.checkpoint(ticket, { deadLettered: step.deadLettered, positions, done });
    if (how === 'fail') {
      await steps.failForGood(ticket, 'it fails');
    }
  }

  /** Works on what is due until nothing is left to do. */
  async settle(): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const tickets = await this.services.ledger.due(machineMs() + MUCH_LATER_MS);
      if (tickets.length === 0) {
        return;
      }
      for (const ticket of tickets) {
        await this.work(ticket);
      }
    }
    throw new Error('the runs do not end');
  }

  async windows(): Promise<WindowRow[]> {
    const rows = await this.databases[0]!.batchWindow.findMany({
      include: { run: { select: { state: true } } },
      orderBy: [{ runId: 'asc' }, { partition: 'asc' }],
    });
    return rows.map(({ partition, startOffset, endOffset, origin, run }) => ({
      partition,
      window: [Number(startOffset), Number(endOffset)],
      origin,
      state: run.state,
    }));
  }

  /** The windows in the order of their claims: `p0 0-5 first`. */
  async shortly(): Promise<string[]> {
    const rows = await this.windows();
    return rows.map(
      ({ partition, window, origin }) => `p${partition} ${window.join('-')} ${origin}`,
    );
  }

  async newest() {
    const { nodes } = await this.services.runs.list({ job: 'report', first: 1 });
    return nodes[0]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.schedulers.forEach(({ logs }) => logs.onModuleDestroy());
    await Promise.all(this.databases.map((database) => database.$disconnect()));
    for (const resource of this.#resources) {
      await resource[Symbol.asyncDispose]();
    }
  }

  async #workOnRun(ticket: RunTicket, how: HowFar, services: BatchServices): Promise<void> {
    const { ledger, logs } = services;
    const run = await ledger.claimRun(ticket);
    if (run === null || how === 'crash') {
      return;
    }
    if (ticket.kind === 'finish') {
      await ledger.succeed(ticket, {
        rows: 0,
        file: null,
        topic: null,
        deadLettered: 0,
      });
    } else if (run.isFrozen) {
      await ledger.begin(ticket);
    } else if (run.windowKind === 'contiguous') {
      await ledger.freezeNext(ticket, run, await logs.read([this.topic]), 'hash-1');
    } else {
      const windows = askedWindows(await logs.read([this.topic]), run.offsets ?? []);
      await ledger.freeze(ticket, windows, 'hash-1');
    }
  }
}
