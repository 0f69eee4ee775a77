import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredGroup, StoredOffset } from '@penstock/kafka-broker';
import { databaseFile, databaseFiles, openSqlite } from '@penstock/platform/broker-storage';
import { temporaryFolder } from '@penstock/testing';
import { migratedFolder } from '@penstock/testing/migrated-folder';
import { expect, test } from 'vitest';
import { ThreadedMetadataStore } from './threaded-metadata-store.ts';

test('what was written is there after the database was closed and opened again', async () => {
  await using folder = await migratedFolder('broker');
  const topic = {
    id: '2f1c2d7e-0000-4000-8000-000000000001',
    name: 'orders',
    partitionCount: 3,
    internal: false,
    deleted: false,
    configs: new Map([['retention.ms', '1000']]),
  };
  const group: StoredGroup = {
    groupId: 'g',
    protocolType: 'consumer',
    protocolName: 'range',
    generationId: 4,
    leaderId: 'a',
    emptySince: null,
    members: [
      {
        memberId: 'a',
        groupInstanceId: null,
        clientId: 'c',
        clientHost: '/127.0.0.1',
        rebalanceTimeoutMs: 60_000,
        sessionTimeoutMs: 10_000,
        protocols: [{ name: 'range', metadata: Buffer.from([0, 255, 1]) }],
        assignment: Buffer.from([7, 0, 200]),
      },
    ],
  };
  await withStore(folder.path, async (store) => {
    await store.putSetting('cluster.id', 'first');
    await store.putSetting('cluster.id', 'second');
    await store.createTopic(topic);
    await store.createTopic({ ...topic, id: 'other', name: 'gone' });
    await store.setPartitionCount(topic.id, 5);
    await store.setTopicConfigs(topic.id, new Map([['cleanup.policy', 'compact']]));
    await store.markTopicDeleted('other');
    await store.setBrokerConfigs(new Map([['log.retention.ms', '5']]));
    await store.writeGroups([
      { kind: 'saveGroup', group },
      { kind: 'saveOffset', offset: committed({ offset: 1 }) },
      { kind: 'saveOffset', offset: committed({ offset: 2 ** 40, metadata: 'ü' }) },
      { kind: 'saveOffset', offset: committed({ partition: 1, expireTimestamp: 9 }) },
      { kind: 'deleteOffset', groupId: 'g', topic: 'orders', partition: 1 },
      { kind: 'saveOffset', offset: committed({ groupId: 'dropped' }) },
      { kind: 'saveGroup', group: { ...group, groupId: 'dropped' } },
      { kind: 'deleteGroup', groupId: 'dropped' },
    ]);
  });
  await withStore(folder.path, async (store) => {
    const stored = await store.load();
    expect(stored.settings).toEqual(new Map([['cluster.id', 'second']]));
    expect(stored.brokerConfigs).toEqual(new Map([['log.retention.ms', '5']]));
    expect(stored.groups).toEqual([group]);
    expect(stored.offsets).toEqual([committed({ offset: 2 ** 40, metadata: 'ü' })]);
    expect(stored.topics.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
      { ...topic, id: 'other', name: 'gone', deleted: true },
      { ...topic, partitionCount: 5, configs: new Map([['cleanup.policy', 'compact']]) },
    ]);
    await store.removeTopic('other');
    await store.createTopic({ ...topic, id: 'new', name: 'gone' });
  });
});

test('a thousand commits and more are one transaction of few statements', async () => {
  await using folder = await migratedFolder('broker');
  await withStore(folder.path, async (store) => {
    const changes = Array.from({ length: 2_500 }, (_, partition) => ({
      kind: 'saveOffset' as const,
      offset: committed({ partition, offset: partition }),
    }));
    await store.writeGroups(changes);
    expect((await store.load()).offsets).toHaveLength(2_500);
  });
});

