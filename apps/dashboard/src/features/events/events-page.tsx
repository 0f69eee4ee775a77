import { getRouteApi } from '@tanstack/react-router';
import { useCallback } from 'react';
import type { EventRowFragment } from '../../generated/graphql.ts';
import { FilterInput } from '../../ui/filter-input.tsx';
import { NothingMatches, Section, SectionError, SkeletonRows } from '../../ui/section.tsx';
import type { Rich } from '../../ui/rich.tsx';
import { groupLooks, StateMark } from '../../ui/state-mark.tsx';
import { formatFull, formatMoment } from '../../ui/time.ts';
import { Verdict } from '../../ui/verdict.tsx';
import { eventLooks } from './event-look.ts';
import { MoreEvents } from './event-list.tsx';
import { EventSentence } from './event-sentence.tsx';
import { eventSentence, eventWords } from './event-words.ts';
import { useEvents } from './use-events.ts';
import './events.css';

const route = getRouteApi('/ui/events');

/** Everything that happened, newest first: fetched page by page, and what happens now on top. */
export function EventsPage() {
  const { subject = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const setSubject = useCallback(
    (text: string) => void navigate({ search: text ? { subject: text } : {}, replace: true }),
    [navigate],
  );
  const { query, events } = useEvents(subject);
  const latest = events[0];
  return (
    <>
      <Verdict
        verdict={{
          look: groupLooks.UNKNOWN,
          word: 'Everything that happened',
          sentence: latest ? boldSubject(latest) : [emptyText(subject, query.isPending)],
          lead: [
            latest ? formatMoment(latest.at) : 'Topics, rebalances, runs and restarts appear here.',
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
                <span className="text" title={eventSentence(event)}>
                  <EventSentence event={event} />
                </span>
              </li>
            );
          })}
        </ol>
        <MoreEvents query={query} />
      </Section>
    </>
  );
}

function boldSubject(event: EventRowFragment): Rich {
  const { before, subject, after } = eventWords(event);
  return [before, { b: subject }, after];
}

function emptyText(subject: string, isPending: boolean): string {
  if (isPending) return 'What happened is being fetched.';
  return subject === '' ? 'Nothing has happened yet.' : `No event has the subject “${subject}”.`;
}
