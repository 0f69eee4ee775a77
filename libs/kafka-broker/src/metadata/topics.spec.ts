import { NodeFiles } from '@penstock/kafka-log';
import { ApiKeys, ErrorCodes, recordBatches, ZERO_UUID } from '@penstock/kafka-protocol';
import {
  TestBroker,
  WireClient,
  batch,
  metadataBody,
  createTopic,
  produce,
  fetchRecords,
} from '@penstock/testing';
import { FailingFiles } from '@penstock/testing/failing-files';
import { expect, test } from 'vitest';

/** Topics and their configs, and what is left of everything after a restart. */

test('asking for an unknown topic creates it, unless the request or the broker forbids', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  const ask = (name: string, allowAutoTopicCreation: boolean) =>
    client.send(ApiKeys.Metadata, 9, {
      ...metadataBody([{ topicId: ZERO_UUID, name }]),
      allowAutoTopicCreation,
    });
  const forbidden = await ask('orders', false);
  expect(forbidden.topics[0]?.errorCode).toBe(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  const created = await ask('orders', true);
  expect(created.topics[0]).toMatchObject({ errorCode: ErrorCodes.NONE, name: 'orders' });
  expect(created.topics[0]?.partitions).toHaveLength(1);
  const bad = await ask('no/slash', true);
  expect(bad.topics[0]?.errorCode).toBe(ErrorCodes.INVALID_TOPIC_EXCEPTION);
});

test('of two who create a topic at once one finds it there already', async () => {
  await using broker = await TestBroker.start();
  await using one = await WireClient.connect(broker.port);
  await using two = await WireClient.connect(broker.port);
  const disk = Promise.withResolvers<void>();
  broker.store.beforeWrite = () => disk.promise;
  const answers = [one, two].map((client) =>
    client.send(ApiKeys.CreateTopics, 7, {
      topics: [
        { name: 'orders', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
      ],
      validateOnly: false,
    }),
  );
  await untilRead(broker);
  disk.resolve();
  const errors = (await Promise.all(answers)).map(({ topics }) => topics[0]?.errorCode);
  expect(new Set(errors)).toEqual(new Set([ErrorCodes.NONE, ErrorCodes.TOPIC_ALREADY_EXISTS]));
});

test('a topic that could not be stored is not there, and clients may ask again', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  const ask = async () => {
    const topics = [{ topicId: ZERO_UUID, name: 'orders' }];
    return (await client.send(ApiKeys.Metadata, 9, metadataBody(topics))).topics[0]?.errorCode;
  };
  broker.store.beforeWrite = () => Promise.reject(new Error('the disk is full'));
  expect(await ask()).toBe(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  broker.store.beforeWrite = () => {};
  expect(await ask()).toBe(ErrorCodes.NONE);
});

test('topics, records, producer ids and offsets survive a restart', async () => {
  await using broker = await TestBroker.start();
  let topicId: string;
  {
    await using client = await WireClient.connect(broker.port);
    const created = await createTopic(client, 'kept', 3);
    topicId = created.topicId;
    await produce(client, 'kept', ['a', 'b']);
    await client.send(ApiKeys.OffsetCommit, 8, {
      groupId: 'g',
      memberId: '',
      topics: [
        {
          name: 'kept',
          partitions: [{ partitionIndex: 0, committedOffset: 2, committedMetadata: 'note' }],
        },
      ],
    });
  }
  await broker.restart();
  await using client = await WireClient.connect(broker.port);
  const metadata = await client.send(ApiKeys.Metadata, 12, metadataBody(null));
  expect(metadata.topics).toMatchObject([{ name: 'kept', topicId }]);
  expect(metadata.topics[0]?.partitions).toHaveLength(3);
  const { records } = await fetchRecords(client, 'kept', 0, { maxWaitMs: 0 });
  expect([...recordBatches(records)]).toHaveLength(1);
  const fetched = await client.send(ApiKeys.OffsetFetch, 7, {
    groupId: 'g',
    topics: null,
    requireStable: false,
  });
  expect(fetched.topics[0]?.partitions).toMatchObject([
    { partitionIndex: 0, committedOffset: 2, metadata: 'note', errorCode: 0 },
  ]);
});

test('a deleted topic is gone at once and its name can be used again', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  const first = await createTopic(client, 'again');
  await produce(client, 'again', ['old']);
  const deleted = await client.send(ApiKeys.DeleteTopics, 6, {
    topics: [{ name: 'again', topicId: ZERO_UUID }],
    timeoutMs: 1000,
  });
  expect(deleted.responses).toMatchObject([{ name: 'again', errorCode: 0 }]);
  const second = await createTopic(client, 'again');
  expect(second.topicId).not.toBe(first.topicId);
  expect((await fetchRecords(client, 'again', 0, { maxWaitMs: 0 })).highWatermark).toBe(0);
});

