/** A topic as it is kept: explicitly set configs only, defaults are not stored. */
export interface StoredTopic {
  /** Kafka topic id (KIP-516) as canonical UUID text. */
  id: string;
  name: string;
  partitionCount: number;
  internal: boolean;
  configs: ReadonlyMap<string, string>;
  /** Marked for deletion, its directories may still exist. */
  deleted: boolean;
}

export interface StoredMember {
  memberId: string;
  groupInstanceId: string | null;
  clientId: string;
  clientHost: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  protocols: readonly { readonly name: string; readonly metadata: Buffer }[];
  assignment: Buffer;
}

/** What Kafka keeps of a group in `__consumer_offsets` (`GroupMetadataValue`). */
export interface StoredGroup {
  groupId: string;
  protocolType: string;
  protocolName: string | null;
  generationId: number;
  leaderId: string | null;
  /** Milliseconds since the Unix epoch; null while the group has members. */
  emptySince: number | null;
  members: readonly StoredMember[];
}

export interface StoredOffset {
  groupId: string;
  topic: string;
  partition: number;
  offset: number;
  leaderEpoch: number;
  metadata: string;
  /** Milliseconds since the Unix epoch. */
  commitTimestamp: number;
  /** Milliseconds since the Unix epoch; null: the broker's retention applies. */
  expireTimestamp: number | null;
}

/** Changes to groups and committed offsets, in the order they happened. */
export type GroupChange =
  | { kind: 'saveGroup'; group: StoredGroup }
  /** Removes the group and all its offsets. */
  | { kind: 'deleteGroup'; groupId: string }
  | { kind: 'saveOffset'; offset: StoredOffset }
  | { kind: 'deleteOffset'; groupId: string; topic: string; partition: number };

export interface StoredMetadata {
  settings: ReadonlyMap<string, string>;
  topics: readonly StoredTopic[];
  brokerConfigs: ReadonlyMap<string, string>;
  groups: readonly StoredGroup[];
  offsets: readonly StoredOffset[];
}

/**
 * What the broker must still know after a restart. Every promise resolves once the change would
 * survive a power failure; one that rejects has changed nothing. The broker keeps all of it in
 * memory, reads it once at its start and is the only writer.
 */
export interface MetadataStore {
  load(): Promise<StoredMetadata>;
  putSetting(name: string, value: string): Promise<void>;
  createTopic(topic: StoredTopic): Promise<void>;
  setPartitionCount(topicId: string, partitionCount: number): Promise<void>;
  /** Replaces all explicitly set configs of a topic. */
  setTopicConfigs(topicId: string, configs: ReadonlyMap<string, string>): Promise<void>;
  /** First step of a deletion: from now on the topic is gone, whatever happens to its files. */
  markTopicDeleted(topicId: string): Promise<void>;
  /** Last step of a deletion, once the directories are out of the way. */
  removeTopic(topicId: string): Promise<void>;
  /** Replaces all configs but those of topics that were changed at run time; keys are opaque. */
  setBrokerConfigs(configs: ReadonlyMap<string, string>): Promise<void>;
  /** One transaction; called with everything that came up while the previous call ran. */
  writeGroups(changes: readonly GroupChange[]): Promise<void>;
  close(): Promise<void>;
}
