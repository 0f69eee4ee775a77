import type { EventRowFragment } from '../../generated/graphql.ts';
import { useLive } from '../../live/use-live.ts';
import { formatFull, formatMoment } from '../../ui/time.ts';
import { eventLooks } from './event-look.ts';
import './events.css';

/** The newest events, as they happen; progress of runs is left to the runs themselves. */
export function EventList({ limit, subject }: { limit: number; subject?: string }) {
  const events = useLive((state) => state.events);
  const shown = events
    .filter((event) => event.kind !== 'RUN_PROGRESS' && (!subject || event.subject === subject))
    .slice(0, limit);
  if (shown.length === 0) return <p className="quiet small">Nothing has happened yet.</p>;
  return (
    <ol className="events">
      {shown.map((event) => (
        <EventLine key={event.id} event={event} />
      ))}
    </ol>
  );
}

export function EventLine({ event }: { event: EventRowFragment }) {
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
      <span className="text" title={`${event.subject} ${event.message}`}>
        <b>{event.subject}</b> {withoutSubject(event)}
      </span>
    </li>
  );
}

/** Messages may begin with their subject; it is written once. */
export function withoutSubject(event: { subject: string; message: string }): string {
  return event.message.startsWith(`${event.subject} `)
    ? event.message.slice(event.subject.length + 1)
    : event.message;
}
