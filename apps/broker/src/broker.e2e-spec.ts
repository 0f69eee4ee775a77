import {
  ApiKeys,
  ErrorCodes,
  decodeRecords,
  encodeRecordBatch,
  recordBatches,
} from '@penstock/kafka-protocol';
import { createTopic, startPenstock, WireClient, type Penstock } from '@penstock/testing';
import { expect, test } from 'vitest';

/** The real process: its database, its files, its signals. */

const PARTITIONS = 3;
const KILLS = 3;

test('kill -9 under acks=all load loses nothing acknowledged and invents nothing', async () => {
  await using penstock = await startPenstock({ processes: ['broker'] });
  await create(penstock, 'ledger');
  const acknowledged = new Set<string>();
  const sent = new Set<string>();
  for (let round = 0; round < KILLS; round += 1) {
    const load = Array.from({ length: PARTITIONS }, (_, partition) =>
      produceUntilClosed(penstock.kafkaPort, partition, round, sent, acknowledged),
    );
    const before = acknowledged.size;
    await expect.poll(() => acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(before + 200);
    await penstock.killHard('broker');
    await Promise.all(load);
    await penstock.start('broker');
  }
  const kept = await readAll(penstock.kafkaPort, 'ledger');
  const values = kept.map(({ value }) => value);
  expect([...acknowledged].filter((value) => !values.includes(value))).toEqual([]);
  expect(values.filter((value) => !sent.has(value))).toEqual([]);
  expect(new Set(values).size).toBe(values.length);
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const offsets = kept.filter((each) => each.partition === partition).map(({ offset }) => offset);
    expect(offsets).toEqual(offsets.map((_, index) => index));
  }
});

test('topics, configs, committed offsets and group members survive kill -9 and SIGTERM', async () => {
  await using penstock = await startPenstock({
    processes: ['broker'],
    env: { KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0' },
  });
  await create(penstock, 'kept', { 'retention.ms': '12345' });
  const member = await joinGroup(penstock.kafkaPort);
  await commit(penstock.kafkaPort, member, 7);
  const before = await describe(penstock.kafkaPort);

  await penstock.killHard('broker');
  await penstock.start('broker');
  expect(await describe(penstock.kafkaPort)).toEqual(before);
  await commit(penstock.kafkaPort, member, 8);

  const { code } = await penstock.stop('broker');
  expect(code).toBe(0);
  await penstock.start('broker');
  expect(await describe(penstock.kafkaPort)).toEqual({ ...before, committed: 8 });
  {
    await using client = await WireClient.connect(penstock.kafkaPort);
    const beat = await client.send(ApiKeys.Heartbeat, 4, { groupId: 'g', ...member });
    expect(beat.errorCode).toBe(0);
  }
});

test('members of a group that was rebalancing, and static ones, go on after kill -9', async () => {
  await using penstock = await startPenstock({
    processes: ['broker'],
    env: { KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0' },
  });
  const first = await joinGroup(penstock.kafkaPort, 'rebalancing');
  const fixed = await joinGroup(penstock.kafkaPort, 'static', 'one');
  {
    await using parked = await WireClient.connect(penstock.kafkaPort);
    const join = parked.send(ApiKeys.JoinGroup, 3, joinRequest('rebalancing'));
    await expect
      .poll(() => heartbeat(penstock.kafkaPort, 'rebalancing', first))
      .toBe(ErrorCodes.REBALANCE_IN_PROGRESS);
    await Promise.all([
      expect(join).rejects.toThrow('connection closed'),
      penstock.killHard('broker'),
    ]);
  }
  await penstock.start('broker');
  expect(await heartbeat(penstock.kafkaPort, 'rebalancing', first)).toBe(ErrorCodes.NONE);
  await using client = await WireClient.connect(penstock.kafkaPort);
  const rejoined = await client.send(ApiKeys.JoinGroup, 5, {
    ...joinRequest('rebalancing'),
    memberId: first.memberId,
  });
  expect(rejoined).toMatchObject({ errorCode: 0, generationId: 2, leader: first.memberId });
  expect(await heartbeat(penstock.kafkaPort, 'static', fixed, 'one')).toBe(ErrorCodes.NONE);
  const back = await client.send(ApiKeys.JoinGroup, 5, joinRequest('static', 'one'));
  expect(back).toMatchObject({ errorCode: 0, generationId: 1 });
  expect(await heartbeat(penstock.kafkaPort, 'static', fixed, 'one')).toBe(
    ErrorCodes.FENCED_INSTANCE_ID,
  );
});

interface Member {
  memberId: string;
  generationId: number;
}

/** One connection per partition, five requests on their way, until the broker dies. */
async function produceUntilClosed(
  port: number,
  partition: number,
  round: number,
  sent: Set<string>,
  acknowledged: Set<string>,
): Promise<void> {
  await using client = await WireClient.connect(port);
  let next = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      const value = `${partition}/${round}/${next++}`;
      sent.add(value);
      const records = encodeRecordBatch({
        records: [{ timestamp: Date.now(), value: Buffer.from(value) }],
      });
      const answer = await client.send(ApiKeys.Produce, 9, {
        acks: -1,
        timeoutMs: 5_000,
        topicData: [{ name: 'ledger', partitionData: [{ index: partition, records }] }],
      });
      expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
      acknowledged.add(value);
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: 5 }, lane));
  for (const each of lanes) {
    expect(each).toMatchObject({ status: 'rejected', reason: { message: 'connection closed' } });
  }
}

