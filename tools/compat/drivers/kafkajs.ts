// Does with kafkajs what each line of standard input asks for: see tools/compat/protocol.ts.
import kafkajs, {
  type Consumer,
  type EachMessagePayload,
  type IHeaders,
  type Message,
} from 'kafkajs';
import type { JoinRequest, Place, ProduceRequest, ReadRecord, ReadRequest } from '../protocol.ts';
import { kafkajsCodecs } from './kafkajs-codecs.ts';
import { base64Of, bytesOf, Inbox, missing, sendPlaced, serve } from './lines.ts';

const { ConfigResourceTypes, Kafka, logLevel } = kafkajs;
const kafka = new Kafka({
  clientId: 'compat',
  brokers: [process.argv[2]!],
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 60 },
});
const admin = kafka.admin({ retry: { retries: 8 } });
await admin.connect();
let member: Consumer | undefined;
let inbox = new Inbox();
let currentGroup = '';

await serve({
  hello: () => ({ version: '2.2.4' }),
  cluster: async () => ({ brokers: (await admin.describeCluster()).brokers.length }),
  createTopic: async ({ topic, partitions, replicas = 1, configs = {} }) => {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
    const one = { topic, numPartitions: partitions, replicationFactor: replicas, configEntries };
    // It returns false when the topic exists already.
    const isNew = await admin.createTopics({ topics: [one], waitForLeaders: true });
    if (!isNew) throw new Error('TOPIC_ALREADY_EXISTS');
    return {};
  },
  topics: async () => ({ names: await admin.listTopics() }),
  partitions: async ({ topic }) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return { count: topics[0]!.partitions.length };
  },
  addPartitions: async ({ topic, count }) => {
    await admin.createPartitions({ topicPartitions: [{ topic, count }] });
    return {};
  },
  deleteTopic: async ({ topic }) => {
    await admin.deleteTopics({ topics: [topic] });
    return {};
  },
  topicConfigs: async ({ topic }) => {
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic }];
    const { resources: found } = await admin.describeConfigs({ resources, includeSynonyms: false });
    const entries = found[0]!.configEntries.map(({ configName, configValue }) => [
      configName,
      configValue,
    ]);
    return { configs: Object.fromEntries(entries) as Record<string, string> };
  },
  setTopicConfigs: async ({ topic, configs }) => {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }];
    await admin.alterConfigs({ validateOnly: false, resources });
    return {};
  },
  produce,
  read,
  offsetsFor: async ({ topic, partition, at }) => {
    if (at === 'earliest' || at === 'latest') {
      const found = (await admin.fetchTopicOffsets(topic)).find(
        (one) => one.partition === partition,
      );
      return { offset: Number(at === 'earliest' ? found!.low : found!.high) };
    }
    if (at === 'max-timestamp') return missing('the offset of the largest timestamp');
    const all = await admin.fetchTopicOffsetsByTimestamp(topic, Number(at));
    return { offset: Number(all.find((one) => one.partition === partition)!.offset) };
  },
  join,
  poll: ({ ms }) => inbox.poll(ms),
  commit: async ({ topic, partition, offset, metadata }) => {
    const wanted = { topic, partition, offset: String(offset), metadata: metadata ?? null };
    await member!.commitOffsets([wanted]);
    return {};
  },
  // A consumer of kafkajs does not report it; its admin client does.
  committed: async ({ topic, partition }) => {
    const [found] = await admin.fetchOffsets({ groupId: currentGroup, topics: [topic] });
    const one = found!.partitions.find((each) => each.partition === partition)!;
    return { offset: Number(one.offset), metadata: one.metadata ?? '' };
  },
  seek: ({ topic, partition, offset }) => {
    inbox.drop({ topic, partition });
    member!.seek({ topic, partition, offset: String(offset) });
    return {};
  },
  pause: ({ topic, partition }) => {
    member!.pause([{ topic, partitions: [partition] }]);
    return {};
  },
  resume: ({ topic, partition }) => {
    member!.resume([{ topic, partitions: [partition] }]);
    return {};
  },
  leave: async () => {
    await member!.disconnect();
    return {};
  },
  groups: async () => ({ names: (await admin.listGroups()).groups.map(({ groupId }) => groupId) }),
  group: async ({ group }) => {
    const { groups } = await admin.describeGroups([group]);
    return { state: groups[0]!.state, members: groups[0]!.members.length };
  },
  deleteGroup: async ({ group }) => {
    await admin.deleteGroups([group]);
    return {};
  },
  groupOffsets: async ({ group, topic }) => {
    const found = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    const offsets = found.flatMap((one) =>
      one.partitions.map(({ partition, offset, metadata }) => ({
        topic: one.topic,
        partition,
        offset: Number(offset),
        metadata: metadata ?? '',
      })),
    );
    return { offsets };
  },
  setGroupOffset: async ({ group, topic, partition, offset }) => {
    const partitions = [{ partition, offset: String(offset) }];
    await admin.setOffsets({ groupId: group, topic, partitions });
    return {};
  },
  deleteRecords: async ({ topic, partition, before }) => {
    // It looks for leaders in what it knows already, which begins with this.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(before) }] });
    const all = await admin.fetchTopicOffsets(topic);
    return { low: Number(all.find((one) => one.partition === partition)!.low) };
  },
});

