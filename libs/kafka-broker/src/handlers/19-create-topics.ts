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
import {
  isRefusal,
  PARTITIONS_PER_REQUEST_MAX,
  TOO_MANY_PARTITIONS,
  type Topic,
} from '../metadata/topic-catalog.ts';
import type { Refusal } from '../metadata/refusal.ts';
import { handler } from './handler.ts';

/**
 * CreateTopics (key 19), versions 2 to 7 (Kafka: `ReplicationControlManager.createTopics`).
 *
 * - Each topic succeeds or fails on its own; a name that occurs twice fails once (INVALID_REQUEST
 *   42). The first of these counts: name (17), existing topic (36), colliding name (17), configs
 *   (40), replication factor (38), partitions (37). More than 10,000 partitions in all: every topic
 *   fails with POLICY_VIOLATION 44.
 * - −1 partitions or replicas mean the broker's default. More than one replica: error 38, unless
 *   the broker is told to treat every replication factor as 1. Assignments may name this node only.
 * - Every topic config of Kafka is accepted and kept; unknown names and bad values: INVALID_CONFIG
 *   40.
 * - When the answer is sent the topic is durable and its partitions can be written to.
 * - Deviation: of two names in one request that differ in '.' and '_' only, Kafka creates both;
 *   here the second collides, as it does in two requests.
 */
export const createTopicsHandler = handler({
  key: ApiKeys.CreateTopics,
  async handle({ topics, validateOnly }, { broker }) {
    const counts = new Map<string, number>();
    for (const { name } of topics) counts.set(name, (counts.get(name) ?? 0) + 1);
    const byName = new Map(topics.map((topic) => [topic.name, topic]));
    const partitions = topics.reduce((sum, topic) => sum + plannedPartitions(broker, topic), 0);
    const outcomes = await Promise.all(
      [...byName.values()].map(async (asked) => {
        if (partitions > PARTITIONS_PER_REQUEST_MAX) return refuse(asked.name, TOO_MANY_PARTITIONS);
        if ((counts.get(asked.name) ?? 0) > 1) return refuse(asked.name, REPEATED);
        return createOne(broker, asked, validateOnly);
      }),
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

function plannedPartitions(broker: BrokerContext, asked: AskedTopic): number {
  const { assignments, numPartitions } = asked;
  if (assignments.length > 0) return assignments.length;
  return numPartitions === -1
    ? broker.configs.number('num.partitions')
    : Math.max(numPartitions, 0);
}

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
  const problem =
    broker.topics.creationProblem(name, configs) ??
    (asked.assignments.length > 0
      ? assignmentProblem(broker, asked)
      : placementProblem(broker, asked));
  if (problem) return refuse(name, problem);
  const partitionCount = plannedPartitions(broker, asked);
  if (validateOnly) {
    return accepted(broker, { name, id: broker.newUuid(), partitionCount, configs });
  }
  try {
    const outcome = await broker.topics.create(name, partitionCount, configs);
    return isRefusal(outcome) ? refuse(name, outcome) : accepted(broker, outcome);
  } catch (error) {
    broker.logger.error({ err: error, topic: name }, 'topic not created');
    return refuse(name, { error: ErrorCodes.UNKNOWN_SERVER_ERROR, message: String(error) });
  }
}

/** Why the topic cannot have the requested numbers of replicas and partitions. */
function placementProblem(broker: BrokerContext, asked: AskedTopic): Refusal | undefined {
  const { numPartitions } = asked;
  const replication =
    asked.replicationFactor === -1
      ? broker.configs.number('default.replication.factor')
      : asked.replicationFactor;
  if (replication < 1) {
    const message = 'Replication factor must be larger than 0, or -1 to use the default value.';
    return { error: ErrorCodes.INVALID_REPLICATION_FACTOR, message };
  }
  if (numPartitions < -1 || numPartitions === 0) {
    const message = 'Number of partitions was set to an invalid non-positive value.';
    return { error: ErrorCodes.INVALID_PARTITIONS, message };
  }
  if (replication === 1 || broker.coercesReplicationFactor) return undefined;
  const message = `Unable to replicate the partition ${replication} time(s): The target replication factor of ${replication} cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned.`;
  return { error: ErrorCodes.INVALID_REPLICATION_FACTOR, message };
}

function assignmentProblem(broker: BrokerContext, asked: AskedTopic): Refusal | undefined {
  const { assignments, numPartitions, replicationFactor } = asked;
  const specified = 'A manual partition assignment was specified, but';
  if (replicationFactor !== -1) {
    const message = `${specified} replication factor was not set to -1.`;
    return { error: ErrorCodes.INVALID_REQUEST, message };
  }
  if (numPartitions !== -1) {
    const message = `${specified} numPartitions was not set to -1.`;
    return { error: ErrorCodes.INVALID_REQUEST, message };
  }
  const indexes = new Set<number>();
  for (const { partitionIndex, brokerIds } of assignments) {
    const message = indexes.has(partitionIndex)
      ? `Found multiple manual partition assignments for partition ${partitionIndex}`
      : replicasProblem(broker, brokerIds);
    if (message !== undefined) return { error: ErrorCodes.INVALID_REPLICA_ASSIGNMENT, message };
    indexes.add(partitionIndex);
  }
  if (assignments.every((_, index) => indexes.has(index))) return undefined;
  const message = 'partitions should be a consecutive 0-based integer sequence';
  return { error: ErrorCodes.INVALID_REPLICA_ASSIGNMENT, message };
}

/** Why a partition cannot be on these nodes (Kafka: `validateManualPartitionAssignment`). */
export function replicasProblem(
  broker: BrokerContext,
  brokerIds: readonly number[],
): string | undefined {
  const names = 'The manual partition assignment includes';
  if (brokerIds.length === 0) return `${names} an empty replica list.`;
  const other = brokerIds.find((id) => id !== broker.nodeId);
  if (other !== undefined) return `${names} broker ${other}, but no such broker is registered.`;
  return brokerIds.length === 1
    ? undefined
    : `${names} the broker ${broker.nodeId} more than once.`;
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
    configs: [...TOPIC_CONFIGS.values()].flatMap((definition) => {
      const { value, source } = topicConfigValue(definition, topic.configs, broker.configs);
      const { name } = definition;
      if (definition.isInternal && !topic.configs.has(name)) return [];
      return [{ name, value, readOnly: false, configSource: source, isSensitive: false }];
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
    configs: [],
  };
}
