import { ApiKeys } from '@penstock/kafka-protocol';
import { eventually, externalTool, Ledger, WireClient } from '@penstock/testing';
import { expect, test } from 'vitest';
import { auditTopic } from './audit.ts';
import { createTopic, failingBroker, startBroker } from './broker.ts';
import { KcatProducer } from './kcat-producer.ts';
import { produceSome } from './loads.ts';
import { acknowledgedMore, standStill } from './progress.ts';
import { isLong, report, rounds } from './settings.ts';
import { WireProducer } from './wire-producer.ts';
import { WireFollower } from './wire-reader.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
const JUMPS_MS = [HOUR_MS, -HOUR_MS, 10 * YEAR_MS, -10 * YEAR_MS];

test('fault 20: a clock that jumps deletes nothing and expires no session', async () => {
  const ledger = new Ledger();
  let clockOffsetMs = 0;
  await using penstock = await startBroker({
    env: {
      KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS: '100',
      KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '500',
    },
    command: (_name, words) => failingBroker(words, { clockOffsetMs }),
  });
  const { kafkaPort: port } = penstock;
  // Records are a week too young to be deleted; their timestamps may be far from the broker's time.
  await createTopic(port, 1, {
    'segment.ms': '50',
    'message.timestamp.after.max.ms': '9223372036854775807',
  });
  await produceSome(penstock, ledger, { partitions: 1, records: 100, pauseMs: 20 });
  const member = await join(port);
  for (const offset of JUMPS_MS) {
    clockOffsetMs = offset;
    penstock.send('broker', { clockOffsetMs });
    await aSessionEnds(port);
    expect(await heartbeat(port, member)).toBe(0);
    await produceSome(penstock, ledger, { partitions: 1, records: 10 });
    await auditTopic(penstock, 1, ledger);
    await penstock.stop('broker');
    await penstock.start('broker');
    await aSessionEnds(port);
    expect(await heartbeat(port, member)).toBe(0);
    await auditTopic(penstock, 1, ledger);
  }
  const { acknowledged, lost } = await auditTopic(penstock, 1, ledger);
  report(20, { jumps: JUMPS_MS.length * 2, acked: acknowledged, lost, 'sessions expired': 0 });
});

test('fault 21: a process that stood still goes on, and nothing is written twice', async () => {
  const ledger = new Ledger();
  await using penstock = await startBroker();
  const { kafkaPort: port, bootstrapServers } = penstock;
  await createTopic(port, 2);
  await using follower = new WireFollower(port, 0, ledger);
  const own = { port, ledger, idempotent: true };
  await using wire = new WireProducer({ ...own, name: 'wire', partition: 0 }).start();
  const theirs = { bootstrapServers, ledger, idempotent: true, name: 'kcat', partition: 1 };
  await using kcat = externalTool('kcat') ? new KcatProducer(theirs).start() : undefined;
  const member = await join(port, 60_000);
  const stops = rounds(2, 10);
  for (let round = 0; round < stops; round++) {
    await acknowledgedMore(ledger, 200);
    await standStill(penstock, isLong ? 5_000 + round * 1_500 : 5_000);
    await acknowledgedMore(ledger, 200);
  }
  expect(await heartbeat(port, member)).toBe(0);
  await Promise.all([wire.stop(), kcat?.stop() ?? Promise.resolve()]);
  await follower[Symbol.asyncDispose]();
  const verdict = await auditTopic(penstock, 2, ledger, { idempotent: ['wire', 'kcat'] });
  expect(verdict.acknowledged).toBe(ledger.attempted.size);
  const { acknowledged, lost, duplicates } = verdict;
  report(21, { stops, acked: acknowledged, lost, duplicates });
});

/**
 * Waits until the broker has ended a one-second session without heartbeats: by then its timers have
 * run after the jump, those of retention many times.
 */
async function aSessionEnds(port: number): Promise<void> {
  const groupId = 'left-alone';
  const member = await join(port, 1_000, groupId);
  await using client = await WireClient.connect(port);
  await eventually(async () => {
    const { groups } = await client.send(ApiKeys.DescribeGroups, 5, {
      groups: [groupId],
      includeAuthorizedOperations: false,
    });
    return groups[0]?.members.every(({ memberId }) => memberId !== member.memberId);
  });
}

interface Member {
  readonly memberId: string;
  readonly generationId: number;
}

async function join(port: number, sessionTimeoutMs = 20_000, groupId = 'g'): Promise<Member> {
  await using client = await WireClient.connect(port);
  const joined = await client.send(ApiKeys.JoinGroup, 3, {
    groupId,
    sessionTimeoutMs,
    rebalanceTimeoutMs: 60_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from('subscription') }],
  });
  const member = { memberId: joined.memberId, generationId: joined.generationId };
  await client.send(ApiKeys.SyncGroup, 3, {
    groupId,
    ...member,
    assignments: [{ memberId: joined.memberId, assignment: Buffer.from('all') }],
  });
  return member;
}

async function heartbeat(port: number, member: Member, groupId = 'g'): Promise<number> {
  await using client = await WireClient.connect(port);
  return (await client.send(ApiKeys.Heartbeat, 4, { groupId, ...member })).errorCode;
}
