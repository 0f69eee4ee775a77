// Does with @platformatic/kafka what each line of standard input asks for: see
// tools/compat/protocol.ts.
import {
  Admin,
  ConfigResourceTypes,
  Consumer,
  IncrementalAlterConfigOperationTypes,
  Producer,
  type Message,
  type MessagesStream,
  type MessageToProduce,
} from '@platformatic/kafka';
import type { JoinRequest, Place, ProduceRequest, ReadRecord, ReadRequest } from '../protocol.ts';
import { base64Of, bytesOf, Inbox, sendPlaced, serve } from './lines.ts';

const client = {
  clientId: 'compat',
  bootstrapBrokers: [process.argv[2]!],
  retries: 100,
  retryDelay: 100,
  metadataMaxAge: 1000,
};
const admin = new Admin({ ...client, retries: 5 });

type Stream = MessagesStream<Buffer, Buffer, Buffer, Buffer>;

let member: Consumer | undefined;
let stream: Stream | undefined;
let group = '';
let inbox = new Inbox();

await serve({
  hello: () => ({ version: '2.12.1' }),
  cluster: async () => ({ brokers: (await admin.metadata({ topics: [] })).brokers.size }),
  createTopic: async ({ topic, partitions, replicas = 1, configs = {} }) => {
    const entries = Object.entries(configs).map(([name, value]) => ({ name, value }));
    await admin.createTopics({ topics: [topic], partitions, replicas, configs: entries });
    return {};
  },
  topics: async () => ({ names: await admin.listTopics() }),
  partitions: async ({ topic }) => {
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
    return { count: topics.get(topic)!.partitionsCount };
  },
  addPartitions: async ({ topic, count }) => {
    await admin.createPartitions({ topics: [{ name: topic, count }] });
    return {};
  },
  deleteTopic: async ({ topic }) => {
    await admin.deleteTopics({ topics: [topic] });
    return {};
  },
  topicConfigs: async ({ topic }) => {
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic };
    const [found] = await admin.describeConfigs({ resources: [resource] });
    const entries = found!.configs.map(({ name, value }) => [name, value]);
    return { configs: Object.fromEntries(entries) as Record<string, string> };
  },
  setTopicConfigs: async ({ topic, configs }) => {
    const configOperation = IncrementalAlterConfigOperationTypes.SET;
    const operations = Object.entries(configs).map(([name, value]) => ({
      name,
      value,
      configOperation,
    }));
    const resourceType = ConfigResourceTypes.TOPIC;
    const resources = [{ resourceType, resourceName: topic, configs: operations }];
    await admin.incrementalAlterConfigs({ resources });
    return {};
  },
  produce,
  read,
  offsetsFor: async ({ topic, partition, at }) => {
    const named: Record<string, bigint> = { earliest: -2n, latest: -1n, 'max-timestamp': -3n };
    const timestamp = named[String(at)] ?? BigInt(at);
    const partitions = [{ partitionIndex: partition, timestamp }];
    const [found] = await admin.listOffsets({ topics: [{ name: topic, partitions }] });
    return { offset: Number(found!.partitions[0]!.offset) };
  },
  join,
  poll: ({ ms }) => inbox.poll(ms),
  commit: async ({ topic, partition, offset }) => {
    await member!.commit({
      offsets: [{ topic, partition, offset: BigInt(offset), leaderEpoch: 0 }],
    });
    return {};
  },
  committed: async ({ topic, partition }) => {
    const found = await member!.listCommittedOffsets({
      topics: [{ topic, partitions: [partition] }],
    });
    return { offset: Number(found.get(topic)![0]), metadata: '' };
  },
  leave: async () => {
    await member!.close(true);
    return {};
  },
  groups: async () => ({ names: [...(await admin.listGroups()).keys()] }),
  group: async (request) => {
    const found = (await admin.describeGroups({ groups: [request.group] })).get(request.group)!;
    return { state: found.state, members: found.members.size };
  },
  deleteGroup: async (request) => {
    await admin.deleteGroups({ groups: [request.group] });
    return {};
  },
  groupOffsets: async (request) => {
    const place = { name: request.topic, partitionIndexes: [request.partition] };
    const groups = [{ groupId: request.group, topics: [place] }];
    const [found] = await admin.listConsumerGroupOffsets({ groups });
    const offsets = found!.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, committedOffset, metadata }) => ({
        topic: name,
        partition: partitionIndex,
        offset: Number(committedOffset),
        metadata: metadata ?? '',
      })),
    );
    return { offsets };
  },
  setGroupOffset: async ({ group: groupId, topic, partition, offset }) => {
    const partitionOffsets = [{ partition, offset: BigInt(offset) }];
    await admin.alterConsumerGroupOffsets({ groupId, topics: [{ name: topic, partitionOffsets }] });
    return {};
  },
  deleteGroupOffset: async ({ group: groupId, topic, partition }) => {
    const topics = [{ name: topic, partitionIndexes: [partition] }];
    await admin.deleteConsumerGroupOffsets({ groupId, topics });
    return {};
  },
  deleteRecords: async ({ topic, partition, before }) => {
    const partitions = [{ partition, offset: BigInt(before) }];
    const [found] = await admin.deleteRecords({ topics: [{ name: topic, partitions }] });
    return { low: Number(found!.partitions[0]!.lowWatermark) };
  },
  logDirs: async ({ topic }) => {
    const [broker] = await admin.describeLogDirs({ topics: [{ name: topic, partitions: [0] }] });
    const sizes = broker!.results
      .flatMap(({ topics }) => topics)
      .filter(({ name }) => name === topic)
      .flatMap(({ partitions }) => partitions.map(({ partitionSize }) => Number(partitionSize)));
    return { bytes: sizes.length === 0 ? -1 : sizes.reduce((sum, size) => sum + size, 0) };
  },
});

