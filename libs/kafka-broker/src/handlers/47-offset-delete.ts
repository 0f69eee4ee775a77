import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import { handler } from './handler.ts';

/**
 * OffsetDelete (key 47), version 0; never flexible. In a live `consumer` group only topics that it
 * does not subscribe to (GROUP_SUBSCRIBED_TO_TOPIC 86); other live groups: NON_EMPTY_GROUP 68.
 */
export const offsetDeleteHandler = handler({
  key: ApiKeys.OffsetDelete,
  async handle({ groupId, topics }, { broker }) {
    const asked = topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
    );
    const outcome = await broker.groups.offsets.delete(groupId, asked);
    if (outcome.error !== ErrorCodes.NONE) return { errorCode: outcome.error, topics: [] };
    let index = 0;
    return {
      errorCode: ErrorCodes.NONE,
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: outcome.partitions[index++] ?? ErrorCodes.NONE,
        })),
      })),
    };
  },
});
