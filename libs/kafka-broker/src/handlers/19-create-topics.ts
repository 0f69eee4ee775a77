import {
  ApiKeys,
  ErrorCodes,
  ZERO_UUID,
  type RequestOf,
  type ResponseInputOf,
} from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import { TOPIC_CONFIGS } from '../configs/topic-config-table.ts';
import { topicConfigValue } from '../configs/topic-configs.ts';
import { isRefusal, type Refusal, type Topic } from '../metadata/topic-catalog.ts';
import { handler } from './handler.ts';

/**
 * CreateTopics (key 19), versions 2 to 7.
 *
 * - Each topic succeeds or fails on its own; a name that occurs twice fails (INVALID_REQUEST 42).
 * - −1 partitions or replicas mean the broker's default. More than one replica: error 38, unless the
 *   broker is told to treat every replication factor as 1. Assignments may name this node only.
 * - Every topic config of Kafka is accepted and kept; unknown names and bad values: INVALID_CONFIG 40.
 * - When the answer is sent the topic is durable and its partitions can be written to.
 */
export const createTopicsHandler = handler({
  key: ApiKeys.CreateTopics,
  async handle({ topics, validateOnly }, { broker }) {
    const counts = new Map<string, number>();
    for (const { name } of topics) counts.set(name, (counts.get(name) ?? 0) + 1);
    const isRepeated = ({ name }: AskedTopic): boolean => (counts.get(name) ?? 0) > 1;
    const outcomes = await Promise.all(
      topics.map(async (asked) =>
        isRepeated(asked) ? refuse(asked.name, REPEATED) : createOne(broker, asked, validateOnly),
      ),
    );
    return { topics: outcomes };
  },
});

type AskedTopic = RequestOf<typeof ApiKeys.CreateTopics>['topics'][number];
type TopicOutcome = ResponseInputOf<typeof ApiKeys.CreateTopics>['topics'][number];

const REPEATED: Refusal = {
  error: ErrorCodes.INVALID_REQUEST,
  message: 'Duplicate topic name.',
};

async function createOne(
  broker: BrokerContext,
  asked: AskedTopic,
  validateOnly: boolean,
): Promise<TopicOutcome> {
  const { name } = asked;
  const configs = new Map<string, string>();
  for (const config of asked.configs) {
    if (config.value === null) {
      const message = `Null value not supported for topic configs: ${config.name}`;
      return refuse(name, { error: ErrorCodes.INVALID_CONFIG, message });
    }
    configs.set(config.name, config.value);
  }
  const partitionCount = plannedPartitionCount(broker, asked);
  if (typeof partitionCount !== 'number') return refuse(name, partitionCount);
  const problem =
    broker.topics.creationProblem(name, partitionCount, configs) ??
    replicationProblem(broker, asked);
  if (problem) return refuse(name, problem);
  if (validateOnly) return accepted(broker, { name, id: ZERO_UUID, partitionCount, configs });
  try {
    const outcome = await broker.topics.create(name, partitionCount, configs);
    return isRefusal(outcome) ? refuse(name, outcome) : accepted(broker, outcome);
  } catch (error) {
    broker.logger.error({ err: error, topic: name }, 'topic not created');
    return refuse(name, { error: ErrorCodes.UNKNOWN_SERVER_ERROR, message: String(error) });
  }
}

function plannedPartitionCount(broker: BrokerContext, asked: AskedTopic): number | Refusal {
  const { assignments, numPartitions, replicationFactor } = asked;
  if (assignments.length === 0) {
    return numPartitions === -1 ? broker.configs.number('num.partitions') : numPartitions;
  }
  if (numPartitions !== -1 || replicationFactor !== -1) {
    return {
      error: ErrorCodes.INVALID_REQUEST,
      message: 'A manual assignment goes with -1 partitions and replication factor -1.',
    };
  }
  const indexes = assignments.map(({ partitionIndex }) => partitionIndex).toSorted((a, b) => a - b);
  const isGapless = indexes.every((partition, index) => partition === index);
  const namesThisNode = assignments.every(
    ({ brokerIds }) => brokerIds.length === 1 && brokerIds[0] === broker.nodeId,
  );
  if (isGapless && namesThisNode) return assignments.length;
  return {
    error: ErrorCodes.INVALID_REPLICA_ASSIGNMENT,
    message: `Partitions must be numbered from 0 without gaps, each on node ${broker.nodeId} alone.`,
  };
}

function replicationProblem(
  broker: BrokerContext,
  { assignments, replicationFactor }: AskedTopic,
): Refusal | undefined {
  if (assignments.length > 0 || replicationFactor === -1 || replicationFactor === 1) {
    return undefined;
  }
  if (replicationFactor > 1 && broker.coercesReplicationFactor) return undefined;
  const message =
    replicationFactor > 1
      ? `Unable to replicate the partition ${replicationFactor} time(s): The target replication factor of ${replicationFactor} cannot be reached because only 1 broker(s) are registered.`
      : 'Replication factor must be larger than 0, or -1 to use the default value.';
  return { error: ErrorCodes.INVALID_REPLICATION_FACTOR, message };
}

function accepted(
  broker: BrokerContext,
  topic: Pick<Topic, 'name' | 'id' | 'partitionCount' | 'configs'>,
): TopicOutcome {
  return {
    name: topic.name,
    topicId: topic.id,
    errorCode: ErrorCodes.NONE,
    errorMessage: null,
    topicConfigErrorCode: ErrorCodes.NONE,
    numPartitions: topic.partitionCount,
    replicationFactor: 1,
    configs: [...TOPIC_CONFIGS.values()].map((definition) => {
      const { value, source } = topicConfigValue(definition, topic.configs, broker.configs);
      const { name } = definition;
      return { name, value, readOnly: false, configSource: source, isSensitive: false };
    }),
  };
}

function refuse(name: string, { error, message }: Refusal): TopicOutcome {
  return {
    name,
    topicId: ZERO_UUID,
    errorCode: error,
    errorMessage: message,
    topicConfigErrorCode: ErrorCodes.NONE,
    numPartitions: -1,
    replicationFactor: -1,
    configs: null,
  };
}