async function produce(request: ProduceRequest): Promise<{ placed: [number, number][] }> {
  const { topic, partition, codec = 'none', acks = 'all', idempotent = false } = request;
  const producer = new Producer({ ...client, autocreateTopics: true });
  const messages = request.records.map((record): MessageToProduce => {
    const headers = (record.headers ?? []).map(
      ([name, value]) => [Buffer.from(name), bytesOf(value)] as [Buffer, Buffer],
    );
    return {
      topic,
      // Null is a key and a value of its own in Kafka, which the types of this client leave out.
      key: bytesOf(record.key) as Buffer,
      value: bytesOf(record.value) as Buffer,
      headers: new Map(headers),
      ...(partition < 0 ? {} : { partition }),
      ...(record.timestamp === undefined ? {} : { timestamp: BigInt(record.timestamp) }),
    };
  });
  const options = { compression: codec, idempotent, acks: { '0': 0, '1': 1, all: -1 }[acks] };
  try {
    return await sendPlaced(request, messages, async (some) => {
      const { offsets } = await producer.send({ messages: some, ...options });
      return offsets?.[0]?.offset;
    });
  } finally {
    await producer.close();
  }
}

/** It reads in groups only, so this one is thrown away. */
async function read(request: ReadRequest): Promise<{ records: ReadRecord[] }> {
  const { topic, partition, from, count, timeoutMs = 15_000 } = request;
  const consumer = new Consumer({
    ...client,
    groupId: `compat-read-${process.pid}-${performance.now()}`,
  });
  const start = typeof from === 'number' ? 'manual' : from;
  const { topics } = await consumer.metadata({ topics: [topic] });
  const all = Array.from({ length: topics.get(topic)!.partitionsCount }, (_, index) => index);
  const reading = await consumer.consume({
    topics: [topic],
    mode: start,
    autocommit: false,
    maxWaitTime: 100,
    maxBytesPerPartition: 10_000_000,
    ...(typeof from === 'number'
      ? { offsets: all.map((one) => ({ topic, partition: one, offset: BigInt(from) })) }
      : {}),
  });
  const records: ReadRecord[] = [];
  await new Promise<void>((resolve, reject) => {
    setTimeout(resolve, timeoutMs).unref();
    reading.on('error', reject);
    reading.on('data', (message) => {
      if (message.partition === partition && records.length < count) {
        records.push(recordOf(message));
      }
      if (records.length >= count) resolve();
    });
  });
  await consumer.close(true);
  return { records };
}

function recordOf(message: Message): ReadRecord {
  return {
    topic: message.topic,
    partition: message.partition,
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: base64Of(message.key),
    value: base64Of(message.value),
    headers: message.headerEntries.map(([name, value]) => [name.toString(), base64Of(value)]),
  };
}

async function join(request: JoinRequest): Promise<object> {
  group = request.group;
  inbox = new Inbox();
  const own = inbox;
  member = new Consumer({
    ...client,
    groupId: group,
    sessionTimeout: request.sessionTimeoutMs ?? 6000,
    rebalanceTimeout: Math.max(10_000, request.sessionTimeoutMs ?? 0),
    heartbeatInterval: 300,
    ...(request.instanceId === undefined ? {} : { groupInstanceId: request.instanceId }),
  });
  member.on('consumer:group:join', ({ assignments = [] }) => {
    const places = assignments.flatMap(({ topic, partitions }) =>
      partitions.map((partition): Place => ({ topic, partition })),
    );
    own.assign(places);
  });
  // Not awaited: joining waits for the other members, which have to be told to join meanwhile.
  void member
    .consume({
      topics: request.topics,
      mode: 'committed',
      fallbackMode: 'earliest',
      autocommit: false,
      maxWaitTime: 100,
    })
    .then((started) => {
      stream = started;
      stream.on('error', (error) => process.stderr.write(`${String(error)}\n`));
      stream.on('data', (message) => own.put(recordOf(message)));
    })
    .catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
  return Promise.resolve({});
}
