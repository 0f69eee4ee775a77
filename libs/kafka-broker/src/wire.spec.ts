import {
  ApiKeys,
  decodeRecords,
  decodeResponse,
  encodeRecordBatch,
  ErrorCodes,
  readRecordBatchHeader,
  recordBatches,
  ZERO_UUID,
} from '@penstock/kafka-protocol';
import { TestBroker, WireClient } from '@penstock/testing';
import { expect, test } from 'vitest';

/** What libraries of clients do not do: the protocol itself, over real sockets. */

test('an ApiVersions request above ours is answered in version 0 with error 35 and its own versions', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  const answer = client.nextFrame();
  // Length, key 18, version 99, correlation id 7, and a body that cannot be read.
  client.write(Buffer.from('0000000d0012006300000007ffffffffff', 'hex'));
  const { correlationId, body } = decodeResponse(ApiKeys.ApiVersions, 0, await answer);
  expect(correlationId).toBe(7);
  expect(body.errorCode).toBe(ErrorCodes.UNSUPPORTED_VERSION);
  expect(body.apiKeys).toMatchObject([{ apiKey: ApiKeys.ApiVersions, minVersion: 0 }]);
});

test('ApiVersions offers Produce from 0, for clients that look for it before they compress', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  const { apiKeys } = await client.send(ApiKeys.ApiVersions, 0, {
    clientSoftwareName: '',
    clientSoftwareVersion: '',
  });
  expect(apiKeys.find(({ apiKey }) => apiKey === ApiKeys.Produce)).toMatchObject({
    minVersion: 0,
    maxVersion: 11,
  });
});

test('ApiVersions refuses a software name that is none', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  const answer = await client.send(ApiKeys.ApiVersions, 3, {
    clientSoftwareName: '-x-',
    clientSoftwareVersion: '1',
  });
  expect(answer.errorCode).toBe(ErrorCodes.INVALID_REQUEST);
});

test.each([
  ['an unknown API', '0000000a03e700000000000100ff'],
  ['a version that is not offered', '0000000a0003006300000001ffff'],
  ['a negative length', 'ffffffff'],
  ['a length above the limit', '7fffffff'],
  ['a truncated body', '0000000a0003000100000001ffff'],
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n').toString('hex')],
])('%s closes the connection, and others go on', async (_, hex) => {
  await using broker = await TestBroker.start();
  await using other = await WireClient.connect(broker.port);
  await using client = await WireClient.connect(broker.port);
  client.write(Buffer.from(hex, 'hex'));
  await client.closed();
  const answer = await other.send(ApiKeys.Metadata, 1, metadataBody([]));
  expect(answer.brokers).toHaveLength(1);
});

test('clients reach it by IPv6 too, and are told an address that they reach', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port, '::1');
  const { brokers } = await client.send(ApiKeys.Metadata, 9, metadataBody([]));
  expect(brokers).toEqual([{ nodeId: 1, host: '127.0.0.1', port: broker.port, rack: null }]);
});

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

test('answers come in the order of the requests, even behind a Fetch that waits', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'waiting');
  // The client matches answers to requests by their order and checks the correlation ids.
  const start = performance.now();
  const [waited, metadata, versions] = await Promise.all([
    fetch(client, 'waiting', 0, { maxWaitMs: 200, minBytes: 1 }),
    client.send(ApiKeys.Metadata, 9, metadataBody([])),
    client.send(ApiKeys.ApiVersions, 0, apiVersionsBody),
  ]);
  expect(performance.now() - start).toBeGreaterThan(150);
  expect([waited.errorCode, metadata.errorCode, versions.errorCode]).toEqual([0, 0, 0]);
});

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
  const { highWatermark } = await fetch(client, 'silent', 0, { maxWaitMs: 0 });
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
  const { highWatermark } = await fetch(client, 'strict', 0, { maxWaitMs: 0 });
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
  const { records } = await fetch(client, 'middle', 2, { maxWaitMs: 0 });
  expect([...recordBatches(records)].map(({ header }) => header.baseOffset)).toEqual([0, 3]);
  expect(readRecordBatchHeader(records).partitionLeaderEpoch).toBe(0);
});

