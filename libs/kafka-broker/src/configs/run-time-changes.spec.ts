import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { createTopic, produce, TestBroker, WireClient } from '@penstock/testing';
import { expect, test } from 'vitest';

const BROKER = 4;
const TOPIC = 2;
const [SET, DELETE] = [0, 1];

type Change = readonly [name: string, operation: number, value: string | null];

async function alter(client: WireClient, resource: readonly [number, string], changes: Change[]) {
  const [resourceType, resourceName] = resource;
  const configs = changes.map(([name, configOperation, value]) => ({
    ...{ name, configOperation, value },
  }));
  const { responses } = await client.send(ApiKeys.IncrementalAlterConfigs, 1, {
    resources: [{ resourceType, resourceName, configs }],
    validateOnly: false,
  });
  return responses[0]?.errorCode;
}

async function describe(client: WireClient, resource: readonly [number, string], name: string) {
  const [resourceType, resourceName] = resource;
  const { results } = await client.send(ApiKeys.DescribeConfigs, 4, {
    resources: [{ resourceType, resourceName, configurationKeys: [name] }],
    includeSynonyms: false,
    includeDocumentation: false,
  });
  const config = results[0]?.configs[0];
  return config && [config.value, config.configSource];
}

async function outcome(client: WireClient, topic: string, value: string) {
  return (await produce(client, topic, [value])).errorCode;
}

test('a default of the cluster acts on every topic at once, one of the broker before it', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'orders');
  const large = 'x'.repeat(2_000);
  expect(await outcome(client, 'orders', large)).toBe(ErrorCodes.NONE);

  expect(await alter(client, [BROKER, ''], [['message.max.bytes', SET, '1000']])).toBe(0);
  expect(await outcome(client, 'orders', large)).toBe(ErrorCodes.MESSAGE_TOO_LARGE);
  expect(await describe(client, [TOPIC, 'orders'], 'max.message.bytes')).toEqual(['1000', 3]);

  expect(await alter(client, [BROKER, '1'], [['message.max.bytes', SET, '5000']])).toBe(0);
  expect(await outcome(client, 'orders', large)).toBe(ErrorCodes.NONE);
  expect(await describe(client, [TOPIC, 'orders'], 'max.message.bytes')).toEqual(['5000', 2]);

  expect(await alter(client, [BROKER, '1'], [['message.max.bytes', DELETE, null]])).toBe(0);
  expect(await outcome(client, 'orders', large)).toBe(ErrorCodes.MESSAGE_TOO_LARGE);
});

test('what was altered is there after a restart, each in its place', async () => {
  const [cluster, node] = [[BROKER, ''] as const, [BROKER, '1'] as const];
  const [group, metrics] = [[32, 'a/b'] as const, [16, 'subscription'] as const];
  await using broker = await TestBroker.start();
  {
    await using client = await WireClient.connect(broker.port);
    expect(await alter(client, cluster, [['log.retention.ms', SET, '1']])).toBe(0);
    expect(await alter(client, node, [['log.roll.ms', SET, '2']])).toBe(0);
    expect(await alter(client, group, [['consumer.session.timeout.ms', SET, '50000']])).toBe(0);
    expect(await alter(client, metrics, [['interval.ms', SET, '4000']])).toBe(0);
  }
  await broker.restart();
  await using client = await WireClient.connect(broker.port);
  expect(await describe(client, cluster, 'log.retention.ms')).toEqual(['1', 3]);
  expect(await describe(client, cluster, 'log.roll.ms')).toBeUndefined();
  expect(await describe(client, node, 'log.roll.ms')).toEqual(['2', 2]);
  expect(await describe(client, group, 'consumer.session.timeout.ms')).toEqual(['50000', 8]);
  expect(await describe(client, metrics, 'interval.ms')).toEqual(['4000', 7]);
});

test('what could not be stored has not changed either', async () => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'orders');
  broker.store.beforeWrite = () => Promise.reject(new Error('the disk is full'));
  const failed = ErrorCodes.UNKNOWN_SERVER_ERROR;
  expect(await alter(client, [BROKER, ''], [['log.retention.ms', SET, '1']])).toBe(failed);
  expect(await alter(client, [TOPIC, 'orders'], [['retention.ms', SET, '1']])).toBe(failed);
  expect(await describe(client, [TOPIC, 'orders'], 'retention.ms')).toEqual(['604800000', 5]);
  broker.store.beforeWrite = () => {};
  expect(await alter(client, [TOPIC, 'orders'], [['retention.ms', SET, '1']])).toBe(0);
});

