import DataLoader from 'dataloader';
import type {
  ConfigDescription,
  ConsumerGroupsService,
  PartitionOffsets,
  TopicsService,
  TopicView,
} from '@penstock/control-plane';

/**
 * What one operation shares among its fields: each loader asks the cluster once for all of them.
 */
export interface RequestLoaders {
  readonly topicOffsets: DataLoader<TopicView, PartitionOffsets[]>;
  readonly topicSizes: DataLoader<TopicView, (number | null)[]>;
  readonly topicConfigs: DataLoader<string, ConfigDescription[]>;
  /** Log start offsets by topic name. */
  readonly startOffsets: DataLoader<string, (number | null)[]>;
}

export interface RequestContext {
  readonly loaders: RequestLoaders;
}

export function createRequestContext(services: {
  topics: TopicsService;
  consumerGroups: ConsumerGroupsService;
}): RequestContext {
  const { topics, consumerGroups } = services;
  return {
    loaders: {
      topicOffsets: new DataLoader((keys) => topics.offsets(keys)),
      topicSizes: new DataLoader((keys) => topics.sizes(keys)),
      topicConfigs: new DataLoader((keys) => topics.configs(keys)),
      startOffsets: new DataLoader((keys) => consumerGroups.startOffsets(keys)),
    },
  };
}
