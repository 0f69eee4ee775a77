import type { BrokerAddress, clusterApis } from './broker-connection.ts';

// What a cluster says of itself, as the control plane uses it: offsets are numbers, unknown is
// null.

export interface PartitionMetadata {
  readonly partition: number;
  /** Broker id, null while the partition has no leader. */
  readonly leader: number | null;
  readonly errorCode: number;
}

export interface TopicMetadata {
  readonly name: string;
  readonly id: string;
  readonly internal: boolean;
  readonly errorCode: number;
  /** Ascending by partition. */
  readonly partitions: readonly PartitionMetadata[];
}

export interface ClusterMetadata {
  readonly clusterId: string | null;
  readonly controllerId: number;
  readonly brokers: ReadonlyMap<number, BrokerAddress>;
  readonly topics: readonly TopicMetadata[];
}

export interface ListedGroup {
  readonly groupId: string;
  readonly protocolType: string;
  readonly state: string;
  /** The broker that listed it: a broker lists the groups it coordinates. */
  readonly coordinator: number;
}

export interface CommittedOffset {
  readonly offset: number;
  readonly metadata: string | null;
}

/** topic -> partition -> commit; a partition without a commit is absent. */
export type GroupCommits = ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>;

export interface NewTopic {
  readonly name: string;
  /** -1: the cluster's default. */
  readonly partitions: number;
  /** -1: the cluster's default. */
  readonly replicationFactor: number;
  readonly configs: readonly { readonly name: string; readonly value: string }[];
}

export type GroupDescription = Awaited<
  ReturnType<typeof clusterApis.describeGroups.async>
>['groups'][number];
export type ConfigDescription = Awaited<
  ReturnType<typeof clusterApis.describeConfigs.async>
>['results'][number]['configs'][number];

/** topic -> offset by partition index; null where the cluster gave none. */
export type TopicOffsets = ReadonlyMap<string, readonly (number | null)[]>;
