import {
  ApiKeys,
  decodeRecords,
  encodeRecordBatch,
  ErrorCodes,
  readRecordBatchHeader,
  recordBatches,
} from '@penstock/kafka-protocol';
import {
  TestBroker,
  WireClient,
  createTopic,
  batch,
  produceBody,
  produce,
  fetchBody,
  fetchRecords,
} from '@penstock/testing';
import { expect, test } from 'vitest';

/** Records in and out, request by request. */

test('Produce requests in a row are answered in order, with consecutive offsets', async () => {
  await using broker = await TestBroker.start({ durability: 'fsync' });
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'pipelined');
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => produce(client, 'pipelined', [`r${index}`])),
  );
  expect(answers.map(({ baseOffset }) => baseOffset)).toEqual(answers.map((_, index) => index));
});

test('acks=0 gets no answer, its records are there', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'silent');
  client.post(ApiKeys.Produce, 9, produceBody('silent', batch(['a', 'b']), 0));
  // Answered next, so that the Produce before it was not.
  const { highWatermark } = await fetchRecords(client, 'silent', 0, { maxWaitMs: 0 });
  expect(highWatermark).toBe(2);
});

test('acks=0 closes the connection when the batch is refused', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  client.post(ApiKeys.Produce, 9, produceBody('nowhere', batch(['a']), 0));
  await client.closed();
  expect(broker.broker.context.metrics.connections).toBe(0);
});

test.each([
  ['acks that do not exist', { acks: 2 }, ErrorCodes.INVALID_REQUIRED_ACKS],
  ['a flipped bit', { flip: true }, ErrorCodes.CORRUPT_MESSAGE],
  ['a batch above the limit', { size: 1_048_600 }, ErrorCodes.MESSAGE_TOO_LARGE],
  ['an unknown topic', { topic: 'nowhere' }, ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION],
])('Produce refuses %s', async (_, wrong, errorCode) => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'strict');
  const { acks = -1, flip = false, size = 1, topic = 'strict' } = wrong as Wrong;
  const records = batch(['x'.repeat(size)]);
  if (flip) records[records.length - 1] = (records.at(-1) ?? 0) ^ 1;
  const answer = await client.send(ApiKeys.Produce, 9, produceBody(topic, records, acks));
  expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(errorCode);
  if (topic !== 'strict') return;
  const { highWatermark } = await fetchRecords(client, 'strict', 0, { maxWaitMs: 0 });
  expect(highWatermark).toBe(0);
});

test('an idempotent producer that repeats a batch gets the first offsets and adds nothing', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'once');
  const { producerId } = await client.send(ApiKeys.InitProducerId, 4, {
    transactionalId: null,
    transactionTimeoutMs: 0,
  });
  const send = (baseSequence: number) =>
    client
      .send(
        ApiKeys.Produce,
        9,
        produceBody('once', batch(['a', 'b'], { producerId, producerEpoch: 0, baseSequence })),
      )
      .then((answer) => answer.responses[0]?.partitionResponses[0]);
  expect(await send(0)).toMatchObject({ errorCode: 0, baseOffset: 0 });
  expect(await send(0)).toMatchObject({ errorCode: 0, baseOffset: 0 });
  expect(await send(2)).toMatchObject({ errorCode: 0, baseOffset: 2 });
  expect(await send(9)).toMatchObject({ errorCode: ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER });
});

test('Fetch from the middle of a batch gives the whole batch', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'middle');
  await produce(client, 'middle', ['a', 'b', 'c']);
  await produce(client, 'middle', ['d']);
  const { records } = await fetchRecords(client, 'middle', 2, { maxWaitMs: 0 });
  expect([...recordBatches(records)].map(({ header }) => header.baseOffset)).toEqual([0, 3]);
  expect(readRecordBatchHeader(records).partitionLeaderEpoch).toBe(0);
});

