import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import type { PartitionLog } from '@penstock/kafka-log';
import { LEADER_EPOCH } from '../broker-context.ts';
import { handler } from './handler.ts';

/**
 * OffsetForLeaderEpoch (key 23), versions 2 to 4 (Kafka: `LeaderEpochFileCache.endOffsetFor`).
 * There is one epoch: it ends at the log end, in an empty partition too. A later epoch is not
 * known: −1, −1. An earlier epoch ended at the log start.
 */
export const offsetForLeaderEpochHandler = handler({
  key: ApiKeys.OffsetForLeaderEpoch,
  handle: ({ topics }, { broker }) => ({
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
        const log = broker.topics.byName(topic)?.log(partition);
        if (!log) return { partition, errorCode: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION };
        if (log.isOffline) return { partition, errorCode: ErrorCodes.KAFKA_STORAGE_ERROR };
        if (currentLeaderEpoch > LEADER_EPOCH) {
          return { partition, errorCode: ErrorCodes.UNKNOWN_LEADER_EPOCH };
        }
        return { partition, errorCode: ErrorCodes.NONE, ...endOfEpoch(log, leaderEpoch) };
      }),
    })),
  }),
});

const UNDEFINED_EPOCH = -1;

function endOfEpoch(
  log: PartitionLog,
  leaderEpoch: number,
): { leaderEpoch: number; endOffset: number } {
  if (leaderEpoch === UNDEFINED_EPOCH || leaderEpoch > LEADER_EPOCH) {
    return { leaderEpoch: -1, endOffset: -1 };
  }
  if (leaderEpoch === LEADER_EPOCH) return { leaderEpoch, endOffset: log.logEndOffset };
  return { leaderEpoch, endOffset: log.logStartOffset };
}