test('Fetch waits for min.bytes, wakes when they are there, and gives up when its time is over', async () => {
  await using broker = await TestBroker.start();
  await using consumer = await WireClient.connect(broker.port);
  await using producer = await WireClient.connect(broker.port);
  await createTopic(producer, 'parked');
  const start = performance.now();
  const woken = fetch(consumer, 'parked', 0, { maxWaitMs: 5_000, minBytes: 1 });
  await produce(producer, 'parked', ['now']);
  expect((await woken).records.length).toBeGreaterThan(0);
  expect(performance.now() - start).toBeLessThan(2_000);

  const late = await fetch(consumer, 'parked', 0, { maxWaitMs: 100, minBytes: 10_000 });
  expect([...recordBatches(late.records)]).toHaveLength(1);
  expect(broker.broker.context.parkedFetches.size).toBe(0);
});

test('Fetch gives a batch that is larger than every limit, alone', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'large');
  await produce(client, 'large', ['x'.repeat(500_000)]);
  await produce(client, 'large', ['y']);
  const { records } = await fetch(client, 'large', 0, { maxWaitMs: 0, partitionMaxBytes: 10 });
  const batches = [...recordBatches(records)];
  expect(batches).toHaveLength(1);
  expect(batches[0]?.header.byteLength).toBe(records.length);
});

test('Fetch refuses offsets out of range, sessions, and unknown topic ids', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'ranges');
  expect(await fetch(client, 'ranges', 5, {})).toMatchObject({
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
  const { records } = await fetch(client, 'kept', 0, { maxWaitMs: 0 });
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
  expect((await fetch(client, 'again', 0, { maxWaitMs: 0 })).highWatermark).toBe(0);
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
  expect((await fetch(client, 'half', 0, { maxWaitMs: 0 })).highWatermark).toBe(0);
});

test('in fsync durability records sent with acks=1 wake a waiting Fetch once they are durable', async () => {
  await using broker = await TestBroker.start({ durability: 'fsync' });
  await using consumer = await WireClient.connect(broker.port);
  await using producer = await WireClient.connect(broker.port);
  await createTopic(producer, 'one');
  const woken = fetch(consumer, 'one', 0, { maxWaitMs: 5_000, minBytes: 1 });
  await producer.send(ApiKeys.Produce, 9, produceBody('one', batch(['a']), 1));
  expect(await woken).toMatchObject({ highWatermark: 1 });
  expect(broker.broker.context.topics.byName('one')?.log(0)?.durableEndOffset).toBe(1);
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

test('the bytes of a record come back as they were sent', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'bytes');
  await produce(client, 'bytes', ['caffè', '']);
  const { records } = await fetch(client, 'bytes', 0, { maxWaitMs: 0 });
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

function metadataBody(topics: { topicId: string; name: string }[] | null) {
  return { topics, includeTopicAuthorizedOperations: false };
}

const apiVersionsBody = { clientSoftwareName: 'test', clientSoftwareVersion: '1' };

async function createTopic(client: WireClient, name: string, numPartitions = 1) {
  const { topics } = await client.send(ApiKeys.CreateTopics, 7, {
    topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
    validateOnly: false,
  });
  expect(topics[0]?.errorCode).toBe(ErrorCodes.NONE);
  return topics[0]!;
}

function batch(values: readonly string[], producer = {}): Buffer {
  const timestamp = Date.now();
  const records = values.map((value) => ({ timestamp, value: Buffer.from(value) }));
  return encodeRecordBatch({ records, ...producer });
}

function produceBody(name: string, records: Buffer, acks = -1) {
  return {
    acks,
    timeoutMs: 1000,
    topicData: [{ name, partitionData: [{ index: 0, records }] }],
  };
}

async function produce(client: WireClient, topic: string, values: readonly string[]) {
  const answer = await client.send(ApiKeys.Produce, 9, produceBody(topic, batch(values)));
  return answer.responses[0]!.partitionResponses[0]!;
}

interface FetchOptions {
  maxWaitMs?: number;
  minBytes?: number;
  partitionMaxBytes?: number;
}

function fetchBody(topic: string, fetchOffset: number, options: FetchOptions) {
  const { maxWaitMs = 0, minBytes = 1, partitionMaxBytes = 1_048_576 } = options;
  return {
    maxWaitMs,
    minBytes,
    isolationLevel: 0,
    sessionId: 0,
    rackId: '',
    topics: [
      {
        topic,
        topicId: '00000000-0000-0000-0000-00000000000a',
        partitions: [{ partition: 0, fetchOffset, partitionMaxBytes }],
      },
    ],
  };
}

async function fetch(client: WireClient, topic: string, offset: number, options: FetchOptions) {
  const answer = await client.send(ApiKeys.Fetch, 12, fetchBody(topic, offset, options));
  const partition = answer.responses[0]!.partitions[0]!;
  return { ...partition, records: partition.records ?? Buffer.alloc(0) };
}
