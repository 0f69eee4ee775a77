import { NodeFiles } from '@penstock/kafka-log';
import { ApiKeys, encodeRecordBatch, errorName, recordBatches } from '@penstock/kafka-protocol';
import {
  batch,
  createTopic,
  fetchRecords,
  produce,
  produceBody,
  TestBroker,
  WireClient,
} from '@penstock/testing';
import { expect, test } from 'vitest';

type SyncDone = Parameters<NodeFiles['syncData']>[1];

/** A disk whose syncs end when the test says so. */
class HeldFiles extends NodeFiles {
  #held: { descriptor: number; done: SyncDone }[] | undefined;

  override syncData(descriptor: number, done: SyncDone): void {
    if (this.#held === undefined) super.syncData(descriptor, done);
    else this.#held.push({ descriptor, done });
  }

  hold(): void {
    this.#held = [];
  }

  release(error?: Error): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const { descriptor, done } of held) {
      if (error === undefined) super.syncData(descriptor, done);
      else done(error);
    }
  }
}

async function start(files: NodeFiles) {
  const broker = await TestBroker.start({ durability: 'fsync', files });
  const client = await WireClient.connect(broker.port);
  await createTopic(client, 'orders');
  await produce(client, 'orders', ['first']);
  return { broker, client };
}

async function listOffset(client: WireClient, timestamp: number) {
  const answer = await client.send(ApiKeys.ListOffsets, 7, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp }] }],
  });
  const { errorCode, offset } = answer.topics[0]!.partitions[0]!;
  return errorCode === 0 ? offset : errorName(errorCode);
}

test('what was acknowledged before its sync lies below every end that is told afterwards', async () => {
  const files = new HeldFiles();
  const { broker, client } = await start(files);
  await using _broker = broker;
  await using _client = client;
  for (let written = 2; written < 5; written++) {
    files.hold();
    const later = Date.now() + written * 1000;
    const records = encodeRecordBatch({
      records: [{ timestamp: later, value: Buffer.from('later') }],
    });
    await client.send(ApiKeys.Produce, 9, produceBody('orders', records, 1));
    const others = await Promise.all(
      Array.from({ length: 5 }, () => WireClient.connect(broker.port)),
    );
    const ends = Promise.all([
      listOffset(others[0]!, -1),
      listOffset(others[1]!, -3).then((offset) => Number(offset) + 1),
      listOffset(others[2]!, later).then((offset) => Number(offset) + 1),
      fetchRecords(others[3]!, 'orders', 0, {}).then(({ highWatermark }) => highWatermark),
      fetchRecords(others[4]!, 'orders', written - 1, {}).then(
        ({ records: bytes }) => written - 1 + [...recordBatches(bytes)].length,
      ),
    ]);
    // By then the broker has read what came before.
    for (let i = 0; i < 3; i++) await listOffset(client, -2);
    files.release();
    expect(await ends).toEqual([written, written, written, written, written]);
    for (const other of others) await other[Symbol.asyncDispose]();
  }
  files.hold();
  // Without an answer: what the same connection asks next comes behind it.
  client.post(ApiKeys.Produce, 9, produceBody('orders', batch(['unanswered']), 0));
  const latest = listOffset(client, -1);
  const deleting = await WireClient.connect(broker.port);
  await using _deleting = deleting;
  for (let i = 0; i < 3; i++) await listOffset(deleting, -2);
  const deleted = deleting.send(ApiKeys.DeleteRecords, 2, {
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset: -1 }] }],
    timeoutMs: 1000,
  });
  await using last = await WireClient.connect(broker.port);
  for (let i = 0; i < 3; i++) await listOffset(last, -2);
  files.release();
  expect(await latest).toBe(5);
  expect((await deleted).topics[0]!.partitions[0]!.lowWatermark).toBe(5);
});

test('a disk that fails to take what was acknowledged is told as such', async () => {
  const files = new HeldFiles();
  const { broker, client } = await start(files);
  await using _broker = broker;
  await using _client = client;
  files.hold();
  await client.send(ApiKeys.Produce, 9, produceBody('orders', batch(['lost']), 1));
  const latest = listOffset(client, -1);
  await using other = await WireClient.connect(broker.port);
  for (let i = 0; i < 3; i++) await listOffset(other, -2);
  files.release(new Error('the disk failed'));
  expect(await latest).toBe('KAFKA_STORAGE_ERROR');
});
