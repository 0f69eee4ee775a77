import { ApiKeys, ErrorCodes } from '@penstock/kafka-protocol';
import type { BrokerContext } from '../broker-context.ts';
import type { CommittedOffset } from '../groups/group-results.ts';
import { handler } from './handler.ts';

/**
 * OffsetFetch (key 9), versions 1 to 9.
 *
 * - Never fails for what was not committed: offset −1, epoch −1, empty metadata, no error.
 * - Null topics (version 2 on) ask for everything the group has committed; from version 8 on one
 *   request asks for several groups.
 * - `requireStable` changes nothing: there are no pending transactional commits.
 */
export const offsetFetchHandler = handler({
  key: ApiKeys.OffsetFetch,
  handle({ groupId, topics, groups }, { broker, apiVersion }) {
    if (apiVersion >= 8) {
      return {
        groups: groups.map((group) => ({
          groupId: group.groupId,
          errorCode: ErrorCodes.NONE,
          topics: fetchTopics(broker, group.groupId, group.topics),
        })),
      };
    }
    return { errorCode: ErrorCodes.NONE, topics: fetchTopics(broker, groupId, topics) };
  },
});

interface AskedTopic {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
}

function fetchTopics(broker: BrokerContext, groupId: string, asked: readonly AskedTopic[] | null) {
  const { offsets } = broker.groups;
  const topics =
    asked ??
    [...offsets.fetchAll(groupId)].map(([name, partitions]) => ({
      name,
      partitionIndexes: [...partitions.keys()],
    }));
  return topics.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partition) =>
      answer(partition, offsets.fetch(groupId, name, partition)),
    ),
  }));
}

function answer(partitionIndex: number, committed: CommittedOffset | undefined) {
  return {
    partitionIndex,
    committedOffset: committed?.offset ?? -1,
    committedLeaderEpoch: committed?.leaderEpoch ?? -1,
    metadata: committed?.metadata ?? '',
    errorCode: ErrorCodes.NONE,
  };
}
