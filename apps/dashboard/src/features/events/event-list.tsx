import type { EventRowFragment } from '../../generated/graphql.ts';
import { useLive } from '../../live/use-live.ts';
import { SectionError, SkeletonRows } from '../../ui/section.tsx';
import { formatFull, formatMoment } from '../../ui/time.ts';
import { eventLooks } from './event-look.ts';
import { EventSentence } from './event-sentence.tsx';
import { eventSentence } from './event-words.ts';
import { eventPageSize, useEvents } from './use-events.ts';
import './events.css';

/** The newest events, as they happen. */
export function EventList({ limit }: { limit: number }) {
  const events = useLive((state) => state.events);
  const shown = events.slice(0, limit);
  if (shown.length === 0) return <p className="quiet small">Nothing has happened yet.</p>;
  return <Events events={shown} />;
}

/** All events of one subject that are kept, page by page. */
export function SubjectEvents({ subject }: { subject: string }) {
  const { query, events } = useEvents(subject);
  return (
    <>
      {query.error && (
        <SectionError what="Events" error={query.error} retry={() => void query.refetch()} />
      )}
      {!query.data && !query.error && <SkeletonRows rows={4} columns={2} />}
      {query.data && events.length === 0 && (
        <p className="quiet small">No event of {subject} is known.</p>
      )}
      <Events events={events} />
      <MoreEvents query={query} />
    </>
  );
}

export function MoreEvents({ query }: { query: ReturnType<typeof useEvents>['query'] }) {
  if (!query.hasNextPage) return null;
  return (
    <button
      type="button"
      className="btn btn-small"
      style={{ marginTop: 12 }}
      disabled={query.isFetchingNextPage}
      onClick={() => void query.fetchNextPage()}
    >
      Show {eventPageSize} more
    </button>
  );
}

function Events({ events }: { events: readonly EventRowFragment[] }) {
  return (
    <ol className="events">
      {events.map((event) => (
        <EventLine key={event.id} event={event} />
      ))}
    </ol>
  );
}

function EventLine({ event }: { event: EventRowFragment }) {
  const look = eventLooks[event.kind];
  const Icon = look.icon;
  return (
    <li>
      <time dateTime={new Date(event.at).toISOString()} title={formatFull(event.at)}>
        {formatMoment(event.at)}
      </time>
      <span className="mark" data-tone={look.tone} title={look.word}>
        <Icon size={14} stroke={1.75} role="img" aria-label={look.word} />
      </span>
      <span className="text" title={eventSentence(event)}>
        <EventSentence event={event} />
      </span>
    </li>
  );
}
