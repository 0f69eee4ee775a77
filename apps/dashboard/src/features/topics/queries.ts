import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { TopicDocument, TopicsDocument, type TopicQuery } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { useLive } from '../../live/use-live.ts';

export type Topic = NonNullable<TopicQuery['topic']>;

export function topicsQuery(input: { filter: string; internal: boolean; first: number }) {
  return queryOptions({
    queryKey: ['topics', input],
    queryFn: ({ signal }) =>
      request(
        TopicsDocument,
        { ...input, filter: input.filter === '' ? null : input.filter, after: null },
        signal,
      ).then((data) => data.topics),
  });
}

function topicQuery(name: string) {
  return queryOptions({
    queryKey: ['topic', name],
    queryFn: ({ signal }) => request(TopicDocument, { name }, signal).then((data) => data.topic),
  });
}

const refetchMs = 2_000;

/**
 * One topic. The live frame carries the sum of its log ends; when that grows, the partitions are
 * asked again, at most every 2 s and only while the page is looked at.
 */
export function useTopic(name: string) {
  const query = useQuery(topicQuery(name));
  const client = useQueryClient();
  const end = useLive(
    (state) => state.frame?.topics.find((topic) => topic.name === name)?.endOffsetSum,
  );
  const askedAt = useRef(0);
  const seen = useRef(end);
  useEffect(() => {
    if (end === seen.current || document.visibilityState === 'hidden') return;
    const waitMs = Math.max(0, askedAt.current + refetchMs - performance.now());
    const timer = setTimeout(() => {
      seen.current = end;
      askedAt.current = performance.now();
      void client.invalidateQueries({ queryKey: ['topic', name] }, { cancelRefetch: false });
    }, waitMs);
    return () => clearTimeout(timer);
  }, [client, end, name]);
  return query;
}
