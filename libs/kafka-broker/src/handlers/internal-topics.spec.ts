import { ApiKeys, encodeRecordBatch, ErrorCodes, ZERO_UUID } from '@penstock/kafka-protocol';
import { TestBroker, WireClient } from '@penstock/testing';
import { expect, test } from 'vitest';

const { INVALID_TOPIC_EXCEPTION, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCodes;
const NAMES = ['__consumer_offsets', '__transaction_state', '__share_group_state'];

/** Everything by which a client could make, fill, change or remove a topic. */
test.each(NAMES)('%s is nobody’s topic: not made, written, changed or removed', async (name) => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);

  const metadata = async (allowAutoTopicCreation: boolean) => {
    const flags = {
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    };
    const topics = [{ name, topicId: ZERO_UUID }];
    const asked = { topics, allowAutoTopicCreation, ...flags };
    return (await client.send(ApiKeys.Metadata, 9, asked)).topics[0]?.errorCode;
  };
  expect(await metadata(true)).toBe(INVALID_TOPIC_EXCEPTION);
  expect(await metadata(false)).toBe(UNKNOWN_TOPIC_OR_PARTITION);

  for (const validateOnly of [true, false]) {
    const created = await client.send(ApiKeys.CreateTopics, 5, {
      topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 5_000,
      validateOnly,
    });
    expect(created.topics[0]?.errorCode).toBe(INVALID_TOPIC_EXCEPTION);
  }

  const records = encodeRecordBatch({ records: [{ timestamp: 1, value: Buffer.from('a') }] });
  const produced = await client.send(ApiKeys.Produce, 9, {
    acks: -1,
    timeoutMs: 5_000,
    topicData: [{ name, partitionData: [{ index: 0, records }] }],
  });
  expect(produced.responses[0]?.partitionResponses[0]).toMatchObject({
    errorCode: INVALID_TOPIC_EXCEPTION,
    errorMessage: `Cannot append to internal topic ${name}`,
  });

  const deletedRecords = await client.send(ApiKeys.DeleteRecords, 2, {
    topics: [{ name, partitions: [{ partitionIndex: 0, offset: -1 }] }],
    timeoutMs: 5_000,
  });
  expect(deletedRecords.topics[0]?.partitions[0]?.errorCode).toBe(INVALID_TOPIC_EXCEPTION);

  expect([...broker.broker.context.topics.all()]).toEqual([]);
});

test('one that an older version let be made stays as it is', async () => {
  const [name = ''] = NAMES;
  await using broker = await TestBroker.start();
  const id = '00000000-0000-4000-8000-000000000001';
  const configs = new Map<string, string>();
  await broker.store.createTopic({
    ...{ id, name, partitionCount: 1, configs, internal: false, deleted: false },
  });
  await broker.restart();
  await using client = await WireClient.connect(broker.port);

  const grown = await client.send(ApiKeys.CreatePartitions, 2, {
    topics: [{ name, count: 2, assignments: null }],
    timeoutMs: 5_000,
    validateOnly: false,
  });
  expect(grown.results[0]?.errorCode).toBe(INVALID_TOPIC_EXCEPTION);
  const altered = await client.send(ApiKeys.IncrementalAlterConfigs, 1, {
    resources: [
      {
        resourceType: 2,
        resourceName: name,
        configs: [{ name: 'retention.ms', configOperation: 0, value: '1' }],
      },
    ],
    validateOnly: false,
  });
  expect(altered.responses[0]?.errorCode).toBe(INVALID_TOPIC_EXCEPTION);
  const deleted = await client.send(ApiKeys.DeleteTopics, 5, {
    topics: [],
    topicNames: [name],
    timeoutMs: 5_000,
  });
  expect(deleted.responses[0]?.errorCode).toBe(INVALID_TOPIC_EXCEPTION);
  const topic = broker.broker.context.topics.byName(name);
  expect(topic).toMatchObject({ partitionCount: 1, isInternal: true });
});
