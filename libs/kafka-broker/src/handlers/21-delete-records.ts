import { ApiKeys, ErrorCodes, isInternalTopic } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import { acknowledgedRecordsVisible } from '../fetching/acknowledged-records.ts';
import { handler } from './handler.ts';
import { withoutRepeats } from './repeated-partitions.ts';

/**
 * DeleteRecords (key 21), versions 0 to 2. Raises the log start, −1 to the high watermark; an
 * offset beyond that: OFFSET_OUT_OF_RANGE 1. An internal topic: INVALID_TOPIC_EXCEPTION 17. What
 * was acknowledged lies below the high watermark: see `acknowledged-records.ts`. A topic that is
 * only compacted: POLICY_VIOLATION 44.
 */
export const deleteRecordsHandler = handler({
  key: ApiKeys.DeleteRecords,
  handle: async ({ topics }, { broker }) => ({
    topics: await Promise.all(
      withoutRepeats(
        topics,
        ({ name }) => name,
        ({ partitionIndex }) => partitionIndex,
      ).map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all(
          partitions.map(async ({ partitionIndex, offset }) => ({
            partitionIndex,
            ...(await deleteRecords(broker, name, partitionIndex, offset)),
          })),
        ),
      })),
    ),
  }),
});

async function deleteRecords(
  broker: BrokerContext,
  name: string,
  partition: number,
  offset: number,
): Promise<{ lowWatermark: number; errorCode: number }> {
  const topic = broker.topics.byName(name);
  const log = topic?.log(partition);
  const failed = (errorCode: number) => ({ lowWatermark: -1, errorCode });
  if (isInternalTopic(name)) return failed(ErrorCodes.INVALID_TOPIC_EXCEPTION);
  if (!topic || !log) return failed(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  const { cleanupPolicy } = topic.logConfig;
  if (cleanupPolicy.includes('compact') && !cleanupPolicy.includes('delete')) {
    return failed(ErrorCodes.POLICY_VIOLATION);
  }
  if (offset < -1) return failed(ErrorCodes.OFFSET_OUT_OF_RANGE);
  if (log.isOffline) return failed(ErrorCodes.KAFKA_STORAGE_ERROR);
  const late = await acknowledgedRecordsVisible(broker, [log]);
  if (late?.has(log)) return failed(ErrorCodes.KAFKA_STORAGE_ERROR);
  try {
    const lowWatermark = await log.deleteRecords(offset);
    return lowWatermark === undefined
      ? failed(ErrorCodes.OFFSET_OUT_OF_RANGE)
      : { lowWatermark, errorCode: ErrorCodes.NONE };
  } catch (error) {
    broker.logger.error({ err: error, topic: name, partition }, 'records not deleted');
    return failed(ErrorCodes.KAFKA_STORAGE_ERROR);
  }
}
