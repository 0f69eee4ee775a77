import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import { handler } from './handler.ts';

/**
 * ElectLeaders (key 43), versions 0 to 2. One node leads everything: ELECTION_NOT_NEEDED 84 for
 * each partition that is asked for by name, none for "all" (Kafka:
 * `ReplicationControlManager.electLeaders`).
 */
export const electLeadersHandler = handler({
  key: ApiKeys.ElectLeaders,
  handle({ electionType, topicPartitions }, { broker }) {
    const isUnknown = electionType < 0 || electionType > UNCLEAN;
    const replicaElectionResults = (topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => {
        const outcome = isUnknown
          ? {
              errorCode: ErrorCodes.INVALID_REQUEST,
              errorMessage: `Unknown election type ${electionType}`,
            }
          : elect(broker, topic, partitionId);
        return { partitionId, ...outcome };
      }),
    }));
    const errorCode = isUnknown ? ErrorCodes.INVALID_REQUEST : ErrorCodes.NONE;
    return { errorCode, replicaElectionResults };
  },
});

/** 0 is the election of the preferred leader. */
const UNCLEAN = 1;

function elect(broker: BrokerContext, name: string, partition: number) {
  const topic = broker.topics.byName(name);
  if (topic && partition >= 0 && partition < topic.partitionCount) {
    return {
      errorCode: ErrorCodes.ELECTION_NOT_NEEDED,
      errorMessage: 'Leader election not needed for topic partition.',
    };
  }
  return {
    errorCode: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
    errorMessage: topic ? `No such partition as ${name}-${partition}` : `No such topic as ${name}`,
  };
}
