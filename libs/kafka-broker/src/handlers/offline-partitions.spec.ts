import { NodeFiles } from '@penstock/kafka-log';
import { ApiKeys, encodeRecordBatch, ErrorCodes } from '@penstock/kafka-protocol';
import { fetchRecords, TestBroker, WireClient } from '@penstock/testing';
import { FailingFiles } from '@penstock/testing/failing-files';
import { expect, test } from 'vitest';

test('a partition whose disk fails is shown as a directory with an error, beside the others', async () => {
  const files = new FailingFiles(new NodeFiles(), {
    operation: 'syncData',
    path: 'orders-0/.*log$',
    nth: 1,
    effect: { code: 'EIO' },
  });
  await using broker = await TestBroker.start({ durability: 'fsync', files });
  await using client = await WireClient.connect(broker.port);
  await client.send(ApiKeys.CreateTopics, 7, {
    topics: [
      { name: 'orders', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] },
    ],
    validateOnly: false,
  });
  const produce = async (index: number) => {
    const records = encodeRecordBatch({
      records: [{ timestamp: Date.now(), value: Buffer.from('v') }],
    });
    const { responses } = await client.send(ApiKeys.Produce, 9, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 'orders', partitionData: [{ index, records }] }],
    });
    return responses[0]?.partitionResponses[0]?.errorCode;
  };
  expect(await produce(0)).toBe(ErrorCodes.KAFKA_STORAGE_ERROR);
  expect(await produce(1)).toBe(ErrorCodes.NONE);

  // The ends it knows may lie before what a reader has seen: they are not reported.
  const { records, errorCode } = await fetchRecords(client, 'orders', 99, { maxWaitMs: 0 });
  expect([errorCode, records.length]).toEqual([ErrorCodes.KAFKA_STORAGE_ERROR, 0]);
  const latest = await client.send(ApiKeys.ListOffsets, 4, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
  });
  expect(latest.topics[0]?.partitions[0]).toMatchObject({
    errorCode: ErrorCodes.KAFKA_STORAGE_ERROR,
    offset: -1,
  });
  const epoch = await client.send(ApiKeys.OffsetForLeaderEpoch, 3, {
    topics: [{ topic: 'orders', partitions: [{ partition: 0, leaderEpoch: 0 }] }],
  });
  expect(epoch.topics[0]?.partitions[0]).toMatchObject({
    errorCode: ErrorCodes.KAFKA_STORAGE_ERROR,
    endOffset: -1,
  });
  const deleted = await client.send(ApiKeys.DeleteRecords, 2, {
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: -1 }] }],
    timeoutMs: 1000,
  });
  expect(deleted.topics[0]?.partitions[0]).toMatchObject({
    errorCode: ErrorCodes.KAFKA_STORAGE_ERROR,
    lowWatermark: -1,
  });

  const { results } = await client.send(ApiKeys.DescribeLogDirs, 4, { topics: null });
  const { logDirectory } = broker.broker.context;
  const shown = results.map(({ errorCode, logDir, topics }) => ({
    errorCode,
    logDir,
    partitions: topics.flatMap((topic) => topic.partitions.map((each) => each.partitionIndex)),
  }));
  expect(shown).toEqual([
    { errorCode: ErrorCodes.NONE, logDir: logDirectory, partitions: [1] },
    {
      errorCode: ErrorCodes.KAFKA_STORAGE_ERROR,
      logDir: `${logDirectory}/orders-0`,
      partitions: [0],
    },
  ]);

  const { topics } = await client.send(ApiKeys.Metadata, 9, {
    topics: null,
    includeTopicAuthorizedOperations: false,
  });
  const offline = topics[0]?.partitions.map(({ offlineReplicas }) => offlineReplicas);
  expect(offline).toEqual([[1], []]);
});
