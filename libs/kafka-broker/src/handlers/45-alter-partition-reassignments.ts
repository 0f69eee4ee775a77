import { ApiKeys, ErrorCodes, type ResponseInputOf } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import { replicasProblem } from './19-create-topics.ts';
import { handler } from './handler.ts';

/**
 * AlterPartitionReassignments (key 45), versions 0 and 1 (Kafka:
 * `ReplicationControlManager.alterPartitionReassignments`). Every partition is on this node:
 * assigning it to this node succeeds at once, to any other node is INVALID_REPLICA_ASSIGNMENT 39,
 * and there is never a reassignment to cancel: NO_REASSIGNMENT_IN_PROGRESS 85.
 */
export const alterPartitionReassignmentsHandler = handler({
  key: ApiKeys.AlterPartitionReassignments,
  handle: ({ topics, allowReplicationFactorChange }, { broker }) => ({
    allowReplicationFactorChange,
    errorCode: ErrorCodes.NONE,
    responses: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, replicas }) => ({
        partitionIndex,
        ...reassign(broker, name, partitionIndex, replicas),
      })),
    })),
  }),
});

type Outcome = Omit<
  ResponseInputOf<
    typeof ApiKeys.AlterPartitionReassignments
  >['responses'][number]['partitions'][number],
  'partitionIndex'
>;

function reassign(
  broker: BrokerContext,
  name: string,
  partition: number,
  replicas: readonly number[] | null,
): Outcome {
  const topic = broker.topics.byName(name);
  if (!topic || partition < 0 || partition >= topic.partitionCount) {
    const errorMessage = topic
      ? `Unable to find partition ${name}:${partition}.`
      : `Unable to find a topic named ${name}.`;
    return { errorCode: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION, errorMessage };
  }
  if (replicas === null) return { errorCode: ErrorCodes.NO_REASSIGNMENT_IN_PROGRESS };
  const problem = replicasProblem(broker, replicas);
  if (problem === undefined) return { errorCode: ErrorCodes.NONE };
  return { errorCode: ErrorCodes.INVALID_REPLICA_ASSIGNMENT, errorMessage: problem };
}
