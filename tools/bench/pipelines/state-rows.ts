import { ApiKeys } from '@penstock/kafka-protocol';
import { eventually, startPenstock, temporaryFolder, WireClient } from '@penstock/testing';
import { residentBytes } from '../broker/process-usage.ts';
import { createTopic } from '../broker/raw-requests.ts';
import type { Length, Measurement } from '../measurement.ts';
import { startEngine } from './engine-process.ts';
import { penstockEngine } from './engines.ts';
import { writeOfUsers } from './payments.ts';

const KEYS = 1_000_000;
const KEYS_QUICK = 50_000;
const MEMORY_BYTES_MAX = 300_000_000;
const START_MS_MAX = 2_000;
const TOPIC = 'penstock-counted';

/**
 * A count per key for a million keys: what the process takes, and how soon it goes on with them.
 */
export async function measureState({ seconds }: Length): Promise<Measurement[]> {
  const keys = seconds < 5 ? KEYS_QUICK : KEYS;
  await using penstock = await startPenstock({ processes: ['broker'] });
  const { kafkaPort: port } = penstock;
  for (const name of ['payments', TOPIC]) {
    await createTopic(port, { name, numPartitions: 1 });
  }
  await using client = await WireClient.connect(port);
  await using folder = await temporaryFolder();
  await writeOfUsers(client, 0, keys);
  const counted = (count: number) =>
    eventually(async () => (await endOf(client)) >= count, {
      deadlineMs: 300_000,
      intervalMs: 5,
      what: `${count} counts`,
    });
  const first = startEngine(penstockEngine, 'counted', port, folder.path);
  await counted(keys);
  const memory = residentBytes(first.pid);
  await first.stop();
  await writeOfUsers(client, 0, 1);
  const startedAt = performance.now();
  await using second = startEngine(penstockEngine, 'counted', port, folder.path);
  await counted(keys + 1);
  const startMs = performance.now() - startedAt;
  if (second.exit !== undefined) throw new Error(second.output);
  const how = `a count for each of ${keys.toLocaleString('en')} keys`;
  return [
    {
      name: 'state: memory of the process',
      value: `${Math.round(memory / 1e6)} MB`,
      floor: `≤ ${MEMORY_BYTES_MAX / 1e6} MB`,
      met: memory <= MEMORY_BYTES_MAX,
      how: `${how}, after the last of them`,
    },
    {
      name: 'state: start to first output',
      value: `${(startMs / 1_000).toFixed(1)} s`,
      floor: `≤ ${START_MS_MAX / 1_000} s`,
      met: startMs <= START_MS_MAX,
      how: `${how}; the start of Node and the joining of the group are in it`,
    },
  ];
}

async function endOf(client: WireClient): Promise<number> {
  const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }];
  const body = { replicaId: -1, isolationLevel: 0, topics: [{ name: TOPIC, partitions }] };
  const { topics } = await client.send(ApiKeys.ListOffsets, 5, body);
  return topics[0]!.partitions[0]!.offset;
}