test.each([
  ['a topic', TOPIC, 'orders'],
  ['the broker', BROKER, '1'],
])('%s takes back all that it describes as changeable', async (_, resourceType, resourceName) => {
  await using broker = await TestBroker.start();
  await using client = await WireClient.connect(broker.port);
  await createTopic(client, 'orders');
  const describeAll = async () => {
    const { results } = await client.send(ApiKeys.DescribeConfigs, 4, {
      resources: [{ resourceType, resourceName, configurationKeys: null }],
      includeSynonyms: false,
      includeDocumentation: false,
    });
    return (results[0]?.configs ?? [])
      .filter((config) => !config.readOnly && config.value !== null)
      .filter(({ name }) => !/^(ssl|sasl)\./.test(name))
      .map(({ name, value }) => ({ name, value }));
  };
  const configs = await describeAll();
  expect(configs.length).toBeGreaterThan(30);
  const { responses } = await client.send(ApiKeys.AlterConfigs, 2, {
    resources: [{ resourceType, resourceName, configs }],
    validateOnly: false,
  });
  expect(responses).toMatchObject([{ errorCode: ErrorCodes.NONE, errorMessage: null }]);
  expect(await describeAll()).toEqual(configs);
});

test('alterations of two connections at a time both stay', async () => {
  await using broker = await TestBroker.start();
  await using one = await WireClient.connect(broker.port);
  await using other = await WireClient.connect(broker.port);
  await createTopic(one, 'orders');
  broker.store.beforeWrite = () => new Promise((resolve) => setImmediate(resolve));
  await Promise.all([
    alter(one, [TOPIC, 'orders'], [['retention.ms', SET, '1']]),
    alter(other, [TOPIC, 'orders'], [['segment.ms', SET, '2']]),
    alter(one, [BROKER, ''], [['log.roll.ms', SET, '3']]),
    alter(other, [BROKER, '1'], [['log.roll.ms', SET, '4']]),
  ]);
  expect(await describe(one, [TOPIC, 'orders'], 'retention.ms')).toEqual(['1', 1]);
  expect(await describe(one, [TOPIC, 'orders'], 'segment.ms')).toEqual(['2', 1]);
  expect(await describe(one, [BROKER, ''], 'log.roll.ms')).toEqual(['3', 3]);
  expect(await describe(one, [BROKER, '1'], 'log.roll.ms')).toEqual(['4', 2]);
});

test('how much is logged changes at run time, until the process ends', async () => {
  let level = 'info';
  const logLevel = { get: () => level, set: (next: string) => (level = next) };
  await using broker = await TestBroker.start({ logLevel });
  await using client = await WireClient.connect(broker.port);
  expect(await alter(client, [8, '1'], [['root', SET, 'DEBUG']])).toBe(ErrorCodes.NONE);
  expect(level).toBe('debug');
  expect(await describe(client, [8, '1'], 'root')).toEqual(['DEBUG', 6]);
});

test('settings of the start decide about new topics and about deleting them', async () => {
  const settings = { 'num.partitions': '4', 'delete.topic.enable': 'false', 'node.id': '7' };
  await using broker = await TestBroker.start({ settings });
  await using client = await WireClient.connect(broker.port);
  expect(await createTopic(client, 'orders', -1)).toMatchObject({ numPartitions: 4 });
  const remove = (version: number) =>
    client.send(ApiKeys.DeleteTopics, version, { topicNames: ['orders'], timeoutMs: 1000 });
  expect((await remove(5)).responses).toMatchObject([
    { name: 'orders', errorCode: ErrorCodes.TOPIC_DELETION_DISABLED },
  ]);
  expect((await remove(1)).responses[0]?.errorCode).toBe(ErrorCodes.INVALID_REQUEST);
  const { brokers } = await client.send(ApiKeys.Metadata, 9, {
    topics: [],
    includeTopicAuthorizedOperations: false,
  });
  expect(brokers[0]?.nodeId).toBe(7);
});

test('a replication factor above 1 is refused, or taken as 1 where the broker is told so', async () => {
  const ask = async (broker: TestBroker, replicationFactor: number) => {
    await using client = await WireClient.connect(broker.port);
    const { topics } = await client.send(ApiKeys.CreateTopics, 7, {
      topics: [
        { name: 'three', numPartitions: 1, replicationFactor, assignments: [], configs: [] },
      ],
      validateOnly: true,
    });
    return topics[0];
  };
  const settings = { 'default.replication.factor': '3' };
  await using strict = await TestBroker.start({ settings });
  await using coercing = await TestBroker.start({ settings, coercesReplicationFactor: true });
  for (const replicationFactor of [3, -1]) {
    const refused = { errorCode: ErrorCodes.INVALID_REPLICATION_FACTOR };
    expect(await ask(strict, replicationFactor)).toMatchObject(refused);
    const accepted = { errorCode: ErrorCodes.NONE, replicationFactor: 1 };
    expect(await ask(coercing, replicationFactor)).toMatchObject(accepted);
  }
});
