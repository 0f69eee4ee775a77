import { produce } from './messages/00-produce.ts';
import { fetch } from './messages/01-fetch.ts';
import { listOffsets } from './messages/02-list-offsets.ts';
import { metadata } from './messages/03-metadata.ts';
import { offsetCommit } from './messages/08-offset-commit.ts';
import { offsetFetch } from './messages/09-offset-fetch.ts';
import { findCoordinator } from './messages/10-find-coordinator.ts';
import { joinGroup } from './messages/11-join-group.ts';
import { heartbeat } from './messages/12-heartbeat.ts';
import { leaveGroup } from './messages/13-leave-group.ts';
import { syncGroup } from './messages/14-sync-group.ts';
import { describeGroups } from './messages/15-describe-groups.ts';
import { listGroups } from './messages/16-list-groups.ts';
import { saslHandshake } from './messages/17-sasl-handshake.ts';
import { apiVersions } from './messages/18-api-versions.ts';
import { createTopics } from './messages/19-create-topics.ts';
import { deleteTopics } from './messages/20-delete-topics.ts';
import { deleteRecords } from './messages/21-delete-records.ts';
import { initProducerId } from './messages/22-init-producer-id.ts';
import { offsetForLeaderEpoch } from './messages/23-offset-for-leader-epoch.ts';
import { describeAcls } from './messages/29-describe-acls.ts';
import { createAcls } from './messages/30-create-acls.ts';
import { deleteAcls } from './messages/31-delete-acls.ts';
import { describeConfigs } from './messages/32-describe-configs.ts';
import { alterConfigs } from './messages/33-alter-configs.ts';
import { describeLogDirs } from './messages/35-describe-log-dirs.ts';
import { saslAuthenticate } from './messages/36-sasl-authenticate.ts';
import { createPartitions } from './messages/37-create-partitions.ts';
import { deleteGroups } from './messages/42-delete-groups.ts';
import { electLeaders } from './messages/43-elect-leaders.ts';
import { incrementalAlterConfigs } from './messages/44-incremental-alter-configs.ts';
import { alterPartitionReassignments } from './messages/45-alter-partition-reassignments.ts';
import { listPartitionReassignments } from './messages/46-list-partition-reassignments.ts';
import { offsetDelete } from './messages/47-offset-delete.ts';
import { describeCluster } from './messages/60-describe-cluster.ts';
import { listConfigResources } from './messages/74-list-config-resources.ts';
import type { Decoded, Encodable } from './messages/schema.ts';

/**
 * Every API that this codec speaks, by key: the declarations in `messages/`.
 *
 * To add an API or a version: declare it there, list it here and in `ApiKeys`, add its
 * row to `OFFERED` in tools/golden/GoldenMessages.java and run that program. The tests then cover
 * it.
 */
export const apis = {
  0: produce,
  1: fetch,
  2: listOffsets,
  3: metadata,
  8: offsetCommit,
  9: offsetFetch,
  10: findCoordinator,
  11: joinGroup,
  12: heartbeat,
  13: leaveGroup,
  14: syncGroup,
  15: describeGroups,
  16: listGroups,
  17: saslHandshake,
  18: apiVersions,
  19: createTopics,
  20: deleteTopics,
  21: deleteRecords,
  22: initProducerId,
  23: offsetForLeaderEpoch,
  29: describeAcls,
  30: createAcls,
  31: deleteAcls,
  32: describeConfigs,
  33: alterConfigs,
  35: describeLogDirs,
  36: saslAuthenticate,
  37: createPartitions,
  42: deleteGroups,
  43: electLeaders,
  44: incrementalAlterConfigs,
  45: alterPartitionReassignments,
  46: listPartitionReassignments,
  47: offsetDelete,
  60: describeCluster,
  74: listConfigResources,
} as const;

export type Apis = typeof apis;
export type ApiKey = keyof Apis;

/** Keys by name: `ApiKeys.Fetch` is 1. */
export const ApiKeys = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  DescribeGroups: 15,
  ListGroups: 16,
  SaslHandshake: 17,
  ApiVersions: 18,
  CreateTopics: 19,
  DeleteTopics: 20,
  DeleteRecords: 21,
  InitProducerId: 22,
  OffsetForLeaderEpoch: 23,
  DescribeAcls: 29,
  CreateAcls: 30,
  DeleteAcls: 31,
  DescribeConfigs: 32,
  AlterConfigs: 33,
  DescribeLogDirs: 35,
  SaslAuthenticate: 36,
  CreatePartitions: 37,
  DeleteGroups: 42,
  ElectLeaders: 43,
  IncrementalAlterConfigs: 44,
  AlterPartitionReassignments: 45,
  ListPartitionReassignments: 46,
  OffsetDelete: 47,
  DescribeCluster: 60,
  ListConfigResources: 74,
} as const satisfies Record<string, ApiKey>;

/** A request as it is decoded. */
export type RequestOf<K extends ApiKey> = Decoded<Apis[K]['request']>;
/** What may be given to encode a request. */
export type RequestInputOf<K extends ApiKey> = Encodable<Apis[K]['request']>;
/** A response as it is decoded. */
export type ResponseOf<K extends ApiKey> = Decoded<Apis[K]['response']>;
/** What may be given to encode a response. */
export type ResponseInputOf<K extends ApiKey> = Encodable<Apis[K]['response']>;

/**
 * Lowest Produce version to advertise. Versions 0 to 2 are refused, yet librdkafka up to 2.11.0
 * compresses only where the broker says it knows version 0 (KAFKA-18659).
 */
export const PRODUCE_ADVERTISED_VERSION_MIN = 0;

export interface AdvertisedVersions {
  readonly apiKey: ApiKey;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** The rows of an ApiVersions response for `keys`, in their order. */
export function advertisedVersions(keys: readonly ApiKey[]): AdvertisedVersions[] {
  return keys.map((apiKey) => {
    const { min, max } = apis[apiKey].versions;
    const minVersion = apiKey === ApiKeys.Produce ? PRODUCE_ADVERTISED_VERSION_MIN : min;
    return { apiKey, minVersion, maxVersion: max };
  });
}

/** True when `key` names an API of this codec. */
export function isApiKey(key: number): key is ApiKey {
  return Object.hasOwn(apis, key);
}

/** True when requests and responses of this API can be coded in `version`. */
export function isVersionOffered(key: ApiKey, version: number): boolean {
  const { min, max } = apis[key].versions;
  return Number.isInteger(version) && version >= min && version <= max;
}

/** True when `version` has compact types and tagged fields, in body and header. */
export function isFlexible(key: ApiKey, version: number): boolean {
  return version >= apis[key].flexibleFrom;
}
