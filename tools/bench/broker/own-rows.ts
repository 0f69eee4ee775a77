import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { ApiKeys, ZERO_UUID } from '@penstock/kafka-protocol';
import { createTopics, eventually, WireClient } from '@penstock/testing';
import type { BenchRun } from './bench-run.ts';
import { planPenstock, RunningBroker, type BrokerPlan } from './brokers.ts';
import { fillTopic } from './filled-topic.ts';
import { cpuSeconds, residentBytes } from './process-usage.ts';
import { CREATE_TOPICS_VERSION, deleteTopic, produceOne } from './raw-requests.ts';
import { median, percentile } from './statistics.ts';

const FETCH_VERSION = 12;
const LIST_OFFSETS_VERSION = 5;
const MEGABYTE = 1e6;

/** What clients see of waiting, and the event loop under all the load that two clients can make. */
export async function measureWakeup(run: BenchRun, brokers: readonly RunningBroker[]) {
  const values: Record<string, number[]> = {};
  for (const broker of brokers) {
    if (broker.name === 'null') continue;
    const times = await wakeUpTimes(broker, run.scaled(4_000));
    values[broker.name] = [percentile(times, 99)];
    run.say(`  wake-up, ${broker.name}: median ${median(times).toFixed(2)} ms`);
  }
  const target = { value: 5, isMoreBetter: false };
  run.add({ name: 'long-poll wake-up, 99th percentile', unit: 'ms', values, target });
  const penstock = brokers.find(({ name }) => name === 'penstock')!;
  await measureEventLoop(run, penstock);
}

/** Milliseconds from sending a record to receiving it by a fetch that waits for it. */
async function wakeUpTimes(broker: RunningBroker, count: number): Promise<number[]> {
  const topic = 'wake-up';
  await broker.createTopic(topic, 1);
  await using consumer = await WireClient.connect(broker.port);
  await using producer = await WireClient.connect(broker.port);
  const times: number[] = [];
  // The first hundred run cold code.
  for (let offset = 0; offset < count + 100; offset++) {
    const fetched = fetchOne(consumer, topic, offset);
    // The fetch has to be waiting when the record comes.
    await new Promise((resolve) => setTimeout(resolve, 2));
    const sentAt = performance.now();
    const produced = produceOne(producer, topic);
    await fetched;
    if (offset >= 100) times.push(performance.now() - sentAt);
    await produced;
  }
  return times;
}

async function fetchOne(client: WireClient, topic: string, fetchOffset: number): Promise<void> {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 2 ** 20 }];
  const answer = await client.send(ApiKeys.Fetch, FETCH_VERSION, {
    maxWaitMs: 10_000,
    minBytes: 1,
    isolationLevel: 0,
    sessionId: 0,
    rackId: '',
    topics: [{ topic, topicId: ZERO_UUID, partitions }],
  });
  const bytes = answer.responses[0]?.partitions[0]?.records?.length ?? 0;
  if (bytes === 0) throw new Error('a waiting fetch was answered with nothing');
}

const LOAD_SECONDS = 32;

/** The process says every ten seconds how long its event loop was late. */
async function measureEventLoop(run: BenchRun, broker: RunningBroker): Promise<void> {
  await broker.createTopic('loop', 12);
  const seen = broker.metrics.length;
  const load = { topic: 'loop', partitions: 12, recordBytes: 1024, seconds: LOAD_SECONDS };
  await fillTopic(broker.port, { ...load, bytes: Infinity });
  await deleteTopic(broker.port, 'loop');
  // The first report also covers the time before the load.
  const reports = broker.metrics.slice(seen + 1).map((each) => each['eventLoopDelayMsP99']!);
  if (reports.length === 0) throw new Error('the broker reported no metrics');
  run.add({
    name: 'event-loop delay under full produce load, 99th percentile',
    unit: 'ms',
    values: { penstock: [Math.max(...reports)] },
    target: { value: 20, isMoreBetter: false },
  });
}

const TOPICS = 1_000;
const PARTITIONS_EACH = 10;
const IDLE_SECONDS = 10;
const CONNECTIONS = 5_000;

/** What much that nobody uses costs. */
export async function measureMany(run: BenchRun): Promise<void> {
  const plan = await planPenstock(join(run.folder, 'penstock-many'), 'os');
  const value = (name: string, unit: string, amount: number, limit?: number) => {
    run.say(`  ${name}: ${amount.toFixed(2)} ${unit}`);
    const target = limit === undefined ? {} : { target: { value: limit, isMoreBetter: false } };
    run.add({ name, unit, values: { penstock: [amount] }, ...target });
  };
  {
    await using broker = await RunningBroker.start(plan);
    const before = residentBytes(broker.pid);
    const seconds = await timed(() => createManyTopics(plan.port));
    value('1,000 topics × 10 partitions: create', 's', seconds);
    await pause(2);
    const added = (residentBytes(broker.pid) - before) / MEGABYTE;
    value('1,000 topics × 10 partitions: memory added', 'MB', added);
    const cpuBefore = cpuSeconds(broker.pid);
    await pause(IDLE_SECONDS);
    const share = (100 * (cpuSeconds(broker.pid) - cpuBefore)) / IDLE_SECONDS;
    value('1,000 topics × 10 partitions: CPU while idle', '% of a core', share, 1);
    const perConnection = await connectionsCost(broker);
    value('5,000 idle connections: memory each', 'KB', perConnection / 1000);
    await broker.stop();
  }
  const seconds = await secondsUntilServing(plan, (client) => listEnds(client, 'many-0', 10));
  value('1,000 topics × 10 partitions: start again', 's', seconds, 2);
}

