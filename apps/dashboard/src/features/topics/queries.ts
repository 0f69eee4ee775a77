import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { TopicDocument, TopicsDocument, type TopicQuery } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { useLive } from '../../live/use-live.ts';

export type Topic = NonNullable<TopicQuery['topic']>;
export type Partition = Topic['partitions'][number];

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
      void client.invalidateQueries({ queryKey: ['topic', name] });
    }, waitMs);
    return () => clearTimeout(timer);
  }, [client, end, name]);
  return query;
}

/** Records per second of each partition, between the last two answers that differ in time. */
export function usePartitionRates(
  topic: Topic | null | undefined,
  at: number,
): ReadonlyMap<number, number> {
  const memory = useRef<{
    at: number;
    ends: Map<number, number>;
    rates: Map<number, number>;
  } | null>(null);
  if (topic && memory.current?.at !== at) {
    const ends = new Map(topic.partitions.map((p) => [p.partition, p.endOffset ?? 0]));
    const before = memory.current;
    const seconds = before ? (at - before.at) / 1000 : 0;
    const rates = new Map<number, number>();
    if (before && seconds > 0.5) {
      for (const [partition, end] of ends) {
        const last = before.ends.get(partition);
        if (last !== undefined) rates.set(partition, Math.max(0, end - last) / seconds);
      }
    }
    memory.current = { at, ends, rates: seconds > 0.5 ? rates : (before?.rates ?? rates) };
  }
  return memory.current?.rates ?? new Map();
}
