import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { EventsDocument, type EventRowFragment } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { useLive } from '../../live/use-live.ts';

export const eventPageSize = 100;

/**
 * The events of one subject, or of everything when it is empty, newest first: fetched page by page,
 * and what happens now on top.
 */
export function useEvents(subject: string) {
  const live = useLive((state) => state.events);
  const query = useInfiniteQuery({
    queryKey: ['events', subject],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      request(
        EventsDocument,
        { first: eventPageSize, after: pageParam, subject: subject === '' ? null : subject },
        signal,
      ).then((data) => data.events),
    getNextPageParam: (page) => (page.hasNextPage ? page.endCursor : null),
  });
  const { data } = query;
  const events = useMemo(() => {
    const fetched = data?.pages.flatMap((page) => page.nodes) ?? [];
    const own = live.filter((event) => subject === '' || event.subject === subject);
    return newestFirst(own, fetched);
  }, [data, live, subject]);
  const [first] = data?.pages ?? [];
  const fetchedCount = data?.pages.flatMap((page) => page.nodes).length ?? 0;
  return {
    query,
    events,
    /** All that are kept, those not fetched yet included; null before the first answer. */
    count: first === undefined ? null : first.totalCount + events.length - fetchedCount,
  };
}

/** Two lists of events as one, each event once. Ids tell the order; the clock may have been set. */
export function newestFirst(
  live: readonly EventRowFragment[],
  fetched: readonly EventRowFragment[],
): EventRowFragment[] {
  const byId = new Map([...live, ...fetched].map((event) => [Number(event.id), event]));
  return [...byId].sort(([a], [b]) => b - a).map(([, event]) => event);
}