async function produce(request: ProduceRequest): Promise<{ placed: [number, number][] }> {
  const { topic, partition, codec = 'none', acks = 'all', idempotent = false } = request;
  const producer = kafka.producer({
    idempotent,
    allowAutoTopicCreation: true,
    // The largest number of tries keeps an idempotent producer's order.
    ...(idempotent ? { maxInFlightRequests: 1 } : {}),
  });
  await producer.connect();
  const messages = request.records.map((record): Message => {
    return {
      key: bytesOf(record.key),
      value: bytesOf(record.value),
      headers: headersOf(record.headers ?? []),
      ...(partition < 0 ? {} : { partition }),
      ...(record.timestamp === undefined ? {} : { timestamp: String(record.timestamp) }),
    };
  });
  const options = {
    topic,
    compression: kafkajsCodecs[codec],
    acks: { '0': 0, '1': 1, all: -1 }[acks],
  };
  try {
    return await sendPlaced(request, messages, async (some) => {
      const [first] = await producer.send({ ...options, messages: some });
      return first?.baseOffset;
    });
  } finally {
    await producer.disconnect();
  }
}

function headersOf(headers: [string, string | null][]): IHeaders {
  const all: Record<string, Buffer[] | Buffer> = {};
  for (const [name, value] of headers) {
    const before = all[name];
    const bytes = bytesOf(value)!;
    all[name] = before === undefined ? bytes : [before, bytes].flat();
  }
  return all;
}

/** kafkajs reads in groups only, so this one is thrown away. */
async function read(request: ReadRequest): Promise<{ records: ReadRecord[] }> {
  const { topic, partition, from, count, timeoutMs = 15_000 } = request;
  const consumer = kafka.consumer({
    groupId: `compat-read-${process.pid}-${performance.now()}`,
    maxWaitTimeInMs: 100,
    maxBytesPerPartition: 10_000_000,
  });
  const records: ReadRecord[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: from !== 'latest' });
  const done = new Promise<void>((resolve) => {
    setTimeout(resolve, timeoutMs).unref();
    void consumer.run({
      autoCommit: false,
      eachMessage: async (payload) => {
        if (payload.partition !== partition) return;
        const record = recordOf(payload);
        if (typeof from === 'number' && record.offset < from) return;
        if (records.length < count) records.push(record);
        if (records.length >= count) resolve();
        await Promise.resolve();
      },
    });
    if (typeof from === 'number') consumer.seek({ topic, partition, offset: String(from) });
  });
  await done;
  await consumer.disconnect();
  return { records };
}

function recordOf({ topic, partition, message }: EachMessagePayload): ReadRecord {
  const headers = Object.entries(message.headers ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one): [string, string | null] => [name, base64Of(one)]),
  );
  return {
    topic,
    partition,
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: base64Of(message.key),
    value: base64Of(message.value),
    headers,
  };
}

async function join(request: JoinRequest): Promise<object> {
  currentGroup = request.group;
  inbox = new Inbox();
  const own = inbox;
  member = kafka.consumer({
    groupId: request.group,
    sessionTimeout: request.sessionTimeoutMs ?? 6000,
    heartbeatInterval: 300,
    maxWaitTimeInMs: 100,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 60 },
  });
  member.on(member.events.GROUP_JOIN, ({ payload }) => {
    const places = Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
      partitions.map((partition): Place => ({ topic, partition })),
    );
    own.assign(places);
  });
  await member.connect();
  await member.subscribe({ topics: request.topics, fromBeginning: true });
  void member.run({
    autoCommit: false,
    eachMessage: async (payload) => {
      own.put(recordOf(payload));
      await Promise.resolve();
    },
  });
  return {};
}
