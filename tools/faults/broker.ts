import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  createTopics,
  repositoryRoot,
  startPenstock,
  WireClient,
  type Penstock,
  type PenstockOptions,
} from '@penstock/testing';
import type { FailingBrokerPlan } from '@penstock/testing/failing-broker';

export const TOPIC = 'ledger';

/** The broker's process alone, on a port and a folder of its own. */
export function startBroker(options: PenstockOptions = {}): Promise<Penstock> {
  return startPenstock({ processes: ['broker'], ...options });
}

/**
 * Words that start the broker, from its sources, on files or with a clock that go wrong as planned.
 */
export function failingBroker(words: readonly string[], plan: FailingBrokerPlan): string[] {
  const script = join(repositoryRoot, 'libs/testing/src/faults/failing-broker.ts');
  return [...words.slice(0, -1), '--conditions=source', script, JSON.stringify(plan)];
}

/** Starts the broker again; gives the time until it served, ms. */
export async function timedStart(penstock: Penstock): Promise<number> {
  const startedAt = performance.now();
  await penstock.start('broker');
  return performance.now() - startedAt;
}

export async function createTopic(
  port: number,
  partitions: number,
  configs: Readonly<Record<string, string>> = {},
  name = TOPIC,
): Promise<void> {
  await using client = await WireClient.connect(port);
  await createTopics(client, [{ name, numPartitions: partitions, configs }]);
}

export function partitionFolder(penstock: Penstock, partition = 0, topic = TOPIC): string {
  return join(penstock.dataDir, 'log', `${topic}-${partition}`);
}

/** Files of a partition's folder that end so, by name. */
export function filesIn(folder: string, ending: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

/** Bytes of all segments of a topic. */
export function logBytes(penstock: Penstock, topic = TOPIC): number {
  const log = join(penstock.dataDir, 'log');
  return readdirSync(log)
    .filter((name) => name.startsWith(`${topic}-`))
    .flatMap((name) => filesIn(join(log, name), '.log'))
    .reduce((sum, file) => sum + statSync(file).size, 0);
}

/** What a process has in memory, bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

/** Bytes that recovery said it cut off torn tails. */
export function cutBytes(penstock: Penstock): number {
  const lines = penstock.logs('broker').matchAll(/"bytes":(\d+)[^\n]*was cut off/g);
  return [...lines].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
}
