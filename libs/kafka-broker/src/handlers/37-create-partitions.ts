import { ApiKeys, ErrorCodes, type RequestOf } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import type { Refusal } from '../metadata/topic-catalog.ts';
import { handler } from './handler.ts';

/**
 * CreatePartitions (key 37), versions 0 to 3. Every topic asked for is in the answer. A count that
 * is not larger: INVALID_PARTITIONS 37; an assignment to another node: 39.
 */
export const createPartitionsHandler = handler({
  key: ApiKeys.CreatePartitions,
  async handle({ topics, validateOnly }, { broker }) {
    const seen = new Set<string>();
    const results = [];
    for (const asked of topics) {
      const isRepeated = seen.has(asked.name);
      seen.add(asked.name);
      const refusal = isRepeated
        ? { error: ErrorCodes.INVALID_REQUEST, message: 'Duplicate topic in request.' }
        : await grow(broker, asked, validateOnly);
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

const PARTITIONS_MAX = 10_000;

async function grow(
  broker: BrokerContext,
  { name, count, assignments }: AskedTopic,
  validateOnly: boolean,
): Promise<Refusal | undefined> {
  const topic = broker.topics.byName(name);
  if (!topic) {
    return {
      error: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
      message: 'This server does not host this topic-partition.',
    };
  }
  const { partitionCount } = topic;
  if (count <= partitionCount || count > PARTITIONS_MAX) {
    const message =
      count === partitionCount
        ? `Topic already has ${partitionCount} partition(s).`
        : `The topic ${name} currently has ${partitionCount} partition(s); ${count} would not be an increase, or above ${PARTITIONS_MAX}.`;
    return { error: ErrorCodes.INVALID_PARTITIONS, message };
  }
  const fits =
    assignments === null ||
    (assignments.length === count - partitionCount &&
      assignments.every(
        ({ brokerIds }) => brokerIds.length === 1 && brokerIds[0] === broker.nodeId,
      ));
  if (!fits) {
    return {
      error: ErrorCodes.INVALID_REPLICA_ASSIGNMENT,
      message: `Every new partition must be assigned to node ${broker.nodeId} alone.`,
    };
  }
  if (!validateOnly) await broker.topics.setPartitionCount(topic, count);
  return undefined;
}
