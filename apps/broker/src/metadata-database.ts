import type { StoredMetadata, StoredTopic } from '@penstock/kafka-broker';
import {
  migrateDatabase,
  openBrokerDatabase,
  openSqlite,
  type BrokerDatabase,
} from '@penstock/platform/broker-storage';
import { DatabaseDamagedError, databaseDamage } from './recovery/database-damage.ts';
import { GroupTables, type GroupRow, type GroupRowChange } from './group-tables.ts';

export interface MetadataDatabaseOptions {
  readonly file: string;
  readonly migrationsDir: string;
  readonly schemaFile: string;
  /**
   * `fsync`: everything is on the disk when a method returns. `os`: groups and committed offsets are
   * only as safe as records are then; they survive the end of the process, not that of the machine.
   */
  readonly durability: 'fsync' | 'os';
}

/** Everything in broker.db; groups in a form that can be sent to another thread. */
export type LoadedMetadata = Omit<StoredMetadata, 'groups'> & { groups: GroupRow[] };

/** broker.db: by Prisma, except for groups and committed offsets, which change often. */
export class MetadataDatabase {
  readonly #database: BrokerDatabase;
  readonly #groups: GroupTables;

  private constructor(database: BrokerDatabase, groups: GroupTables) {
    this.#database = database;
    this.#groups = groups;
  }

  /**
   * Brings the file to this version's schema and opens it.
   * @throws DatabaseDamagedError, MigrationError, or what SQLite says
   */
  static async open(options: MetadataDatabaseOptions): Promise<MetadataDatabase> {
    const { file, durability } = options;
    const damage = databaseDamage(file);
    if (damage !== undefined) throw new DatabaseDamagedError(`${file} is damaged: ${damage}`);
    await migrateDatabase(options);
    const database = await openBrokerDatabase(file);
    try {
      const synchronous = durability === 'fsync' ? 'FULL' : 'NORMAL';
      return new MetadataDatabase(database, new GroupTables(openSqlite({ file, synchronous })));
    } catch (error) {
      await database.$disconnect();
      throw error;
    }
  }

  async load(): Promise<LoadedMetadata> {
    const database = this.#database;
    const settings = await database.setting.findMany();
    const topics = await database.topic.findMany({ include: { configs: true } });
    const brokerConfigs = await database.brokerConfig.findMany();
    const groups = await database.group.findMany();
    const offsets = await database.committedOffset.findMany();
    return {
      settings: toMap(settings),
      brokerConfigs: toMap(brokerConfigs),
      topics: topics.map(({ id, name, partitionCount, internal, deletedAt, configs }) => ({
        id,
        name,
        partitionCount,
        internal,
        deleted: deletedAt !== null,
        configs: toMap(configs),
      })),
      groups: groups.map(({ emptySince, ...group }) => ({
        ...group,
        emptySince: emptySince === null ? null : Number(emptySince),
      })),
      offsets: offsets.map((row) => ({
        ...row,
        offset: Number(row.offset),
        commitTimestamp: Number(row.commitTimestamp),
        expireTimestamp: row.expireTimestamp === null ? null : Number(row.expireTimestamp),
      })),
    };
  }

  async putSetting(name: string, value: string): Promise<void> {
    await this.#database.setting.upsert({
      where: { name },
      create: { name, value },
      update: { value },
    });
  }

  async createTopic({ id, name, partitionCount, internal, configs }: StoredTopic): Promise<void> {
    const topic = { id, name, partitionCount, internal };
    await this.#database.topic.create({ data: { ...topic, configs: { create: toRows(configs) } } });
  }

  async setPartitionCount(id: string, partitionCount: number): Promise<void> {
    await this.#database.topic.update({ where: { id }, data: { partitionCount } });
  }

  async setTopicConfigs(topicId: string, configs: ReadonlyMap<string, string>): Promise<void> {
    const data = toRows(configs).map((row) => ({ ...row, topicId }));
    await this.#database.$transaction([
      this.#database.topicConfig.deleteMany({ where: { topicId } }),
      this.#database.topicConfig.createMany({ data }),
    ]);
  }

  async markTopicDeleted(id: string): Promise<void> {
    await this.#database.topic.update({ where: { id }, data: { deletedAt: new Date() } });
  }

  async removeTopic(id: string): Promise<void> {
    await this.#database.topic.delete({ where: { id } });
  }

  async setBrokerConfigs(configs: ReadonlyMap<string, string>): Promise<void> {
    await this.#database.$transaction([
      this.#database.brokerConfig.deleteMany(),
      this.#database.brokerConfig.createMany({ data: toRows(configs) }),
    ]);
  }

  writeGroups(changes: readonly GroupRowChange[]): void {
    this.#groups.write(changes);
  }

  async close(): Promise<void> {
    this.#groups.close();
    await this.#database.$disconnect();
  }
}

function toMap(rows: readonly { name: string; value: string }[]): Map<string, string> {
  return new Map(rows.map(({ name, value }) => [name, value]));
}

function toRows(values: ReadonlyMap<string, string>): { name: string; value: string }[] {
  return [...values].map(([name, value]) => ({ name, value }));
}
