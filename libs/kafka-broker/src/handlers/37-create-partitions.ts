import { ApiKeys, ErrorCodes, type RequestOf } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import {
  PARTITIONS_PER_REQUEST_MAX,
  TOO_MANY_PARTITIONS,
  UNKNOWN_TOPIC,
} from '../metadata/topic-catalog.ts';
import type { Refusal } from '../metadata/refusal.ts';
import { internalTopicRefusal } from '../metadata/topic-names.ts';
import { replicasProblem } from './19-create-topics.ts';
import { handler } from './handler.ts';

/**
 * CreatePartitions (key 37), versions 0 to 3. Every topic asked for is in the answer, one that is
 * named twice once and not grown (INVALID_REQUEST 42). A count that is not larger:
 * INVALID_PARTITIONS 37; assignments of another number or to another node:
 * INVALID_REPLICA_ASSIGNMENT 39; more than 10,000 new partitions: POLICY_VIOLATION 44 (which Kafka
 * means, though it says UNKNOWN_SERVER_ERROR).
 */
export const createPartitionsHandler = handler({
  key: ApiKeys.CreatePartitions,
  async handle({ topics, validateOnly }, { broker }) {
    const byName = new Map(topics.map((topic) => [topic.name, topic]));
    const results = [];
    for (const asked of byName.values()) {
      const isRepeated = topics.filter(({ name }) => name === asked.name).length > 1;
      const refusal = isRepeated ? REPEATED : await grow(broker, asked, validateOnly);
      results.push({
        name: asked.name,
        errorCode: refusal?.error ?? ErrorCodes.NONE,
        errorMessage: refusal?.message ?? null,
      });
    }
    return { results };
  },
});

type AskedTopic = RequestOf<typeof ApiKeys.CreatePartitions>['topics'][number];

const REPEATED: Refusal = {
  error: ErrorCodes.INVALID_REQUEST,
  message: 'Duplicate topic name.',
};

async function grow(
  broker: BrokerContext,
  asked: AskedTopic,
  validateOnly: boolean,
): Promise<Refusal | undefined> {
  const topic = broker.topics.byName(asked.name);
  if (!topic) return UNKNOWN_TOPIC;
  const internal = internalTopicRefusal(topic.name);
  if (internal) return internal;
  const judge = () => growthProblem(broker, asked, topic.partitionCount);
  if (validateOnly) return judge();
  try {
    return await broker.topics.grow(topic, asked.count, judge);
  } catch (error) {
    broker.logger.error({ err: error, topic: asked.name }, 'topic not grown');
    return { error: ErrorCodes.UNKNOWN_SERVER_ERROR, message: String(error) };
  }
}

function growthProblem(
  broker: BrokerContext,
  { name, count, assignments }: AskedTopic,
  partitionCount: number,
): Refusal | undefined {
  if (count <= partitionCount) {
    const message =
      count === partitionCount
        ? `Topic already has ${partitionCount} partition(s).`
        : `The topic ${name} currently has ${partitionCount} partition(s); ${count} would not be an increase.`;
    return { error: ErrorCodes.INVALID_PARTITIONS, message };
  }
  const additional = count - partitionCount;
  if (assignments !== null && assignments.length !== additional) {
    const message = `Attempted to add ${additional} additional partition(s), but only ${assignments.length} assignment(s) were specified.`;
    return { error: ErrorCodes.INVALID_REPLICA_ASSIGNMENT, message };
  }
  for (const { brokerIds } of assignments ?? []) {
    const message = replicasProblem(broker, brokerIds);
    if (message !== undefined) return { error: ErrorCodes.INVALID_REPLICA_ASSIGNMENT, message };
  }
  return additional <= PARTITIONS_PER_REQUEST_MAX ? undefined : TOO_MANY_PARTITIONS;
}