test('Fetch waits for min.bytes, wakes when they are there, and gives up when its time is over', async () => {
  await using broker = await TestBroker.start();
  await using consumer = await WireClient.connect(broker.port);
  await using producer = await WireClient.connect(broker.port);
  await createTopic(producer, 'parked');
  // Nothing but what is produced ends this wait.
  const woken = fetchRecords(consumer, 'parked', 0, { maxWaitMs: 2 ** 31 - 1, minBytes: 1 });
  await produce(producer, 'parked', ['now']);
  expect((await woken).records.length).toBeGreaterThan(0);

  const late = await fetchRecords(consumer, 'parked', 0, { maxWaitMs: 100, minBytes: 10_000 });
  expect([...recordBatches(late.records)]).toHaveLength(1);
  expect(broker.broker.context.parkedFetches.size).toBe(0);
});

test('Fetch gives a batch that is larger than every limit, alone', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'large');
  await produce(client, 'large', ['x'.repeat(500_000)]);
  await produce(client, 'large', ['y']);
  const { records } = await fetchRecords(client, 'large', 0, {
    maxWaitMs: 0,
    partitionMaxBytes: 10,
  });
  const batches = [...recordBatches(records)];
  expect(batches).toHaveLength(1);
  expect(batches[0]?.header.byteLength).toBe(records.length);
});

test('Fetch refuses offsets out of range, sessions, and unknown topic ids', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'ranges');
  expect(await fetchRecords(client, 'ranges', 5, {})).toMatchObject({
    errorCode: ErrorCodes.OFFSET_OUT_OF_RANGE,
  });
  const session = await client.send(ApiKeys.Fetch, 12, {
    ...fetchBody('ranges', 0, {}),
    sessionId: 7,
    sessionEpoch: 1,
  });
  expect(session.errorCode).toBe(ErrorCodes.FETCH_SESSION_ID_NOT_FOUND);
  const byId = await client.send(ApiKeys.Fetch, 13, fetchBody('', 0, {}));
  expect(byId.responses[0]?.partitions[0]?.errorCode).toBe(ErrorCodes.UNKNOWN_TOPIC_ID);
});

test('ListOffsets finds ends, times and the largest timestamp', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'times');
  const now = Date.now();
  for (const timestamp of [now - 3000, now - 1000, now - 2000]) {
    const records = encodeRecordBatch({ records: [{ timestamp, value: Buffer.from('v') }] });
    await client.send(ApiKeys.Produce, 9, produceBody('times', records));
  }
  const list = async (timestamp: number) => {
    const answer = await client.send(ApiKeys.ListOffsets, 9, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: 'times', partitions: [{ partitionIndex: 0, timestamp }] }],
    });
    const { errorCode, offset, timestamp: found } = answer.topics[0]!.partitions[0]!;
    return [errorCode, offset, found];
  };
  expect(await list(-2)).toEqual([0, 0, -1]);
  expect(await list(-1)).toEqual([0, 3, -1]);
  expect(await list(-3)).toEqual([0, 1, now - 1000]);
  expect(await list(now - 2500)).toEqual([0, 1, now - 1000]);
  expect(await list(now)).toEqual([0, -1, -1]);
  expect(await list(-9)).toEqual([ErrorCodes.UNSUPPORTED_VERSION, -1, -1]);
});

test('in fsync durability records sent with acks=1 wake a waiting Fetch once they are durable', async () => {
  await using broker = await TestBroker.start({ durability: 'fsync' });
  await using consumer = await WireClient.connect(broker.port);
  await using producer = await WireClient.connect(broker.port);
  await createTopic(producer, 'one');
  const woken = fetchRecords(consumer, 'one', 0, { maxWaitMs: 5_000, minBytes: 1 });
  await producer.send(ApiKeys.Produce, 9, produceBody('one', batch(['a']), 1));
  expect(await woken).toMatchObject({ highWatermark: 1 });
  expect(broker.broker.context.topics.byName('one')?.log(0)?.durableEndOffset).toBe(1);
});

test('the bytes of a record come back as they were sent', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'bytes');
  await produce(client, 'bytes', ['caffè', '']);
  const { records } = await fetchRecords(client, 'bytes', 0, { maxWaitMs: 0 });
  const decoded = [...recordBatches(records)].flatMap((slice) => [
    ...decodeRecords(records, slice),
  ]);
  expect(decoded.map(({ value }) => value?.toString())).toEqual(['caffè', '']);
});

interface Wrong {
  acks?: number;
  flip?: boolean;
  size?: number;
  topic?: string;
}
