import type {
  GroupChange,
  MetadataStore,
  StoredGroup,
  StoredMember,
  StoredMetadata,
  StoredOffset,
  StoredTopic,
} from '@penstock/kafka-broker';
import type { BrokerDatabase } from '@penstock/platform/process';

/**
 * The broker's metadata in broker.db through Prisma. A write is on the disk when its promise
 * resolves (synchronous = FULL). Groups and committed offsets, which change often, go as multi-row
 * statements, all changes of a turn in one transaction.
 */
export class PrismaMetadataStore implements MetadataStore {
  readonly #database: BrokerDatabase;

  constructor(database: BrokerDatabase) {
    this.#database = database;
  }

  async load(): Promise<StoredMetadata> {
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
      groups: groups.map(({ members, emptySince, ...group }) => ({
        ...group,
        members: parseMembers(members),
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

  async writeGroups(changes: readonly GroupChange[]): Promise<void> {
    const statements = statementsFor(changes).map(([sql, values]) =>
      this.#database.$executeRawUnsafe(sql, ...values),
    );
    await this.#database.$transaction(statements);
  }

  async close(): Promise<void> {
    await this.#database.$disconnect();
  }
}

type Statement = readonly [sql: string, values: unknown[]];

/** SQLite takes 32,766 variables in a statement; an offset has eight. */
const OFFSETS_PER_STATEMENT = 1_000;

/**
 * The changes as statements in an order with the same outcome: runs of commits become multi-row
 * upserts, in which only the last commit of a partition is written.
 */
function statementsFor(changes: readonly GroupChange[]): Statement[] {
  const statements: Statement[] = [];
  let commits = new Map<string, StoredOffset>();
  const flush = (): void => {
    const offsets = [...commits.values()];
    for (let start = 0; start < offsets.length; start += OFFSETS_PER_STATEMENT) {
      statements.push(upsertOffsets(offsets.slice(start, start + OFFSETS_PER_STATEMENT)));
    }
    commits = new Map();
  };
  for (const change of changes) {
    if (change.kind === 'saveOffset') {
      const { groupId, topic, partition } = change.offset;
      commits.set(JSON.stringify([groupId, topic, partition]), change.offset);
      continue;
    }
    flush();
    statements.push(...statementsOf(change));
  }
  flush();
  return statements;
}

function statementsOf(change: Exclude<GroupChange, { kind: 'saveOffset' }>): Statement[] {
  switch (change.kind) {
    case 'saveGroup':
      return [upsertGroup(change.group)];
    case 'deleteGroup':
      return [
        [`DELETE FROM "CommittedOffset" WHERE "groupId" = ?`, [change.groupId]],
        [`DELETE FROM "Group" WHERE "groupId" = ?`, [change.groupId]],
      ];
    case 'deleteOffset':
      return [
        [
          `DELETE FROM "CommittedOffset" WHERE "groupId" = ? AND "topic" = ? AND "partition" = ?`,
          [change.groupId, change.topic, change.partition],
        ],
      ];
  }
}

function upsertOffsets(offsets: readonly StoredOffset[]): Statement {
  const rows = offsets.map(() => '(?, ?, ?, ?, ?, ?, ?, ?)').join(', ');
  const sql = `INSERT INTO "CommittedOffset" ("groupId", "topic", "partition", "offset", "leaderEpoch",
      "metadata", "commitTimestamp", "expireTimestamp") VALUES ${rows}
    ON CONFLICT ("groupId", "topic", "partition") DO UPDATE SET "offset" = excluded."offset",
      "leaderEpoch" = excluded."leaderEpoch", "metadata" = excluded."metadata",
      "commitTimestamp" = excluded."commitTimestamp",
      "expireTimestamp" = excluded."expireTimestamp"`;
  const values = offsets.flatMap((offset) => [
    offset.groupId,
    offset.topic,
    offset.partition,
    offset.offset,
    offset.leaderEpoch,
    offset.metadata,
    offset.commitTimestamp,
    offset.expireTimestamp,
  ]);
  return [sql, values];
}

function upsertGroup(group: StoredGroup): Statement {
  const sql = `INSERT INTO "Group" ("groupId", "protocolType", "protocolName", "generationId",
      "leaderId", "members", "emptySince") VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT ("groupId") DO UPDATE SET "protocolType" = excluded."protocolType",
      "protocolName" = excluded."protocolName", "generationId" = excluded."generationId",
      "leaderId" = excluded."leaderId", "members" = excluded."members",
      "emptySince" = excluded."emptySince"`;
  const { groupId, protocolType, protocolName, generationId, leaderId, emptySince } = group;
  const members = formatMembers(group.members);
  return [sql, [groupId, protocolType, protocolName, generationId, leaderId, members, emptySince]];
}

/** Members as JSON, their opaque bytes in base64. */
function formatMembers(members: readonly StoredMember[]): string {
  return JSON.stringify(
    members.map((member) => ({
      ...member,
      assignment: member.assignment.toString('base64'),
      protocols: member.protocols.map(({ name, metadata }) => ({
        name,
        metadata: metadata.toString('base64'),
      })),
    })),
  );
}

type MemberText = Omit<StoredMember, 'assignment' | 'protocols'> & {
  assignment: string;
  protocols: { name: string; metadata: string }[];
};

function parseMembers(text: string): StoredMember[] {
  return (JSON.parse(text) as MemberText[]).map((member) => ({
    ...member,
    assignment: Buffer.from(member.assignment, 'base64'),
    protocols: member.protocols.map(({ name, metadata }) => ({
      name,
      metadata: Buffer.from(metadata, 'base64'),
    })),
  }));
}

function toMap(rows: readonly { name: string; value: string }[]): Map<string, string> {
  return new Map(rows.map(({ name, value }) => [name, value]));
}

function toRows(values: ReadonlyMap<string, string>): { name: string; value: string }[] {
  return [...values].map(([name, value]) => ({ name, value }));
}