async function readAll(port: number, topic: string) {
  await using client = await WireClient.connect(port);
  const kept: { partition: number; offset: number; value: string }[] = [];
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    for (let offset = 0; ;) {
      const answer = await client.send(ApiKeys.Fetch, 12, {
        maxWaitMs: 0,
        minBytes: 0,
        isolationLevel: 0,
        sessionId: 0,
        rackId: '',
        topics: [
          {
            topic,
            topicId: '00000000-0000-0000-0000-000000000000',
            partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: 1_048_576 }],
          },
        ],
      });
      const records = answer.responses[0]!.partitions[0]!.records ?? Buffer.alloc(0);
      if (records.length === 0) break;
      for (const slice of recordBatches(records)) {
        for (const record of decodeRecords(records, slice)) {
          if (record.offset < offset) continue;
          kept.push({ partition, offset: record.offset, value: String(record.value) });
          offset = record.offset + 1;
        }
      }
    }
  }
  return kept;
}

async function create(
  { kafkaPort }: Penstock,
  name: string,
  configs: Record<string, string> = {},
): Promise<void> {
  await using client = await WireClient.connect(kafkaPort);
  await createTopic(client, name, PARTITIONS, configs);
}

function joinRequest(groupId: string, groupInstanceId: string | null = null) {
  return {
    ...{ groupId, groupInstanceId, memberId: '', protocolType: 'consumer' },
    ...{ sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000 },
    protocols: [{ name: 'range', metadata: Buffer.from('subscription') }],
  };
}

async function joinGroup(
  port: number,
  groupId = 'g',
  groupInstanceId: string | null = null,
): Promise<Member> {
  await using client = await WireClient.connect(port);
  // Version 3 gives dynamic members their id at once; 5 is the first to know static ones.
  const version = groupInstanceId === null ? 3 : 5;
  const request = joinRequest(groupId, groupInstanceId);
  const joined = await client.send(ApiKeys.JoinGroup, version, request);
  const member = { memberId: joined.memberId, generationId: joined.generationId };
  const synced = await client.send(ApiKeys.SyncGroup, 3, {
    ...{ groupId, groupInstanceId },
    ...member,
    assignments: [{ memberId: joined.memberId, assignment: Buffer.from('all of it') }],
  });
  expect(synced.assignment.toString()).toBe('all of it');
  return member;
}

async function heartbeat(
  port: number,
  groupId: string,
  member: Member,
  groupInstanceId: string | null = null,
): Promise<number> {
  await using client = await WireClient.connect(port);
  const request = { groupId, groupInstanceId, ...member };
  return (await client.send(ApiKeys.Heartbeat, 4, request)).errorCode;
}

async function commit(port: number, { memberId, generationId }: Member, committedOffset: number) {
  await using client = await WireClient.connect(port);
  const answer = await client.send(ApiKeys.OffsetCommit, 8, {
    groupId: 'g',
    generationIdOrMemberEpoch: generationId,
    memberId,
    topics: [
      {
        name: 'kept',
        partitions: [{ partitionIndex: 1, committedOffset, committedMetadata: 'm' }],
      },
    ],
  });
  expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(0);
}

async function describe(port: number) {
  await using client = await WireClient.connect(port);
  const metadata = await client.send(ApiKeys.Metadata, 12, {
    topics: null,
    includeTopicAuthorizedOperations: false,
  });
  const configs = await client.send(ApiKeys.DescribeConfigs, 4, {
    resources: [{ resourceType: 2, resourceName: 'kept', configurationKeys: ['retention.ms'] }],
    includeSynonyms: false,
    includeDocumentation: false,
  });
  const groups = await client.send(ApiKeys.DescribeGroups, 5, {
    groups: ['g'],
    includeAuthorizedOperations: false,
  });
  const offsets = await client.send(ApiKeys.OffsetFetch, 7, {
    groupId: 'g',
    topics: null,
    requireStable: false,
  });
  return {
    clusterId: metadata.clusterId,
    topics: metadata.topics,
    retention: configs.results[0]?.configs[0]?.value,
    group: groups.groups[0],
    committed: offsets.topics[0]?.partitions[0]?.committedOffset,
  };
}
