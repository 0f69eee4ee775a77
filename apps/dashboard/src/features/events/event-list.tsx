import type { EventRowFragment } from '../../generated/graphql.ts';
import { useLive } from '../../live/use-live.ts';
import { formatFull, formatMoment } from '../../ui/time.ts';
import { eventLooks } from './event-look.ts';
import { EventSubject } from './event-subject.tsx';
import { eventWords } from './event-words.ts';
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
  const { subject, text } = eventWords(event);
  return (
    <li>
      <time dateTime={new Date(event.at).toISOString()} title={formatFull(event.at)}>
        {formatMoment(event.at)}
      </time>
      <span className="mark" data-tone={look.tone} title={look.word}>
        <Icon size={14} stroke={1.75} role="img" aria-label={look.word} />
      </span>
      <span className="text" title={`${subject} ${text}`}>
        <EventSubject event={event} /> {text}
      </span>
    </li>
  );
}
