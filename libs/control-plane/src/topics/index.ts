export { checkTopicName, type CreateTopicRequest } from './topic-input.ts';
export {
  configSources,
  type CreateTopicOutcome,
  type DeleteTopicOutcome,
  partitionProblem,
  type PartitionOffsets,
  TopicsService,
  type TopicView,
} from './topics.service.ts';
