import { defaultLogConfig, type LogManager, type PartitionOnDisk } from '@penstock/kafka-log';
import type { DataIdentityFile } from './data-identity.ts';
import type { MetadataStore, StoredTopic } from './metadata-store.ts';

/** What was done for one topic, or would be. */
export interface RecoveredTopic {
  readonly name: string;
  readonly partitions: number;
  /**
   * - `added`: the metadata did not know it;
   * - `replaced`: it knew an earlier topic of this name, of which no records are left;
   * - `grown`: it knew fewer partitions;
   * - `conflicting`: some folders are of another topic of the same name, and were left alone.
   */
  readonly change: 'added' | 'replaced' | 'grown' | 'conflicting';
}

export interface TopicRecoveryInput {
  readonly store: MetadataStore;
  readonly logs: LogManager;
  readonly identity: DataIdentityFile;
  readonly newUuid: () => string;
  /** Only says what would be done. */
  readonly isDryRun?: boolean;
}

/**
 * Only the metadata holds a topic's configs. A recovered topic therefore keeps all its records
 * until somebody configures it: any default could delete records that were meant to stay.
 */
const KEEP_EVERYTHING: ReadonlyMap<string, string> = new Map([
  ['cleanup.policy', 'delete'],
  ['retention.ms', '-1'],
  ['retention.bytes', '-1'],
]);

/** Retention must not delete anything from a log while recovery has it open. */
const LOG_CONFIG = { ...defaultLogConfig, retentionMs: -1, retentionBytes: -1 };

/**
 * Adds the topics whose partition folders exist to the metadata, by the topic id in each folder,
 * and corrects rows that disagree. A topic without folders stays in the metadata, because a topic
 * without records has none. Topics that never had a record cannot be found this way.
 */
export async function recoverTopics(input: TopicRecoveryInput): Promise<RecoveredTopic[]> {
  const { store, logs, identity, isDryRun = false } = input;
  const { topics, settings } = await store.load();
  const known = new Map(topics.map((topic) => [topic.name, topic]));
  const byTopic = Map.groupBy(logs.partitionsOnDisk(), ({ topic }) => topic);
  const done: RecoveredTopic[] = [];
  let producerIdMax = -1;
  for (const [name, folders] of byTopic) {
    const row = known.get(name);
    const id = topicIdOf(folders, row) ?? input.newUuid();
    const own = folders.filter(({ topicId = id }) => topicId === id);
    const partitions = Math.max(...own.map(({ partition }) => partition)) + 1;
    const change = changeFor(row, id, partitions);
    if (change !== undefined) done.push({ name, partitions, change });
    if (own.length < folders.length) {
      done.push({ name, partitions: folders.length - own.length, change: 'conflicting' });
    }
    if (isDryRun) continue;
    await applyChange(store, change, row, { id, name, partitions });
    for (const { partition } of own) {
      const log = logs.openPartition(name, partition, { topicId: id, config: LOG_CONFIG });
      producerIdMax = Math.max(producerIdMax, log.producerIdMax);
    }
  }
  if (!isDryRun) await recoverSettings(store, settings, identity, producerIdMax);
  return done.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The id of a topic of which this metadata has a row that stands, else that of most folders. */
function topicIdOf(
  folders: readonly PartitionOnDisk[],
  row: StoredTopic | undefined,
): string | undefined {
  const counts = new Map<string, number>();
  for (const { topicId } of folders) {
    if (topicId !== undefined) counts.set(topicId, (counts.get(topicId) ?? 0) + 1);
  }
  if (row !== undefined && (counts.size === 0 || counts.has(row.id))) return row.id;
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function changeFor(
  row: StoredTopic | undefined,
  id: string,
  partitions: number,
): RecoveredTopic['change'] | undefined {
  if (row === undefined) return 'added';
  if (row.id !== id) return 'replaced';
  // One that is being deleted is gone at the next start.
  return row.partitionCount < partitions && !row.deleted ? 'grown' : undefined;
}

async function applyChange(
  store: MetadataStore,
  change: RecoveredTopic['change'] | undefined,
  row: StoredTopic | undefined,
  { id, name, partitions }: { id: string; name: string; partitions: number },
): Promise<void> {
  if (change === 'grown') await store.setPartitionCount(id, partitions);
  if (change !== 'added' && change !== 'replaced') return;
  if (row !== undefined) await store.removeTopic(row.id);
  const configs = KEEP_EVERYTHING;
  const topic = { id, name, partitionCount: partitions, configs };
  await store.createTopic({ ...topic, internal: false, deleted: false });
}

/**
 * Restores the cluster id that clients know, and a next producer id above all that the logs have
 * seen.
 */
async function recoverSettings(
  store: MetadataStore,
  settings: ReadonlyMap<string, string>,
  identity: DataIdentityFile,
  producerIdMax: number,
): Promise<void> {
  const { clusterId, nextProducerId } = identity.known;
  if (!settings.has('cluster.id') && clusterId !== undefined) {
    await store.putSetting('cluster.id', clusterId);
  }
  const stored = Number(settings.get('next.producer.id') ?? 0);
  const next = Math.max(stored, nextProducerId, producerIdMax + 1);
  if (next > stored) await store.putSetting('next.producer.id', String(next));
}
