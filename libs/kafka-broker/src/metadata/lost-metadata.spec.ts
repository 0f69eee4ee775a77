import { ApiKeys, encodeRecordBatch } from '@penstock/kafka-protocol';
import { silentLogger } from '@penstock/kafka-log';
import { MemoryMetadataStore, temporaryFolder, WireClient } from '@penstock/testing';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Broker } from '../broker.ts';
import type { MetadataStore } from './metadata-store.ts';

function start(logDirectory: string, store: MetadataStore): Promise<Broker> {
  return Broker.start({
    host: '127.0.0.1',
    port: 0,
    advertisedHost: '127.0.0.1',
    logDirectory,
    durability: 'fsync',
    store,
    logger: silentLogger,
  });
}

async function produce({ port }: Broker, name: string): Promise<void> {
  await using client = await WireClient.connect(port);
  await client.send(ApiKeys.Metadata, 9, {
    topics: [{ name }],
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
    topics: [{ name: 'orders' }],
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
