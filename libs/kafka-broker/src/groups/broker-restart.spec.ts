import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { createTopic, TestBroker, WireClient } from '@penstock/testing';
import { expect, test } from 'vitest';

test('a broker that stops answers who is parked, and does not wait for anybody', async () => {
  await using broker = await TestBroker.start();
  await using first = await WireClient.connect(broker.port);
  await using second = await WireClient.connect(broker.port);
  const { memberId } = await join(first);
  await sync(first, memberId);
  const parked = join(second);
  await expect.poll(() => stateOf(broker)).toBe('PreparingRebalance');
  await broker.broker.stop();
  expect((await parked).errorCode).toBe(ErrorCodes.NOT_COORDINATOR);
});

test('a deletion that was interrupted leaves no offsets for a new topic of the name', async () => {
  await using broker = await TestBroker.start();
  {
    await using client = await WireClient.connect(broker.port);
    await createTopic(client, 't');
    expect(await commit(client, 7)).toBe(ErrorCodes.NONE);
    let isDead = false;
    broker.store.beforeWrite = (operation) => {
      isDead ||= operation === 'markTopicDeleted';
      if (isDead && operation !== 'markTopicDeleted') throw new Error('the power is gone');
    };
    await client.send(ApiKeys.DeleteTopics, 4, { topicNames: ['t'], timeoutMs: 1_000 });
    broker.store.beforeWrite = () => {};
  }
  await broker.restart();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 't');
  const { topics } = await client.send(ApiKeys.OffsetFetch, 7, {
    groupId: 'g',
    topics: [{ name: 't', partitionIndexes: [0] }],
    requireStable: false,
  });
  expect(topics[0]?.partitions[0]?.committedOffset).toBe(-1);
});

function join(client: WireClient) {
  return client.send(ApiKeys.JoinGroup, 3, {
    ...{ groupId: 'g', memberId: '', protocolType: 'consumer' },
    ...{ sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000 },
    protocols: [{ name: 'range', metadata: Buffer.from('subscription') }],
  });
}

function sync(client: WireClient, memberId: string) {
  const assignments = [{ memberId, assignment: Buffer.from('all') }];
  return client.send(ApiKeys.SyncGroup, 3, {
    groupId: 'g',
    generationId: 1,
    memberId,
    assignments,
  });
}

function stateOf(broker: TestBroker): string {
  return broker.broker.context.groups.describe('g').state;
}

async function commit(client: WireClient, committedOffset: number): Promise<number | undefined> {
  const { topics } = await client.send(ApiKeys.OffsetCommit, 8, {
    ...{ groupId: 'g', generationIdOrMemberEpoch: -1, memberId: '' },
    topics: [
      { name: 't', partitions: [{ partitionIndex: 0, committedOffset, committedMetadata: '' }] },
    ],
  });
  return topics[0]?.partitions[0]?.errorCode;
}
