import { join } from 'node:path';
import { eventually, WireClient } from '@penstock/testing';
import type { BenchRun } from './bench-run.ts';
import { planKafka, planPenstock, RunningBroker, type BrokerPlan } from './brokers.ts';
import { createTopic, produceOne } from './raw-requests.ts';
import { inTurn } from './statistics.ts';

const TOPIC = 'start';
const TARGET = { ratio: 0.1, isMoreBetter: false };

/**
 * Seconds from the start of the process to the first acknowledged record: on an empty folder
 * (Kafka's is formatted before, which is not counted), then on the same one after a clean end.
 */
export async function compareStart(run: BenchRun, classPath: string): Promise<void> {
  const empty: Record<string, number[]> = { kafka: [], penstock: [] };
  const again: Record<string, number[]> = { kafka: [], penstock: [] };
  for (let pair = 0; pair < run.options.pairs; pair++) {
    const folder = (name: string) => join(run.folder, `${name}-start-${pair}`);
    const plans = [
      await planKafka(classPath, folder('kafka'), 'os'),
      await planPenstock(folder('penstock'), 'os'),
    ];
    for (const plan of inTurn(plans, pair)) {
      empty[plan.name]!.push(
        await secondsToFirstRecord(run, plan, async () => {
          await createTopic(plan.port, { name: TOPIC, numPartitions: 1 });
        }),
      );
      again[plan.name]!.push(await secondsToFirstRecord(run, plan, async () => {}));
    }
  }
  const name = 'start to first acknowledged record';
  run.add(
    { name: `${name}, empty folder`, unit: 's', values: empty, target: TARGET },
    { name: `${name}, later`, unit: 's', values: again, target: TARGET },
  );
}

async function secondsToFirstRecord(
  run: BenchRun,
  plan: BrokerPlan,
  prepare: () => Promise<void>,
): Promise<number> {
  const startedAt = performance.now();
  await using broker = RunningBroker.spawn(plan);
  await eventually(() => broker.assertAlive() && firstRecord(plan.port, prepare), {
    deadlineMs: 60_000,
    intervalMs: 5,
    what: `a record acknowledged by ${plan.name}`,
  });
  const seconds = (performance.now() - startedAt) / 1000;
  run.say(`  start, ${plan.name}: ${seconds.toFixed(2)} s`);
  return seconds;
}

async function firstRecord(port: number, prepare: () => Promise<void>): Promise<boolean> {
  await using client = await WireClient.connect(port);
  if ((await produceOne(client, TOPIC)) === 0) return true;
  await prepare();
  return (await produceOne(client, TOPIC)) === 0;
}
