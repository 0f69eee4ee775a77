import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import type { OffsetToCommit } from '../groups/group-results.ts';
import { handler } from './handler.ts';

/**
 * OffsetCommit (key 8), versions 2 to 9.
 *
 * - Answered once the offsets are durable; commits that arrive while a transaction is being synced
 *   share the next one.
 * - Generation −1 without a member id is a client that assigns itself; it may commit while the
 *   group is empty, and creates the group.
 * - Retention of versions 2 to 4 is kept with the offset; −1 means the broker's.
 * - A partition that does not exist: UNKNOWN_TOPIC_OR_PARTITION 3. A topic named without partitions
 *   is not answered.
 * - Commits that cannot be stored: COORDINATOR_NOT_AVAILABLE 15, which clients try again.
 */
export const offsetCommitHandler = handler({
  key: ApiKeys.OffsetCommit,
  async handle(request, { broker, apiVersion }) {
    const { topics } = request;
    const accepted: OffsetToCommit[] = [];
    for (const { name, partitions } of topics) {
      const count = broker.topics.byName(name)?.partitionCount ?? 0;
      for (const partition of partitions) {
        if (partition.partitionIndex < 0 || partition.partitionIndex >= count) continue;
        accepted.push({
          topic: name,
          partition: partition.partitionIndex,
          offset: partition.committedOffset,
          leaderEpoch: partition.committedLeaderEpoch,
          metadata: partition.committedMetadata ?? '',
          retentionMs: request.retentionTimeMs === -1 ? null : request.retentionTimeMs,
        });
      }
    }
    const committer = {
      generationId: request.generationIdOrMemberEpoch,
      memberId: request.memberId,
      groupInstanceId: request.groupInstanceId,
    };
    const errors =
      accepted.length === 0
        ? []
        : await broker.groups.offsets.commit(request.groupId, committer, apiVersion, accepted);
    const byPartition = new Map(
      accepted.map(({ topic, partition }, index) => [`${topic}/${partition}`, errors[index]]),
    );
    return {
      topics: topics.filter(hasPartitions).map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode:
            byPartition.get(`${name}/${partitionIndex}`) ?? ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
        })),
      })),
    };
  },
});

function hasPartitions({ partitions }: { partitions: readonly unknown[] }): boolean {
  return partitions.length > 0;
}
