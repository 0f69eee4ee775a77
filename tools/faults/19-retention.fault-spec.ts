import { statSync } from 'node:fs';
import { eventually, Ledger, WireClient, type Penstock } from '@penstock/testing';
import type { FilesFault } from '@penstock/testing/failing-files';
import { expect, test } from 'vitest';
import { auditTopic } from './audit.ts';
import {
  createTopic,
  failingBroker,
  filesIn,
  partitionFolder,
  startBroker,
  TOPIC,
} from './broker.ts';
import { randomOf, report, rounds, seed } from './settings.ts';
import { WireProducer } from './wire-producer.ts';
import { logRange, readByWire } from './wire-reader.ts';

const RETENTION_BYTES = 300_000;
const env = { KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS: '100' };

test('fault 19: retention against readers and kills removes the oldest, and nothing else', async () => {
  const random = randomOf('19');
  const ledger = new Ledger(1_000);
  let fault: FilesFault | undefined;
  await using penstock = await startBroker({
    env,
    command: (_name, words) => (fault === undefined ? words : failingBroker(words, { fault })),
  });
  const { kafkaPort: port } = penstock;
  await createTopic(port, 1, { 'segment.ms': '150', 'retention.bytes': String(RETENTION_BYTES) });
  const own = { port, ledger, name: 'one', partition: 0, idempotent: true };
  await using producer = new WireProducer(own).start();
  const kills = rounds(4, 100);
  const effects = ['killBefore', 'killAfter'] as const;
  let start = 0;
  for (let round = 0; round < kills; round++) {
    await penstock.stop('broker');
    const nth = 1 + Math.floor(random() * 3);
    fault = { operation: 'unlink', path: '\\.log$', effect: effects[round % 2]!, nth };
    await penstock.start('broker').catch(() => undefined);
    const ended = penstock.ended('broker');
    let isOver = false;
    void ended.then(() => (isOver = true));
    await eventually(
      async () => {
        await readByWire(port, 1).catch(() => undefined);
        return isOver;
      },
      { deadlineMs: 60_000, intervalMs: 1, what: 'a kill while retention removes a segment' },
    );
    expect((await ended).signal).toBe('SIGKILL');
    fault = undefined;
    await penstock.start('broker');
    const now = await startOffset(penstock);
    expect(now).toBeGreaterThanOrEqual(start);
    start = now;
  }
  await producer.stop();
  await penstock.restart('broker');
  // Retention goes on: what is read twice must not change in between.
  await penstock.stop('broker');
  fault = undefined;
  await penstock.start('broker');
  await settled(penstock);
  const first = await startOffset(penstock);
  const verdict = await auditTopic(penstock, 1, ledger, {
    idempotent: ['one'],
    mayBeMissing: ({ offset }) => offset < first,
  });
  expect(first).toBeGreaterThan(0);
  const { acknowledged, lost, duplicates } = verdict;
  report(19, { seed, kills, acked: acknowledged, 'removed by retention': first, lost, duplicates });
});

async function startOffset({ kafkaPort }: Penstock): Promise<number> {
  await using client = await WireClient.connect(kafkaPort);
  return (await logRange(client, TOPIC, 0)).start;
}

/**
 * Waits until retention finds nothing more to remove: without its oldest segment it is too short.
 */
async function settled(penstock: Penstock): Promise<void> {
  await eventually(() => {
    const sizes = filesIn(partitionFolder(penstock), '.log').map((file) => statSync(file).size);
    const kept = sizes.slice(1).reduce((sum, size) => sum + size, 0);
    return sizes.length === 1 || kept < RETENTION_BYTES;
  });
}
