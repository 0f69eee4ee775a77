export { checkTopicName, type CreateTopicRequest, TOPIC_PARTITIONS_MAX } from './topic-input.ts';
export {
  configSources,
  type CreateTopicOutcome,
  type DeleteTopicOutcome,
  partitionProblem,
  type PartitionOffsets,
  TopicsService,
  type TopicView,
} from './topics.service.ts';