test('who asks for a deletion that is under way is answered when it is done', async () => {
  await using broker = await TestBroker.start();
  await using first = await WireClient.connect(broker.port);
  await using second = await WireClient.connect(broker.port);
  await createTopic(first, 'orders');
  const disk = Promise.withResolvers<void>();
  broker.store.beforeWrite = () => disk.promise;
  let answers = 0;
  const deletions = [first, second].map(async (client) => {
    const errorCode = await remove(client, 'orders');
    answers++;
    return errorCode;
  });
  await untilRead(broker);
  expect(answers).toBe(0);
  disk.resolve();
  expect(await Promise.all(deletions)).toEqual([ErrorCodes.NONE, ErrorCodes.NONE]);
});

test('growth and deletion of a topic take turns, and leave nothing to the next of its name', async () => {
  await using broker = await TestBroker.start();
  await using one = await WireClient.connect(broker.port);
  await using two = await WireClient.connect(broker.port);
  await using three = await WireClient.connect(broker.port);
  await createTopic(one, 'orders');
  const disk = Promise.withResolvers<void>();
  broker.store.beforeWrite = () => disk.promise;
  const outcomes = [grow(one, 5), grow(two, 4), remove(three, 'orders')];
  await untilRead(broker);
  disk.resolve();
  // In any order of the requests the topic never shrinks, and a deleted topic does not grow.
  const [five, four, removed] = await Promise.all(outcomes);
  const refused = [ErrorCodes.INVALID_PARTITIONS, ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION];
  expect([ErrorCodes.NONE, ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION]).toContain(five);
  expect([ErrorCodes.NONE, ...refused]).toContain(four);
  expect(removed).toBe(ErrorCodes.NONE);

  await createTopic(one, 'orders', 5);
  const records = batch(['of the next']);
  const partitionData = [0, 1, 2, 3, 4].map((index) => ({ index, records }));
  const produced = await one.send(ApiKeys.Produce, 9, {
    ...{ acks: -1, timeoutMs: 1000 },
    topicData: [{ name: 'orders', partitionData }],
  });
  const errors = produced.responses[0]?.partitionResponses.map(({ errorCode }) => errorCode);
  expect(errors).toEqual([0, 0, 0, 0, 0]);
  await broker.restart();
  await using after = await WireClient.connect(broker.port);
  const { topics } = await after.send(ApiKeys.ListOffsets, 4, {
    ...{ replicaId: -1, isolationLevel: 0 },
    topics: [
      {
        name: 'orders',
        partitions: [0, 1, 2, 3, 4].map((partitionIndex) => ({ partitionIndex, timestamp: -1 })),
      },
    ],
  });
  expect(topics[0]?.partitions.map(({ offset }) => offset)).toEqual([1, 1, 1, 1, 1]);
});

