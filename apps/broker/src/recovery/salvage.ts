import type { MetadataStore, StoredOffset, StoredTopic } from '@penstock/kafka-broker';
import { topicNameProblem } from '@penstock/kafka-protocol';
import { DatabaseSync } from 'node:sqlite';

type Row = Readonly<Record<string, unknown>>;

/** What could still be read of a damaged broker.db. */
export interface Salvage {
  readonly settings: ReadonlyMap<string, string>;
  readonly brokerConfigs: ReadonlyMap<string, string>;
  readonly topics: readonly StoredTopic[];
  readonly offsets: readonly StoredOffset[];
  /** Type of each group; who its members were is not kept: they join again. */
  readonly groups: ReadonlyMap<string, string>;
}

/**
 * Reads each table from both ends up to where SQLite gives up; rows that make no sense are left
 * out.
 */
export function salvage(file: string): Salvage {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    const configs = rowsOf(database, 'TopicConfig');
    return {
      settings: pairsOf(rowsOf(database, 'Setting')),
      brokerConfigs: pairsOf(rowsOf(database, 'BrokerConfig')),
      topics: rowsOf(database, 'Topic').flatMap((row) => topicOf(row, configs)),
      offsets: rowsOf(database, 'CommittedOffset').flatMap(offsetOf),
      groups: new Map(
        rowsOf(database, 'Group').flatMap(({ groupId, protocolType }) =>
          isText(groupId) && isText(protocolType) ? [[groupId, protocolType]] : [],
        ),
      ),
    };
  } catch {
    return NOTHING;
  } finally {
    database?.close();
  }
}

const NOTHING: Salvage = {
  settings: new Map(),
  brokerConfigs: new Map(),
  topics: [],
  offsets: [],
  groups: new Map(),
};

/** Puts what was salvaged into a new store. */
export async function restoreSalvage(
  store: MetadataStore,
  saved: Salvage,
  now: number,
): Promise<void> {
  for (const [name, value] of saved.settings) await store.putSetting(name, value);
  await store.setBrokerConfigs(saved.brokerConfigs);
  for (const topic of saved.topics) {
    await store.createTopic(topic);
    if (topic.deleted) await store.markTopicDeleted(topic.id);
  }
  const empty = { protocolName: null, generationId: 0, leaderId: null, members: [] };
  await store.writeGroups([
    ...[...saved.groups].map(([groupId, protocolType]) => ({
      kind: 'saveGroup' as const,
      group: { ...empty, groupId, protocolType, emptySince: now },
    })),
    ...saved.offsets.map((offset) => ({ kind: 'saveOffset' as const, offset })),
  ]);
}

function rowsOf(database: DatabaseSync, table: string): Row[] {
  const found = new Map<unknown, Row>();
  for (const order of ['ASC', 'DESC']) {
    try {
      const sql = `SELECT rowid AS "row", * FROM "${table}" ORDER BY rowid ${order}`;
      for (const row of database.prepare(sql).iterate()) found.set(row['row'], row);
    } catch {
      // What was read before the damage counts.
    }
  }
  return [...found.values()];
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

function pairsOf(rows: readonly Row[]): Map<string, string> {
  return new Map(
    rows.flatMap(({ name, value }) => (isText(name) && isText(value) ? [[name, value]] : [])),
  );
}

const TOPIC_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

function topicOf(row: Row, configs: readonly Row[]): StoredTopic[] {
  const { id, name, partitionCount, internal, deletedAt } = row;
  if (!isText(id) || !TOPIC_ID.test(id) || !isText(name)) return [];
  if (topicNameProblem(name) !== undefined) return [];
  if (!isCount(partitionCount) || partitionCount === 0) return [];
  const own = pairsOf(configs.filter(({ topicId }) => topicId === id));
  const flags = { internal: internal === 1, deleted: deletedAt !== null };
  return [{ id, name, partitionCount, configs: own, ...flags }];
}

function offsetOf(row: Row): StoredOffset[] {
  const { groupId, topic, partition, offset, leaderEpoch, metadata } = row;
  const { commitTimestamp, expireTimestamp } = row;
  if (!isText(groupId) || !isText(topic) || !isCount(partition) || !isCount(offset)) return [];
  if (typeof leaderEpoch !== 'number' || typeof metadata !== 'string') return [];
  if (!isCount(commitTimestamp)) return [];
  const expires = isCount(expireTimestamp) ? expireTimestamp : null;
  const place = { groupId, topic, partition, offset, leaderEpoch, metadata };
  return [{ ...place, commitTimestamp, expireTimestamp: expires }];
}
