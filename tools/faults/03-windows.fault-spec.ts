import { join } from 'node:path';
import { ApiKeys } from '@penstock/kafka-protocol';
import { eventually, externalTool, Ledger, WireClient, type Penstock } from '@penstock/testing';
import type { FilesFault } from '@penstock/testing/failing-files';
import { expect, test } from 'vitest';
import { auditTopic } from './audit.ts';
import { createTopic, cutBytes, failingBroker, startBroker, timedStart, TOPIC } from './broker.ts';
import { withDeadline } from './progress.ts';
import { randomOf, report, rounds, seed } from './settings.ts';
import { WireProducer } from './wire-producer.ts';
import { WireFollower } from './wire-reader.ts';

/** A window, and how many of its operations pass before it may close. */
type Window = Omit<FilesFault, 'nth'> & { readonly name: string; readonly among: number };

const LOG = `${TOPIC}-\\d+/\\d+\\.log$`;
const windows: readonly Window[] = [
  { name: 'before a write', operation: 'write', path: LOG, effect: 'killBefore', among: 200 },
  { name: 'inside a write', operation: 'write', path: LOG, effect: 'killInside', among: 200 },
  { name: 'write..sync', operation: 'syncData', path: LOG, effect: 'killBefore', among: 100 },
  { name: 'sync..answer', operation: 'syncData', path: LOG, effect: 'killAfter', among: 100 },
  { name: 'before a roll', operation: 'open', path: LOG, effect: 'killBefore', among: 6 },
  { name: 'after a roll', operation: 'open', path: LOG, effect: 'killAfter', among: 6 },
  { name: 'index', operation: 'write', path: '\\.index$', effect: 'killInside', among: 3 },
  { name: 'snapshot', operation: 'write', path: '\\.snapshot$', effect: 'killInside', among: 3 },
  { name: 'folder', operation: 'syncDirectory', path: TOPIC, effect: 'killBefore', among: 3 },
  {
    name: 'checkpoint entry',
    operation: 'write',
    // Under the name with which it is begun.
    path: 'partitions\\.checkpoint',
    effect: 'killInside',
    among: 100,
  },
  // This one is made at the start: the process never gets ready.
  {
    name: 'checkpoint before rename',
    operation: 'rename',
    path: 'partitions\\.checkpoint$',
    effect: 'killBefore',
    among: 1,
  },
  {
    name: 'checkpoint after rename',
    operation: 'rename',
    path: 'partitions\\.checkpoint$',
    effect: 'killAfter',
    among: 1,
  },
];

test('fault 3: kill -9 inside of exact operations loses nothing and writes nothing twice', async () => {
  const random = randomOf('3');
  const count = rounds(1, 20);
  let fault: FilesFault | undefined;
  await using penstock = await startBroker({
    command: (_name, words) => (fault === undefined ? words : failingBroker(words, { fault })),
  });
  await createTopic(penstock.kafkaPort, 2, { 'segment.ms': '200' });
  const ledger = new Ledger();
  const { kafkaPort: port } = penstock;
  const own = { port, ledger, idempotent: true, pauseMs: 1 };
  await using one = new WireProducer({ ...own, name: 'one', partition: 0 }).start();
  await using two = new WireProducer({ ...own, name: 'two', partition: 1 }).start();
  await using follower = new WireFollower(port, 0, ledger);
  const recoveries: number[] = [];
  const points: string[] = [];
  for (let round = 0; round < count; round++) {
    for (const { name, among, ...window } of windows) {
      await penstock.stop('broker');
      fault = { ...window, nth: 1 + Math.floor(random() * among) };
      points.push(`${name} ${fault.nth}`);
      const started = await penstock.start('broker').catch(() => undefined);
      expect(started).toBeUndefined();
      const { signal } = await withDeadline(penstock.ended('broker'), `kill ${points.at(-1)}`);
      expect([points.at(-1), signal]).toEqual([points.at(-1), 'SIGKILL']);
      fault = undefined;
      recoveries.push(await timedStart(penstock));
      const before = ledger.acknowledged.length;
      await eventually(() => ledger.acknowledged.length > before + 50, { deadlineMs: 20_000 });
    }
  }
  await Promise.all([one.stop(), two.stop()]);
  await follower[Symbol.asyncDispose]();
  const verdict = await auditTopic(penstock, 2, ledger, { idempotent: ['one', 'two'] });
  report(3, {
    seed,
    'kill points': points.length,
    acked: verdict.acknowledged,
    lost: verdict.lost,
    duplicates: verdict.duplicates,
    'recovery ms (median/max)': recoveries,
    'cut bytes': cutBytes(penstock),
  });
});

const hasStrace = externalTool('strace') !== undefined;

test.skipIf(!hasStrace)(
  'fault 3: kill -9 inside of a commit of broker.db keeps every acknowledged offset',
  async () => {
    const random = randomOf('3-sqlite');
    let kill: string | undefined;
    await using penstock = await startBroker({
      command: (_name, words) =>
        kill === undefined
          ? words
          : ['strace', '-D', '-f', '-qq', '-o', '/dev/null', ...inject(kill), ...words],
    });
    await createTopic(penstock.kafkaPort, 1);
    const inject = (call: string) => {
      const file = join(penstock.dataDir, 'broker.db-wal');
      const nth = 4 + Math.floor(random() * 30);
      return ['-P', file, '-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${nth}`];
    };
    let attempted = 0;
    let acknowledged = 0;
    const calls = ['pwrite64', 'fsync,fdatasync'];
    const wanted = rounds(4, 60);
    for (let round = 0; round < wanted; round++) {
      await penstock.stop('broker');
      kill = calls[round % calls.length]!;
      await penstock.start('broker').catch(() => undefined);
      const ended = penstock.ended('broker');
      let isOver = false;
      void ended.then(() => (isOver = true));
      await using client = await WireClient.connect(penstock.kafkaPort).catch(() => undefined);
      const deadline = performance.now() + 20_000;
      while (!isOver && client !== undefined) {
        if (performance.now() > deadline) throw new Error(`no ${kill} of broker.db came`);
        try {
          await commitOffset(client, attempted + 1, () => attempted++);
          acknowledged = attempted;
        } catch (error) {
          if (!client.isClosed) throw error;
          break;
        }
      }
      expect((await withDeadline(ended, `kill in ${kill}`)).signal).toBe('SIGKILL');
      kill = undefined;
      await penstock.start('broker');
      const kept = await committedOffset(penstock);
      expect(kept).toBeGreaterThanOrEqual(acknowledged);
      expect(kept).toBeLessThanOrEqual(attempted);
      attempted = kept;
      acknowledged = kept;
    }
    report('3 (broker.db)', { seed, kills: wanted, 'offsets acked': acknowledged, lost: 0 });
  },
);

async function commitOffset(client: WireClient, offset: number, onSent: () => void) {
  const sent = client.send(ApiKeys.OffsetCommit, 8, {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [
      {
        name: TOPIC,
        partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: '' }],
      },
    ],
  });
  onSent();
  const answer = await sent;
  expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(0);
}

async function committedOffset({ kafkaPort }: Penstock): Promise<number> {
  await using client = await WireClient.connect(kafkaPort);
  const { topics } = await client.send(ApiKeys.OffsetFetch, 7, {
    groupId: 'g',
    topics: null,
    requireStable: false,
  });
  return topics[0]?.partitions[0]?.committedOffset ?? 0;
}
