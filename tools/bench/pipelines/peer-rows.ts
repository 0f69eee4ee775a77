import { ApiKeys } from '@penstock/kafka-protocol';
import { eventually, startPenstock, temporaryFolder, WireClient } from '@penstock/testing';
import { cpuSeconds } from '../broker/process-usage.ts';
import { createTopic } from '../broker/raw-requests.ts';
import type { Length, Measurement } from '../measurement.ts';
import { startEngine } from './engine-process.ts';
import { availableEngines, type Engine, type EngineName } from './engines.ts';
import { PARTITIONS, type Payments, writePayments, writeTrailing } from './payments.ts';

type Topology = keyof Payments['outputs'];

const TOPOLOGIES: Record<Topology, { readonly how: string; readonly floorPerCpuSecond: number }> = {
  stateless: { how: 'filter, map: every second record goes on', floorPerCpuSecond: 150_000 },
  windowed: { how: 'count per user and minute, final rows', floorPerCpuSecond: 60_000 },
  joined: { how: 'each record with its row of a table of 10,000', floorPerCpuSecond: 60_000 },
};
const RECORDS_PER_SECOND_OF_LENGTH = 160_000;
/** Of the outputs. */
const MEASURED_SHARE = 0.75;
const TRAILING_EVERY_MS = 2_000;
const DEADLINE_MS = 180_000;
const LATEST = -1;

interface Rates {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

/**
 * The same topologies over the same records in the same broker, by one process of each engine. A
 * rate begins at an engine's first output, so that the start of a JVM is not in it.
 */
export async function measurePeers({ seconds }: Length): Promise<Measurement[]> {
  const engines = await availableEngines((words) => process.stderr.write(`${words}\n`));
  await using penstock = await startPenstock({ processes: ['broker'] });
  const payments = await writePayments(penstock.kafkaPort, seconds * RECORDS_PER_SECOND_OF_LENGTH);
  const rows: Measurement[] = [];
  for (const topology of Object.keys(TOPOLOGIES) as Topology[]) {
    const rates = new Map<EngineName, Rates>();
    for (const engine of engines) {
      rates.set(engine.name, await measure(engine, topology, penstock.kafkaPort, payments));
    }
    for (const engine of engines) rows.push(toRow(engine, topology, rates, payments));
  }
  return rows;
}

async function measure(
  started: Engine,
  topology: Topology,
  port: number,
  { records, outputs }: Payments,
): Promise<Rates> {
  const { name, title } = started;
  const topic = `${name}-${topology}`;
  // Kafka Streams looks for closed windows once a second: the last of them are not waited for.
  const wanted = Math.floor(outputs[topology] * MEASURED_SHARE);
  await createTopic(port, { name: topic, numPartitions: PARTITIONS });
  await using folder = await temporaryFolder();
  await using client = await WireClient.connect(port);
  await using engine = startEngine(started, topology, port, folder.path);
  let trailedAt = performance.now();
  const written = async (least: number) => {
    const found = await eventually(
      async () => {
        if (engine.exit !== undefined) return 'ended';
        if (performance.now() - trailedAt > TRAILING_EVERY_MS) {
          trailedAt = performance.now();
          await writeTrailing(client);
        }
        const count = await countRecords(client, topic);
        return count >= least && { count, at: performance.now(), cpu: cpuSeconds(engine.pid) };
      },
      { deadlineMs: DEADLINE_MS, intervalMs: 10, what: `${least} outputs of ${title}` },
    );
    if (found === 'ended') throw new Error(`${title} ended:\n${engine.output}`);
    return found;
  };
  const first = await written(1);
  const last = await written(wanted);
  const share = (last.count - first.count) / outputs[topology];
  return {
    perSecond: (share * records) / ((last.at - first.at) / 1_000),
    perCpuSecond: (share * records) / (last.cpu - first.cpu),
  };
}

function toRow(
  { name, title }: Engine,
  topology: Topology,
  rates: ReadonlyMap<EngineName, Rates>,
  { records }: Payments,
): Measurement {
  const { how, floorPerCpuSecond } = TOPOLOGIES[topology];
  const { perSecond, perCpuSecond } = rates.get(name)!;
  const value = `${thousands(perSecond)} records/s, ${thousands(perCpuSecond)} per CPU s`;
  const row = { name: `${topology}: ${title}`, value };
  if (name === 'penstock') {
    return {
      ...row,
      floor: `${thousands(floorPerCpuSecond)} per CPU s`,
      met: perCpuSecond >= floorPerCpuSecond,
      how: `${how}; ${records.toLocaleString('en')} records in ${PARTITIONS} partitions`,
    };
  }
  const ours = rates.get('penstock')!;
  const wall = (ours.perSecond / perSecond).toFixed(2);
  const cpu = (ours.perCpuSecond / perCpuSecond).toFixed(2);
  return { ...row, how: `Penstock has ${wall} times its rate, ${cpu} times per CPU second` };
}

async function countRecords(client: WireClient, name: string): Promise<number> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partitionIndex) => ({
    partitionIndex,
    currentLeaderEpoch: -1,
    timestamp: LATEST,
  }));
  const body = { replicaId: -1, isolationLevel: 0, topics: [{ name, partitions }] };
  const { topics } = await client.send(ApiKeys.ListOffsets, 5, body);
  return topics[0]!.partitions.reduce((sum, { offset }) => sum + offset, 0);
}

function thousands(rate: number): string {
  return Math.round(rate).toLocaleString('en');
}
