import { queryOptions } from '@tanstack/react-query';
import {
  ConsumerGroupDocument,
  PipelineGroupsDocument,
  type ConsumerGroupQuery,
} from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import type { LiveGroup } from '../../live/live-store.ts';

export type Group = NonNullable<ConsumerGroupQuery['consumerGroup']>;
export type GroupPartition = Group['partitions'][number];

export function groupQuery(groupId: string) {
  return queryOptions({
    queryKey: ['group', groupId],
    queryFn: ({ signal }) =>
      request(ConsumerGroupDocument, { groupId }, signal).then((data) => data.consumerGroup),
  });
}

/** Groups that pipelines of this installation read in; any other group is somebody else's. */
export const pipelineGroupsQuery = queryOptions({
  queryKey: ['pipelines', 'groups'],
  queryFn: ({ signal }) =>
    request(PipelineGroupsDocument, {}, signal).then(({ pipelines }) =>
      pipelines.map((pipeline) => pipeline.groupId),
    ),
});

/**
 * Partitions of the group with the offsets of the last frame, always in the order of topic and
 * partition, so that no row moves under the eye.
 */
export function currentPartitions(group: Group, live: LiveGroup | undefined): GroupPartition[] {
  const known = new Map(group.partitions.map((p) => [`${p.topic}/${p.partition}`, p]));
  for (const now of live?.partitions ?? []) {
    const id = `${now.topic}/${now.partition}`;
    const before = known.get(id) ?? { startOffset: null, memberId: null };
    known.set(id, { ...before, ...now });
  }
  return [...known.values()].sort(
    (a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition,
  );
}

export interface PartitionSums {
  lag: number | null;
  committed: number | null;
  end: number | null;
}

/**
 * Sums over the partitions whose offset is committed, so that end − committed = lag in the sum too.
 */
export function partitionSums(partitions: readonly GroupPartition[]): PartitionSums {
  const known = partitions.filter((p) => p.committedOffset !== null && p.endOffset !== null);
  if (known.length === 0) return { lag: null, committed: null, end: null };
  const sum = (pick: (p: GroupPartition) => number | null) =>
    known.reduce((total, p) => total + (pick(p) ?? 0), 0);
  return {
    lag: sum((p) => p.lag),
    committed: sum((p) => p.committedOffset),
    end: sum((p) => p.endOffset),
  };
}
