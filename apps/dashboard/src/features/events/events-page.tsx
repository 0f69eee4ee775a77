import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback } from 'react';
import { EventsDocument } from '../../generated/graphql.ts';
import { request } from '../../graphql/request.ts';
import { useLive } from '../../live/use-live.ts';
import { FilterInput } from '../../ui/filter-input.tsx';
import { NothingMatches, Section, SectionError, SkeletonRows } from '../../ui/section.tsx';
import { groupLooks, StateMark } from '../../ui/state-mark.tsx';
import { formatFull, formatMoment } from '../../ui/time.ts';
import { Verdict } from '../../ui/verdict.tsx';
import { eventLooks } from './event-look.ts';
import { EventSubject } from './event-subject.tsx';
import { eventWords } from './event-words.ts';
import './events.css';

const pageSize = 100;
const route = getRouteApi('/ui/events');

/** Everything that happened, newest first: fetched page by page, and what happens now on top. */
export function EventsPage() {
  const { subject = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const live = useLive((state) => state.events);
  const setSubject = useCallback(
    (text: string) => void navigate({ search: text ? { subject: text } : {}, replace: true }),
    [navigate],
  );
  const query = useInfiniteQuery({
    queryKey: ['events', subject],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      request(
        EventsDocument,
        { first: pageSize, after: pageParam, subject: subject === '' ? null : subject },
        signal,
      ).then((data) => data.events),
    getNextPageParam: (page) => (page.hasNextPage ? page.endCursor : null),
  });
  const fetched = query.data?.pages.flatMap((page) => page.nodes) ?? [];
  const known = new Set(fetched.map((event) => event.id));
  const fresh = live.filter(
    (event) => !known.has(event.id) && (subject === '' || event.subject === subject),
  );
  const newest = fetched[0];
  const events = [...fresh.filter((event) => !newest || event.at >= newest.at), ...fetched].filter(
    (event) => event.kind !== 'RUN_PROGRESS',
  );
  const latest = events[0];
  return (
    <>
      <Verdict
        verdict={{
          look: groupLooks.UNKNOWN,
          word: 'Everything that happened',
          sentence: latest
            ? [{ b: eventWords(latest).subject }, ` ${eventWords(latest).text}`]
            : ['Nothing has happened yet.'],
          lead: [
            latest
              ? formatMoment(latest.at)
              : 'Changes, rebalances, runs and restarts appear here.',
          ],
        }}
      />
      <div className="filters">
        <FilterInput label="Subject, exactly" value={subject} onChange={setSubject} width={280} />
      </div>
      <Section title="Events" hint="newest first">
        {query.error && (
          <SectionError what="Events" error={query.error} retry={() => void query.refetch()} />
        )}
        {!query.data && !query.error && <SkeletonRows rows={10} columns={3} />}
        {query.data && events.length === 0 && subject !== '' && (
          <NothingMatches
            text={`No event has the subject “${subject}”.`}
            clear={() => setSubject('')}
          />
        )}
        {query.data && events.length === 0 && subject === '' && (
          <p className="quiet">Topics made, groups rebalanced and runs finished are listed here.</p>
        )}
        <ol className="events full">
          {events.map((event) => {
            const look = eventLooks[event.kind];
            return (
              <li key={event.id}>
                <StateMark look={look} />
                <time dateTime={new Date(event.at).toISOString()} title={formatFull(event.at)}>
                  {formatMoment(event.at)}
                </time>
                <span className="text" title={event.message}>
                  <EventSubject event={event} /> {eventWords(event).text}
                </span>
              </li>
            );
          })}
        </ol>
        {query.hasNextPage && (
          <button
            type="button"
            className="btn btn-small"
            style={{ marginTop: 12 }}
            disabled={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show {pageSize} more
          </button>
        )}
      </Section>
    </>
  );
}
