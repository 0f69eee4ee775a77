import { eventually, GraphqlClient, type Penstock, startPenstock } from '@penstock/testing';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Group {
  readonly groupId: string;
  readonly state: string;
  readonly health: string;
  readonly lag: number | null;
  readonly memberCount: number;
  readonly members: { clientId: string; assignments: unknown[]; assignmentCount: number }[];
  readonly partitionCount: number;
  readonly partitions: {
    partition: number;
    committedOffset: number | null;
    endOffset: number | null;
    lag: number | null;
    memberId: string | null;
  }[];
}

interface GroupPage {
  readonly consumerGroups: {
    nodes: { groupId: string }[];
    totalCount: number;
    endCursor: string;
    hasNextPage: boolean;
  };
}

const FIELDS = `groupId state health lag memberCount members { clientId assignmentCount
  assignments { topic partition } } partitionCount
  partitions { partition committedOffset endOffset lag memberId }`;

let penstock: Penstock;
let client: GraphqlClient;
let kafka: Kafka;
let consumer: Consumer;

beforeAll(async () => {
  penstock = await startPenstock({ processes: ['broker', 'api'] });
  client = new GraphqlClient(penstock.baseUrl);
  kafka = new Kafka({
    clientId: 'reader',
    brokers: [penstock.bootstrapServers],
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 3 }] });
  for (const groupId of ['other-1', 'other-2', 'other-3']) {
    const partitions = [{ partition: 0, offset: '0' }];
    await admin.setOffsets({ groupId, topic: 'orders', partitions });
  }
  await admin.disconnect();
  consumer = kafka.consumer({ groupId: 'billing' });
  await consumer.connect();
  await consumer.subscribe({ topic: 'orders', fromBeginning: true });
  await consumer.run({ eachMessage: async () => undefined });
  await send(30);
});

afterAll(async () => {
  await consumer?.disconnect();
  await client?.[Symbol.asyncDispose]();
  await penstock?.[Symbol.asyncDispose]();
});

async function send(count: number): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  const messages = Array.from({ length: count }, (_, index) => ({
    value: String(index),
    partition: index % 3,
  }));
  await producer.send({ topic: 'orders', messages });
  await producer.disconnect();
}

async function group(groupId: string): Promise<Group | null> {
  const query = `query ($groupId: String!) { consumerGroup(groupId: $groupId) { ${FIELDS} } }`;
  return (await client.query<{ consumerGroup: Group | null }>(query, { groupId })).consumerGroup;
}

describe('a consumer group', () => {
  test('has its members, what they are assigned, and a lag that its offsets add up to', async () => {
    const caughtUp = (await eventually(async () => {
      const found = await group('billing');
      const isStable = found?.state === 'Stable' && found.partitions.length === 3;
      const hasRead = found?.partitions.every(({ committedOffset }) => committedOffset === 10);
      return isStable && hasRead && found.lag === 0 && found;
    })) as Group;
    expect(caughtUp).toMatchObject({ state: 'Stable', memberCount: 1, partitionCount: 3 });
    expect(caughtUp.members[0]).toMatchObject({ clientId: 'reader', assignmentCount: 3 });
    expect(caughtUp.partitions.map(({ committedOffset }) => committedOffset)).toEqual([10, 10, 10]);
    await consumer.disconnect();
    await send(9);
    const left = (await eventually(async () => {
      const found = await group('billing');
      return found?.lag === 9 && found.health === 'NO_MEMBERS' && found;
    })) as Group;
    expect(left).toMatchObject({ state: 'Empty', members: [], memberCount: 0 });
    for (const { committedOffset, endOffset, lag, memberId } of left.partitions) {
      expect([endOffset! - committedOffset!, memberId]).toEqual([lag, null]);
    }
  });

  test('is null when there is none, and shown by the topic that it reads', async () => {
    expect(await group('no-such-group')).toBeNull();
    const { topic } = await client.query<{
      topic: { consumerGroups: { groupId: string }[]; consumerGroupCount: number };
    }>('{ topic(name: "orders") { consumerGroupCount consumerGroups { groupId } } }');
    expect(topic.consumerGroups.map(({ groupId }) => groupId)).toEqual([
      'billing',
      'other-1',
      'other-2',
      'other-3',
    ]);
    expect(topic.consumerGroupCount).toBe(4);
  });
});

describe('lists of consumer groups', () => {
  test('are searched and paged, none twice and none left out', async () => {
    const ids: string[] = [];
    let after: string | null = null;
    do {
      const { consumerGroups }: GroupPage = await client.query<GroupPage>(
        `query ($after: String) { consumerGroups(filter: "OTHER", first: 2, after: $after) {
          nodes { groupId } totalCount endCursor hasNextPage } }`,
        { after },
      );
      expect(consumerGroups.totalCount).toBe(3);
      ids.push(...consumerGroups.nodes.map(({ groupId }) => groupId));
      after = consumerGroups.hasNextPage ? consumerGroups.endCursor : null;
    } while (after !== null);
    expect(ids).toEqual(['other-1', 'other-2', 'other-3']);
  });

  test('inside of a group can be cut, and still say how long they are', async () => {
    const cut =
      '{ consumerGroup(groupId: "billing") { partitionCount partitions(first: 1) { partition } } }';
    const { consumerGroup } = await client.query<{ consumerGroup: unknown }>(cut);
    expect(consumerGroup).toEqual({ partitionCount: 3, partitions: [{ partition: 0 }] });
    const { errors } = await client.ask(cut.replace('first: 1', 'first: 10001'));
    expect(errors[0]?.message).toContain('allowed is 0 to 10000');
  });
});
