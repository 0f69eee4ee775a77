import { externalTool, Ledger, type Penstock } from '@penstock/testing';
import { expect, test } from 'vitest';
import { LedgerProducer } from '../acceptance/ledger.ts';
import { auditTopic } from './audit.ts';
import { createTopic, cutBytes, logBytes, startBroker, timedStart } from './broker.ts';
import { KcatProducer } from './kcat-producer.ts';
import { acknowledgedMore } from './progress.ts';
import { isLong, randomOf, report, rounds, seed } from './settings.ts';
import { WireProducer } from './wire-producer.ts';
import { WireFollower } from './wire-reader.ts';

const PARTITIONS = 4;
/** Records acknowledged between two kills, at most. */
const RECORDS_MAX = isLong ? 12_000 : 6_000;

/**
 * Kills after a random number of acknowledged records and starts again, over and over; gives the
 * times to ready, ms.
 */
async function killAgainAndAgain(
  penstock: Penstock,
  ledger: Ledger,
  count: number,
  random: () => number,
): Promise<number[]> {
  const recoveries: number[] = [];
  for (let round = 0; round < count; round++) {
    await acknowledgedMore(ledger, Math.floor(random() * RECORDS_MAX));
    await penstock.killHard('broker');
    recoveries.push(await timedStart(penstock));
  }
  return recoveries;
}

async function stopAll(producers: ({ stop(): Promise<void> } | undefined)[]): Promise<void> {
  await Promise.all(producers.map(async (producer) => producer?.stop()));
}

test('fault 1: kill -9 at random moments loses nothing acknowledged and invents nothing', async () => {
  const kills = rounds(20, 200);
  await using penstock = await startBroker();
  await createTopic(penstock.kafkaPort, PARTITIONS);
  const ledger = new Ledger();
  const { kafkaPort: port, bootstrapServers } = penstock;
  await using follower = new WireFollower(port, 0, ledger);
  await using one = new WireProducer({ port, name: 'one', ledger, partition: 0 }).start();
  await using two = new WireProducer({ port, name: 'two', ledger, partition: 1 }).start();
  await using three = new LedgerProducer(bootstrapServers, 'ledger', PARTITIONS, { ledger });
  await three.start();
  const options = { bootstrapServers, name: 'kcat', ledger, partition: 3 };
  await using kcat = externalTool('kcat') ? new KcatProducer(options).start() : undefined;
  const recoveries = await killAgainAndAgain(penstock, ledger, kills, randomOf('1'));
  await stopAll([one, two, three, kcat]);
  await follower[Symbol.asyncDispose]();
  const { acknowledged, lost, duplicates } = await auditTopic(penstock, PARTITIONS, ledger);
  report(1, {
    seed,
    kills,
    attempted: ledger.attempted.size,
    acked: acknowledged,
    lost,
    duplicates,
    'recovery ms (median/max)': recoveries,
    'cut bytes': cutBytes(penstock),
    'log bytes': logBytes(penstock),
  });
});

test('fault 2: over kill -9, idempotent producers lose nothing and write nothing twice', async () => {
  const kills = rounds(12, 200);
  await using penstock = await startBroker();
  await createTopic(penstock.kafkaPort, PARTITIONS);
  const ledger = new Ledger();
  const { kafkaPort: port, bootstrapServers } = penstock;
  await using follower = new WireFollower(port, 3, ledger);
  const idempotent = ['wire', 'both', 'kcat-a', 'kcat-b'];
  const own = { port, ledger, idempotent: true };
  const theirs = { bootstrapServers, ledger, idempotent: true };
  await using wire = new WireProducer({ ...own, name: 'wire', partition: 0 }).start();
  // Two producers in one partition: each has sequences of its own.
  await using both = new WireProducer({ ...own, name: 'both', partition: 3 }).start();
  const hasKcat = externalTool('kcat') !== undefined;
  await using a = hasKcat
    ? new KcatProducer({ ...theirs, name: 'kcat-a', partition: 3 }).start()
    : undefined;
  await using b = hasKcat
    ? new KcatProducer({ ...theirs, name: 'kcat-b', partition: 2 }).start()
    : undefined;
  const recoveries = await killAgainAndAgain(penstock, ledger, kills, randomOf('2'));
  await stopAll([wire, both, a, b]);
  await follower[Symbol.asyncDispose]();
  const verdict = await auditTopic(penstock, PARTITIONS, ledger, { idempotent });
  expect(verdict.duplicates).toBe(0);
  // Whoever retries for ever has everything acknowledged in the end.
  expect(verdict.acknowledged).toBe(ledger.attempted.size);
  expect(verdict.read).toBe(ledger.attempted.size);
  report(2, {
    seed,
    kills,
    acked: verdict.acknowledged,
    lost: verdict.lost,
    duplicates: verdict.duplicates,
    'recovery ms (median/max)': recoveries,
    'cut bytes': cutBytes(penstock),
  });
});