test('of two growths at once the smaller does not shrink the topic', async () => {
  await using broker = await TestBroker.start();
  await using one = await WireClient.connect(broker.port);
  await using two = await WireClient.connect(broker.port);
  await createTopic(one, 'orders');
  const disk = Promise.withResolvers<void>();
  broker.store.beforeWrite = () => disk.promise;
  const growths = [grow(one, 5), grow(two, 4)];
  await untilRead(broker);
  disk.resolve();
  await Promise.all(growths);
  await broker.restart();
  await using client = await WireClient.connect(broker.port);
  const { topics } = await client.send(ApiKeys.Metadata, 12, metadataBody(null));
  expect(topics[0]?.partitions).toHaveLength(5);
});

test('a deletion that failed half-way is finished before the name is used again', async () => {
  const fault = {
    ...{ operation: 'makeDirectory' as const, path: '/trash/', nth: 1 },
    effect: { code: 'ENOSPC' },
  };
  const files = new FailingFiles(new NodeFiles(), fault);
  await using broker = await TestBroker.start({ files });
  {
    await using client = await WireClient.connect(broker.port);
    await createTopic(client, 'half', 2);
    await produce(client, 'half', ['old']);
    expect(await remove(client, 'half')).toBe(ErrorCodes.UNKNOWN_SERVER_ERROR);
    await expect(createTopic(client, 'half')).rejects.toThrow('ENOSPC');
  }
  // It is no reason not to start.
  await broker.restart();
  await using client = await WireClient.connect(broker.port);
  const { topics } = await client.send(ApiKeys.Metadata, 12, metadataBody(null));
  expect(topics).toEqual([]);
  await expect(createTopic(client, 'half')).rejects.toThrow('ENOSPC');
  fault.nth = Infinity;
  await createTopic(client, 'half');
  expect((await fetchRecords(client, 'half', 0, { maxWaitMs: 0 })).highWatermark).toBe(0);
});

test('a deletion that a crash cut short is finished by the next start', async () => {
  await using broker = await TestBroker.start();
  {
    await using client = await WireClient.connect(broker.port);
    await createTopic(client, 'half');
    await produce(client, 'half', ['old']);
    broker.store.beforeWrite = (operation) => {
      if (operation === 'removeTopic') throw new Error('the disk is gone');
    };
    const deleted = await client.send(ApiKeys.DeleteTopics, 6, {
      topics: [{ name: 'half', topicId: ZERO_UUID }],
      timeoutMs: 1000,
    });
    expect(deleted.responses[0]?.errorCode).toBe(ErrorCodes.UNKNOWN_SERVER_ERROR);
  }
  broker.store.beforeWrite = () => {};
  await broker.restart();
  await using client = await WireClient.connect(broker.port);
  const { topics } = await client.send(ApiKeys.Metadata, 12, metadataBody(null));
  expect(topics).toEqual([]);
  await createTopic(client, 'half');
  expect((await fetchRecords(client, 'half', 0, { maxWaitMs: 0 })).highWatermark).toBe(0);
});

test('offsets that could not be stored are refused with an error that clients try again', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'stored');
  const commit = async (committedOffset: number) => {
    const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: null }];
    const answer = await client.send(ApiKeys.OffsetCommit, 8, {
      groupId: 'g',
      memberId: '',
      topics: [{ name: 'stored', partitions }],
    });
    return answer.topics[0]?.partitions[0]?.errorCode;
  };
  broker.store.beforeWrite = () => Promise.reject(new Error('the disk is full'));
  expect(await commit(5)).toBe(ErrorCodes.COORDINATOR_NOT_AVAILABLE);
  broker.store.beforeWrite = () => {};
  expect(await commit(6)).toBe(ErrorCodes.NONE);
});

