import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
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
      void client.invalidateQueries({ queryKey: ['topic', name] }, { cancelRefetch: false });
    }, waitMs);
    return () => clearTimeout(timer);
  }, [client, end, name]);
  return query;
}

interface EndsAt {
  at: number;
  ends: ReadonlyMap<number, number>;
}

const rateWindowMs = 10_000;

/** The answers of the last 10 s, from which the rate of each partition follows. */
class PartitionMeter {
  #answers: readonly EndsAt[] = [];

  measure(topic: Topic, at: number): ReadonlyMap<number, number> {
    if (this.#answers.at(-1)?.at !== at) {
      const ends = new Map(topic.partitions.map((p) => [p.partition, p.endOffset ?? 0]));
      const recent = this.#answers.filter((answer) => at - answer.at <= rateWindowMs);
      this.#answers = [...recent, { at, ends }];
    }
    return partitionRates(this.#answers);
  }
}

/** Records per second of each partition; empty until two answers exist. `at`: when `topic` came, ms. */
export function usePartitionRates(topic: Topic, at: number): ReadonlyMap<number, number> {
  const [meter] = useState(() => new PartitionMeter());
  return useMemo(() => meter.measure(topic, at), [meter, topic, at]);
}

/** Growth between the oldest and the newest answer, records per second. */
export function partitionRates(answers: readonly EndsAt[]): ReadonlyMap<number, number> {
  const first = answers[0];
  const last = answers.at(-1);
  const rates = new Map<number, number>();
  if (!first || !last || last.at - first.at < 1_000) return rates;
  for (const [partition, end] of last.ends) {
    const before = first.ends.get(partition);
    if (before === undefined) continue;
    rates.set(partition, (Math.max(0, end - before) / (last.at - first.at)) * 1000);
  }
  return rates;
}
