import { infiniteQueryOptions, queryOptions, useQuery } from '@tanstack/react-query';
import { TopicDocument, TopicsDocument, type TopicQuery } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { useLive } from '../../live/use-live.ts';
import { useRefetchOnChange } from '../../live/use-refetch-on-change.ts';

export type Topic = NonNullable<TopicQuery['topic']>;

export const topicsPageSize = 100;

/** Topics by name, page by page. */
export function topicsQuery(input: { filter: string; internal: boolean }) {
  const { internal } = input;
  const filter = input.filter === '' ? null : input.filter;
  return infiniteQueryOptions({
    queryKey: ['topics', input],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam: after, signal }) => {
      const variables = { filter, internal, first: topicsPageSize, after };
      return request(TopicsDocument, variables, signal).then((data) => data.topics);
    },
    getNextPageParam: (page) => (page.hasNextPage ? page.endCursor : null),
  });
}

function topicQuery(name: string) {
  return queryOptions({
    queryKey: ['topic', name],
    queryFn: ({ signal }) => request(TopicDocument, { name }, signal).then((data) => data.topic),
  });
}

/**
 * One topic; its partitions are asked again when the sum of its log ends in the live frame grows.
 */
export function useTopic(name: string) {
  const end = useLive(
    (state) => state.frame?.topics.find((topic) => topic.name === name)?.endOffsetSum,
  );
  useRefetchOnChange(['topic', name], end);
  return useQuery(topicQuery(name));
}
