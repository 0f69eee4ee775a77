import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { LEADER_EPOCH } from '../broker-context.ts';
import { handler } from './handler.ts';

/**
 * OffsetForLeaderEpoch (key 23), versions 2 to 4. The end of the epoch that was asked for, or of the
 * nearest one below; of an epoch that is yet to come nothing is known: −1, −1.
 */
export const offsetForLeaderEpochHandler = handler({
  key: ApiKeys.OffsetForLeaderEpoch,
  handle: ({ topics }, { broker }) => ({
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
        const log = broker.topics.byName(topic)?.log(partition);
        if (!log) return { partition, errorCode: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION };
        if (currentLeaderEpoch > LEADER_EPOCH) {
          return { partition, errorCode: ErrorCodes.UNKNOWN_LEADER_EPOCH };
        }
        return { partition, errorCode: ErrorCodes.NONE, ...log.endOffsetForEpoch(leaderEpoch) };
      }),
    })),
  }),
});