test('a transaction that fails changes nothing', async () => {
  await using folder = await migratedFolder('broker');
  await withStore(folder.path, async (store) => {
    const broken = { ...committed({}), leaderEpoch: null as unknown as number };
    await expect(
      store.writeGroups([
        { kind: 'saveOffset', offset: committed({}) },
        { kind: 'deleteOffset', groupId: 'x', topic: 'x', partition: 0 },
        { kind: 'saveOffset', offset: { ...broken, partition: 1 } },
      ]),
    ).rejects.toThrow();
    expect((await store.load()).offsets).toEqual([]);
    await store.writeGroups([{ kind: 'saveOffset', offset: committed({}) }]);
    expect((await store.load()).offsets).toHaveLength(1);
  });
});

test('what cannot be written for now is refused, and written again when it can', async () => {
  await using folder = await migratedFolder('broker');
  await withStore(folder.path, async (store, file) => {
    await store.load();
    // As many pages as there are: SQLITE_FULL, as on a full disk.
    const other = openSqlite({ file, synchronous: 'NORMAL' });
    other.exec('CREATE TABLE "Filler" ("x" BLOB)');
    other.exec('INSERT INTO "Filler" VALUES (1)');
    other.exec(`CREATE TRIGGER "full" BEFORE INSERT ON "CommittedOffset"
      BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END`);
    other.exec(`CREATE TRIGGER "full too" BEFORE INSERT ON "Setting"
      BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END`);
    const change = { kind: 'saveOffset' as const, offset: committed({}) };
    await expect(store.writeGroups([change])).rejects.toThrow('disk full');
    await expect(store.putSetting('a', 'b')).rejects.toThrow();
    other.exec('DROP TRIGGER "full"; DROP TRIGGER "full too"');
    other.close();
    await store.writeGroups([change]);
    await store.putSetting('a', 'b');
    const { offsets, settings } = await store.load();
    expect(offsets).toHaveLength(1);
    expect(settings.get('a')).toBe('b');
  });
});

test('writes are carried out in the order in which they were asked for, also by closing', async () => {
  await using folder = await migratedFolder('broker');
  await withStore(folder.path, async (store) => {
    const written: number[] = [];
    for (let offset = 0; offset < 50; offset += 1) {
      const change = { kind: 'saveOffset' as const, offset: committed({ offset }) };
      void store.writeGroups([change]).then(() => written.push(offset));
    }
    await store.close();
    expect(written).toEqual(Array.from({ length: 50 }, (_, index) => index));
    await expect(store.putSetting('late', '')).rejects.toThrow();
  });
  await withStore(folder.path, async (store) => {
    expect((await store.load()).offsets).toEqual([committed({ offset: 49 })]);
  });
});

test('what hinders opening is what every call fails with, under its own name', async () => {
  await using folder = await temporaryFolder();
  writeFileSync(join(folder.path, 'file'), '');
  const store = new ThreadedMetadataStore({
    file: join(folder.path, 'file', 'broker.db'),
    ...databaseFiles('broker'),
    durability: 'os',
  });
  await expect(store.load()).rejects.toMatchObject({ code: expect.stringMatching(/^E/) as string });
  await expect(store.putSetting('a', 'b')).rejects.toThrow();
  await store.close();
});

function committed(fields: Partial<StoredOffset>): StoredOffset {
  return {
    groupId: 'g',
    topic: 'orders',
    partition: 0,
    offset: 1,
    leaderEpoch: 0,
    metadata: '',
    commitTimestamp: 1_700_000_000_000,
    expireTimestamp: null,
    ...fields,
  };
}

async function withStore(
  dataDir: string,
  use: (store: ThreadedMetadataStore, file: string) => Promise<void>,
): Promise<void> {
  const file = databaseFile(dataDir, 'broker');
  const store = new ThreadedMetadataStore({
    file,
    ...databaseFiles('broker'),
    durability: 'os',
  });
  try {
    await use(store, file);
  } finally {
    await store.close();
  }
}
