import type { Clock, LogManager, Logger } from '@penstock/kafka-log';
import type { AlteredConfigs } from './configs/altered-configs.ts';
import type { BrokerConfigs } from './configs/broker-configs.ts';
import type { LogLevel } from './configs/log-level.ts';
import type { FetchBuffers } from './fetching/fetch-buffers.ts';
import type { ParkedFetches } from './fetching/parked-fetches.ts';
import type { GroupCoordinator } from './groups/group-coordinator.ts';
import type { MetadataStore } from './metadata/metadata-store.ts';
import type { TopicCatalog } from './metadata/topic-catalog.ts';
import type { ProducerIds } from './metadata/producer-ids.ts';
import type { BrokerMetrics } from './metrics.ts';

/** Everything that handlers work with. */
export interface BrokerContext {
  readonly nodeId: number;
  readonly clusterId: string;
  readonly rack: string | null;
  readonly durability: 'fsync' | 'os';
  /** Folder that DescribeLogDirs names. */
  readonly logDirectory: string;
  readonly coercesReplicationFactor: boolean;
  readonly clock: Clock;
  readonly newUuid: () => string;
  readonly logger: Logger;
  readonly configs: BrokerConfigs;
  readonly alteredConfigs: AlteredConfigs;
  readonly logLevel: LogLevel;
  readonly store: MetadataStore;
  readonly logs: LogManager;
  readonly topics: TopicCatalog;
  readonly groups: GroupCoordinator;
  readonly producerIds: ProducerIds;
  readonly fetchBuffers: FetchBuffers;
  readonly parkedFetches: ParkedFetches;
  readonly metrics: BrokerMetrics;
  /** True once the broker has begun to stop: nothing may park any more. */
  readonly isStopping: boolean;
}

/** Leader epoch of every partition: one node never loses leadership. */
export const LEADER_EPOCH = 0;
