export {
  ClusterUnavailable,
  KafkaRefusal,
  kafkaErrorMessage,
  kafkaErrorName,
} from './cluster-error.ts';
export {
  ClusterClient,
  type ConfigDescription,
  type CommittedOffset,
  type GroupCommits,
  type ClusterMetadata,
  EARLIEST,
  LATEST,
  type ListedGroup,
  type NewTopic,
  type TopicMetadata,
  type TopicOffsets,
} from './cluster-client.ts';
export { InteractiveCluster } from './interactive-cluster.ts';
export { byName, type Page, PAGE_SIZE_MAX, pageByName } from './page.ts';
export {
  type Problem,
  type InvalidInput,
  type BrokerRefused,
  type TopicExists,
  type TopicNotFound,
} from './problem.ts';
