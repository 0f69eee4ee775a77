export { ClusterUnavailable, KafkaRefusal, UNKNOWN_TOPIC_OR_PARTITION } from './cluster-error.ts';
export { ClusterClient, EARLIEST, LATEST, NO_RECORD } from './cluster-client.ts';
export type {
  ClusterMetadata,
  CommittedOffset,
  ConfigDescription,
  GroupCommits,
  ListedGroup,
  NewTopic,
  TopicMetadata,
  TopicOffsets,
} from './cluster-model.ts';
export { InteractiveCluster } from './interactive-cluster.ts';
export { byName, type Page, PAGE_SIZE_MAX, pageByName } from './page.ts';
export {
  type Problem,
  type InvalidInput,
  type BrokerRefused,
  type TopicExists,
  type TopicNotFound,
} from './problem.ts';
