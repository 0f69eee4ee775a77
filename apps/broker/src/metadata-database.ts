import type { StoredTopic } from '@penstock/kafka-broker';
import type { BrokerDatabase } from '@penstock/platform/broker-database';
import { migrateDatabase, openSqlite } from '@penstock/platform/broker-storage';
import { DatabaseDamagedError, databaseDamage } from './recovery/database-damage.ts';
import { GroupTables, type GroupRowChange } from './group-tables.ts';
import { MetadataTables, type LoadedMetadata } from './metadata-tables.ts';

export interface MetadataDatabaseOptions {
  readonly file: string;
  readonly migrationsDir: string;
  readonly schemaFile: string;
  /**
   * `fsync`: everything is on the disk when a method returns. `os`: groups and committed offsets
   * are only as safe as records are then; they survive the end of the process, not that of the
   * machine.
   */
  readonly durability: 'fsync' | 'os';
}

/**
 * broker.db. `MetadataTables` has the statements for what happens up to a broker's first record,
 * `GroupTables` those for what changes often (groups and committed offsets). Prisma makes all other
 * changes. It is loaded at the first of them, because loading takes longer than the rest of a
 * start.
 */
export class MetadataDatabase {
  readonly #file: string;
  readonly #tables: MetadataTables;
  readonly #groups: GroupTables;
  #prisma: Promise<BrokerDatabase> | undefined;

  private constructor(file: string, tables: MetadataTables, groups: GroupTables) {
    this.#file = file;
    this.#tables = tables;
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
    const tables = new MetadataTables(openSqlite({ file, synchronous: 'FULL' }));
    try {
      const synchronous = durability === 'fsync' ? 'FULL' : 'NORMAL';
      const groups = new GroupTables(openSqlite({ file, synchronous }));
      return new MetadataDatabase(file, tables, groups);
    } catch (error) {
      tables.close();
      throw error;
    }
  }

  load(): LoadedMetadata {
    return this.#tables.load();
  }

  putSetting(name: string, value: string): void {
    this.#tables.putSetting(name, value);
  }

  createTopic(topic: StoredTopic): void {
    this.#tables.createTopic(topic);
  }

  async setPartitionCount(id: string, partitionCount: number): Promise<void> {
    const database = await this.#database();
    await database.topic.update({ where: { id }, data: { partitionCount } });
  }

  async setTopicConfigs(topicId: string, configs: ReadonlyMap<string, string>): Promise<void> {
    const data = toRows(configs).map((row) => ({ ...row, topicId }));
    const database = await this.#database();
    await database.$transaction([
      database.topicConfig.deleteMany({ where: { topicId } }),
      database.topicConfig.createMany({ data }),
    ]);
  }

  async markTopicDeleted(id: string): Promise<void> {
    const database = await this.#database();
    await database.topic.update({ where: { id }, data: { deletedAt: new Date() } });
  }

  async removeTopic(id: string): Promise<void> {
    const database = await this.#database();
    await database.topic.delete({ where: { id } });
  }

  async setBrokerConfigs(configs: ReadonlyMap<string, string>): Promise<void> {
    const database = await this.#database();
    await database.$transaction([
      database.brokerConfig.deleteMany(),
      database.brokerConfig.createMany({ data: toRows(configs) }),
    ]);
  }

  writeGroups(changes: readonly GroupRowChange[]): void {
    this.#groups.write(changes);
  }

  async close(): Promise<void> {
    this.#groups.close();
    this.#tables.close();
    const database = await this.#prisma?.catch(() => undefined);
    await database?.$disconnect();
  }

  /**
   * Prisma's client; it costs 30 MB as well, which a broker whose topics stay as they are saves.
   */
  #database(): Promise<BrokerDatabase> {
    this.#prisma ??= openPrisma(this.#file).catch((error: unknown) => {
      // The next change tries again.
      this.#prisma = undefined;
      throw error;
    });
    return this.#prisma;
  }
}

async function openPrisma(file: string): Promise<BrokerDatabase> {
  const { openBrokerDatabase } = await import('@penstock/platform/broker-database');
  return openBrokerDatabase(file);
}

function toRows(values: ReadonlyMap<string, string>): { name: string; value: string }[] {
  return [...values].map(([name, value]) => ({ name, value }));
}