async function createManyTopics(port: number): Promise<void> {
  await using client = await WireClient.connect(port);
  const perRequest = 100;
  for (let first = 0; first < TOPICS; first += perRequest) {
    const names = Array.from({ length: perRequest }, (_, i) => `many-${first + i}`);
    await createTopics(
      client,
      names.map((name) => ({ name, numPartitions: PARTITIONS_EACH })),
      CREATE_TOPICS_VERSION,
    );
  }
}

/** Resident bytes of the broker per connection that has sent one request and waits. */
async function connectionsCost(broker: RunningBroker): Promise<number> {
  const before = residentBytes(broker.pid);
  const clients: WireClient[] = [];
  while (clients.length < CONNECTIONS) {
    clients.push(...(await Promise.all(Array.from({ length: 100 }, () => greeted(broker.port)))));
  }
  await pause(2);
  const added = residentBytes(broker.pid) - before;
  for (const client of clients) await client[Symbol.asyncDispose]();
  return added / CONNECTIONS;
}

async function greeted(port: number): Promise<WireClient> {
  const client = await WireClient.connect(port);
  const software = { clientSoftwareName: '', clientSoftwareVersion: '' };
  await client.send(ApiKeys.ApiVersions, 0, software);
  return client;
}

const LARGE_BYTES = 10e9;
const LARGE = { topic: 'large', partitions: 12, recordBytes: 1024 };

/** A log of 10 GB, kill -9, and the time until all of it can be read and written again. */
export async function measureLarge(run: BenchRun): Promise<void> {
  const { bavail, bsize } = statfsSync(run.folder);
  if (bavail * bsize < 1.5 * LARGE_BYTES) {
    return run.say('  restart with 10 GB: left out, the disk has too little room');
  }
  const plan = await planPenstock(join(run.folder, 'penstock-large'), 'os');
  const times: number[] = [];
  {
    await using broker = await RunningBroker.start(plan);
    await broker.createTopic(LARGE.topic, LARGE.partitions);
    await fillTopic(plan.port, { ...LARGE, bytes: run.scaled(LARGE_BYTES) });
    await broker.stop('SIGKILL');
  }
  const { topic, partitions } = LARGE;
  for (let i = 0; i < 3; i++) {
    times.push(
      await secondsUntilServing(plan, async (client) => {
        await listEnds(client, topic, partitions);
        if ((await produceOne(client, topic)) !== 0) throw new Error('not writable yet');
      }),
    );
  }
  run.add({
    name: 'start after kill -9 with a log of 10 GB',
    unit: 's',
    // The first start has the most to check, so it counts.
    values: { penstock: [times[0]!] },
    target: { value: 2, isMoreBetter: false },
  });
  run.say(`  start after kill -9: ${times.map((each) => each.toFixed(2)).join(', ')} s`);
}

/** Starts a broker on what is there, and kills it once `use` has succeeded. */
async function secondsUntilServing(
  plan: BrokerPlan,
  use: (client: WireClient) => Promise<void>,
): Promise<number> {
  const startedAt = performance.now();
  await using broker = RunningBroker.spawn(plan);
  const attempt = async () => {
    await using client = await WireClient.connect(plan.port);
    await use(client);
    return true;
  };
  await eventually(() => broker.assertAlive() && attempt(), {
    deadlineMs: 60_000,
    intervalMs: 5,
    what: 'all that was there before',
  });
  const seconds = (performance.now() - startedAt) / 1000;
  await broker.stop('SIGKILL');
  return seconds;
}

/** Asks for the log end of every partition, which makes the broker look at all of them. */
async function listEnds(client: WireClient, name: string, count: number): Promise<void> {
  const partitions = Array.from({ length: count }, (_, partitionIndex) => {
    return { partitionIndex, timestamp: -1 };
  });
  const body = { replicaId: -1, isolationLevel: 0, topics: [{ name, partitions }] };
  const answer = await client.send(ApiKeys.ListOffsets, LIST_OFFSETS_VERSION, body);
  const failed = answer.topics[0]?.partitions.find(({ errorCode }) => errorCode !== 0);
  if (failed) throw new Error(`error ${failed.errorCode}`);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
