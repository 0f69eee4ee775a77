import { ApiKeys, encodeRecordBatch, ZERO_UUID } from '@penstock/kafka-protocol';
import { LogManager, NodeFiles, silentLogger } from '@penstock/kafka-log';
import { MemoryMetadataStore, temporaryFolder, WireClient } from '@penstock/testing';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Broker } from '../broker.ts';
import { DataIdentityFile } from './data-identity.ts';
import type { MetadataStore } from './metadata-store.ts';
import { recoverTopics } from './topic-recovery.ts';

function start(logDirectory: string, store: MetadataStore): Promise<Broker> {
  return Broker.start({
    listeners: [
      { name: 'PLAINTEXT', hosts: ['127.0.0.1', '::1'], port: 0, advertisedHost: '127.0.0.1' },
    ],
    logDirectory,
    durability: 'fsync',
    store,
    logger: silentLogger,
  });
}

async function produce({ port }: Broker, name: string): Promise<void> {
  await using client = await WireClient.connect(port);
  await client.send(ApiKeys.Metadata, 9, {
    topics: [{ name, topicId: ZERO_UUID }],
    allowAutoTopicCreation: true,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  const records = encodeRecordBatch({ records: [{ timestamp: 1, value: Buffer.from('a') }] });
  const answer = await client.send(ApiKeys.Produce, 9, {
    acks: -1,
    timeoutMs: 5_000,
    topicData: [{ name, partitionData: [{ index: 0, records }] }],
  });
  expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
}

async function producerId({ port }: Broker): Promise<number> {
  await using client = await WireClient.connect(port);
  const answer = await client.send(ApiKeys.InitProducerId, 4, {
    transactionalId: null,
    transactionTimeoutMs: 60_000,
    producerId: -1,
    producerEpoch: -1,
  });
  return answer.producerId;
}

test('metadata that is new, or of another cluster, beside records is refused, and nothing is touched', async () => {
  await using folder = await temporaryFolder();
  const store = new MemoryMetadataStore();
  const broker = await start(folder.path, store);
  await produce(broker, 'orders');
  await broker.stop();

  const lost = start(folder.path, new MemoryMetadataStore());
  await expect(lost).rejects.toThrow('there are records of 1 topic in 1 partition');
  const other = new MemoryMetadataStore();
  await other.putSetting('cluster.id', 'another');
  await expect(start(folder.path, other)).rejects.toThrow(
    'the metadata is that of cluster another',
  );
  expect(readdirSync(folder.path)).toContain('orders-0');

  const again = await start(folder.path, store);
  expect([...again.context.topics.all()].map(({ name }) => name)).toEqual(['orders']);
  await again.stop();
});

test('metadata that was set back leaves what it does not know alone, and gives no id twice', async () => {
  await using folder = await temporaryFolder();
  const store = new MemoryMetadataStore();
  let broker = await start(folder.path, store);
  const backup = new MemoryMetadataStore();
  for (const [name, value] of (await store.load()).settings) await backup.putSetting(name, value);
  await produce(broker, 'orders');
  const first = await producerId(broker);
  await broker.stop();

  broker = await start(folder.path, backup);
  expect(await producerId(broker)).toBeGreaterThan(first);
  // A producer that goes on must not put a new topic in the place of the lost one.
  await using client = await WireClient.connect(broker.port);
  const { topics } = await client.send(ApiKeys.Metadata, 9, {
    topics: [{ name: 'orders', topicId: ZERO_UUID }],
    allowAutoTopicCreation: true,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  expect(topics[0]?.errorCode).not.toBe(0);
  expect(readdirSync(folder.path)).toContain('orders-0');
  await broker.stop();
});

test('a cluster without records keeps its id when the metadata is new', async () => {
  await using folder = await temporaryFolder();
  const broker = await start(folder.path, new MemoryMetadataStore());
  const { clusterId } = broker.context;
  await broker.stop();
  const again = await start(folder.path, new MemoryMetadataStore());
  expect(again.context.clusterId).toBe(clusterId);
  await again.stop();
});

test('topics are recovered from the folders of their partitions', async () => {
  await using folder = await temporaryFolder();
  const store = new MemoryMetadataStore();
  let broker = await start(folder.path, store);
  const { clusterId } = broker.context;
  for (const name of ['orders', 'people']) await produce(broker, name);
  const ids = [...broker.context.topics.all()].map(({ name, id }) => [name, id]);
  const first = await producerId(broker);
  await broker.stop();

  const recovered = new MemoryMetadataStore();
  // An earlier topic of the same name: of it nothing is left.
  const stale = { id: '00000000-0000-4000-8000-000000000001', internal: false, deleted: false };
  await recovered.createTopic({ ...stale, name: 'people', partitionCount: 7, configs: new Map() });
  const recover = async (isDryRun: boolean) => {
    const logs = LogManager.open({
      directory: folder.path,
      durability: 'fsync',
      logger: silentLogger,
    });
    const identity = new DataIdentityFile(new NodeFiles(), folder.path);
    const done = await recoverTopics({
      store: recovered,
      ...{ logs, identity, isDryRun },
      newUuid: randomUUID,
    });
    await logs.close();
    return done;
  };
  const expected = [
    { name: 'orders', partitions: 1, change: 'added' },
    { name: 'people', partitions: 1, change: 'replaced' },
  ];
  expect(await recover(true)).toEqual(expected);
  expect((await recovered.load()).topics).toHaveLength(1);
  expect(await recover(false)).toEqual(expected);
  expect(await recover(false)).toEqual([]);

  broker = await start(folder.path, recovered);
  expect(broker.context.clusterId).toBe(clusterId);
  expect([...broker.context.topics.all()].map(({ name, id }) => [name, id])).toEqual(ids);
  expect(broker.context.topics.byName('people')?.configs.get('retention.ms')).toBe('-1');
  expect(broker.context.topics.byName('people')?.log(0)?.logEndOffset).toBe(1);
  expect(await producerId(broker)).toBeGreaterThan(first);
  await broker.stop();
});
