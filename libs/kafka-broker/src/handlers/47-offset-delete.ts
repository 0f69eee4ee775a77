import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import type { TopicPartition } from '../groups/group-offsets.ts';
import { handler } from './handler.ts';

/**
 * OffsetDelete (key 47), version 0; never flexible. In a live `consumer` group only topics that it
 * does not subscribe to (GROUP_SUBSCRIBED_TO_TOPIC 86); other live groups: NON_EMPTY_GROUP 68.
 * A partition that does not exist: UNKNOWN_TOPIC_OR_PARTITION 3.
 */
export const offsetDeleteHandler = handler({
  key: ApiKeys.OffsetDelete,
  async handle({ groupId, topics }, { broker }) {
    const exists = ({ topic, partition }: TopicPartition): boolean =>
      partition >= 0 && partition < (broker.topics.byName(topic)?.partitionCount ?? 0);
    const asked = topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
    );
    const known = asked.filter(exists);
    const outcome = await broker.groups.offsets.delete(groupId, known);
    if (outcome.error !== ErrorCodes.NONE) return { errorCode: outcome.error, topics: [] };
    const errors = new Map(
      known.map(({ topic, partition }, index) => [
        `${topic}/${partition}`,
        outcome.partitions[index],
      ]),
    );
    return {
      errorCode: ErrorCodes.NONE,
      topics: topics
        .filter(({ partitions }) => partitions.length > 0)
        .map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex }) => ({
            partitionIndex,
            errorCode:
              errors.get(`${name}/${partitionIndex}`) ?? ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
          })),
        })),
    };
  },
});