test('CreateTopics judges each topic on its own', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'here');
  const ask = (name: string, more = {}) => ({
    name,
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
    ...more,
  });
  const { topics } = await client.send(ApiKeys.CreateTopics, 7, {
    validateOnly: false,
    topics: [
      ask('good', { numPartitions: -1, replicationFactor: -1 }),
      ask('here'),
      ask('three', { replicationFactor: 3 }),
      ask('none', { numPartitions: 0 }),
      ask('odd', { configs: [{ name: 'no.such.config', value: '1' }] }),
      ask('bad name'),
      ask('twice'),
      ask('twice'),
      ask('configured', { configs: [{ name: 'min.insync.replicas', value: '2' }] }),
    ],
  });
  expect(topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ['good', ErrorCodes.NONE],
    ['here', ErrorCodes.TOPIC_ALREADY_EXISTS],
    ['three', ErrorCodes.INVALID_REPLICATION_FACTOR],
    ['none', ErrorCodes.INVALID_PARTITIONS],
    ['odd', ErrorCodes.INVALID_CONFIG],
    ['bad name', ErrorCodes.INVALID_TOPIC_EXCEPTION],
    ['twice', ErrorCodes.INVALID_REQUEST],
    ['configured', ErrorCodes.NONE],
  ]);
});

test('topic configs are described with their source and change at run time', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'configured');
  const describe = async (name: string) => {
    const answer = await client.send(ApiKeys.DescribeConfigs, 4, {
      resources: [{ resourceType: 2, resourceName: 'configured', configurationKeys: null }],
      includeSynonyms: true,
      includeDocumentation: false,
    });
    expect(answer.results[0]?.configs.length).toBeGreaterThanOrEqual(33);
    const config = answer.results[0]?.configs.find((each) => each.name === name);
    return [config?.value, config?.configSource];
  };
  const alter = (name: string, configOperation: number, value: string | null) =>
    client
      .send(ApiKeys.IncrementalAlterConfigs, 1, {
        resources: [
          {
            resourceType: 2,
            resourceName: 'configured',
            configs: [{ name, configOperation, value }],
          },
        ],
        validateOnly: false,
      })
      .then((answer) => answer.responses[0]?.errorCode);
  expect(await describe('cleanup.policy')).toEqual(['delete', 5]);
  expect(await alter('cleanup.policy', 2, 'compact')).toBe(ErrorCodes.NONE);
  expect(await describe('cleanup.policy')).toEqual(['delete,compact', 1]);
  expect(await alter('cleanup.policy', 3, 'delete')).toBe(ErrorCodes.NONE);
  expect(await describe('cleanup.policy')).toEqual(['compact', 1]);
  expect(await alter('cleanup.policy', 1, null)).toBe(ErrorCodes.NONE);
  expect(await describe('cleanup.policy')).toEqual(['delete', 5]);
  expect(await alter('retention.ms', 0, 'soon')).toBe(ErrorCodes.INVALID_CONFIG);
  expect(await alter('max.message.bytes', 0, '100')).toBe(ErrorCodes.NONE);
  const tooLarge = await produce(client, 'configured', ['x'.repeat(200)]);
  expect(tooLarge.errorCode).toBe(ErrorCodes.MESSAGE_TOO_LARGE);
});

/** Grows the topic `orders`; resolves with the error code. */
async function grow(client: WireClient, count: number): Promise<number | undefined> {
  const { results } = await client.send(ApiKeys.CreatePartitions, 3, {
    topics: [{ name: 'orders', count, assignments: null }],
    timeoutMs: 1000,
    validateOnly: false,
  });
  return results[0]?.errorCode;
}

/** Deletes a topic; resolves with the error code. */
async function remove(client: WireClient, name: string): Promise<number | undefined> {
  const { responses } = await client.send(ApiKeys.DeleteTopics, 4, {
    topicNames: [name],
    timeoutMs: 1000,
  });
  return responses[0]?.errorCode;
}

/**
 * Others are answered while something waits for the disk: what was sent before was read by then.
 */
async function untilRead(broker: TestBroker): Promise<void> {
  await using client = await WireClient.connect(broker.port);
  await client.send(ApiKeys.Metadata, 9, metadataBody(null));
}
