import type { StoredMetadata, StoredOffset, StoredTopic } from '@penstock/kafka-broker';
import { type SqliteConnection } from '@penstock/platform/broker-storage';
import type { GroupRow } from './group-tables.ts';

/** Everything in broker.db; groups in a form that can be sent to another thread. */
export type LoadedMetadata = Omit<StoredMetadata, 'groups'> & { groups: GroupRow[] };

interface NamedValue {
  readonly name: string;
  readonly value: string;
}

type TopicRow = Pick<StoredTopic, 'id' | 'name' | 'partitionCount'> & {
  readonly internal: number;
  readonly deletedAt: string | null;
};

/**
 * Reads broker.db, and writes what a broker stores up to its first record: settings, new topics.
 */
export class MetadataTables {
  readonly #connection: SqliteConnection;
  readonly #createTopic: (topic: StoredTopic) => void;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    const create = connection.transaction((topic: StoredTopic) => this.#insert(topic));
    this.#createTopic = create.immediate;
  }

  /** Everything that is stored. */
  load(): LoadedMetadata {
    const configs = Map.groupBy(
      this.#all<NamedValue & { topicId: string }>('SELECT * FROM "TopicConfig"'),
      ({ topicId }) => topicId,
    );
    const topics = this.#all<TopicRow>(
      'SELECT "id", "name", "partitionCount", "internal", "deletedAt" FROM "Topic"',
    );
    return {
      settings: toMap(this.#all<NamedValue>('SELECT * FROM "Setting"')),
      brokerConfigs: toMap(this.#all<NamedValue>('SELECT * FROM "BrokerConfig"')),
      topics: topics.map(({ internal, deletedAt, ...topic }) => ({
        ...topic,
        internal: internal !== 0,
        deleted: deletedAt !== null,
        configs: toMap(configs.get(topic.id) ?? []),
      })),
      groups: this.#all<GroupRow>('SELECT * FROM "Group"'),
      offsets: this.#all<StoredOffset>('SELECT * FROM "CommittedOffset"'),
    };
  }

  putSetting(name: string, value: string): void {
    this.#connection
      .prepare(
        `INSERT INTO "Setting" ("name", "value") VALUES (?, ?)
         ON CONFLICT ("name") DO UPDATE SET "value" = excluded."value"`,
      )
      .run(name, value);
  }

  /** With its configs, or not at all. */
  createTopic(topic: StoredTopic): void {
    this.#createTopic(topic);
  }

  close(): void {
    this.#connection.close();
  }

  #insert({ id, name, partitionCount, internal, configs }: StoredTopic): void {
    this.#connection
      .prepare(
        `INSERT INTO "Topic" ("id", "name", "partitionCount", "internal") VALUES (?, ?, ?, ?)`,
      )
      .run(id, name, partitionCount, internal ? 1 : 0);
    const insertConfig = this.#connection.prepare(
      'INSERT INTO "TopicConfig" ("topicId", "name", "value") VALUES (?, ?, ?)',
    );
    for (const [config, value] of configs) insertConfig.run(id, config, value);
  }

  #all<Row>(sql: string): Row[] {
    return this.#connection.prepare(sql).all() as Row[];
  }
}

function toMap(rows: readonly NamedValue[]): Map<string, string> {
  return new Map(rows.map(({ name, value }) => [name, value]));
}
