import { Link } from '@tanstack/react-router';
import type { EventRowFragment } from '../../generated/graphql.ts';
import { eventWords } from './event-words.ts';

/** What happened, with its subject linked to its page where it has one. */
export function EventSentence({ event }: { event: EventRowFragment }) {
  const { before, subject, after } = eventWords(event);
  return (
    <>
      {before}
      <Subject event={event} subject={subject} />
      {after}
    </>
  );
}

function Subject({ event, subject }: { event: EventRowFragment; subject: string }) {
  switch (event.kind) {
    case 'TOPIC_CREATED':
      return (
        <Link className="subject" to="/ui/topics/$name" params={{ name: event.subject }}>
          {subject}
        </Link>
      );
    case 'GROUP_REBALANCED':
    case 'GROUP_EMPTIED':
      return (
        <Link
          className="subject"
          to="/ui/consumer-groups/$groupId"
          params={{ groupId: event.subject }}
        >
          {subject}
        </Link>
      );
    case 'PIPELINES_RELOADED':
    case 'PIPELINES_REFUSED':
      return (
        <Link className="subject" to="/ui/pipelines">
          {subject}
        </Link>
      );
    case 'PROCESSOR_STARTED':
    case 'PROCESSOR_PAUSED':
    case 'PROCESSOR_RESUMED':
    case 'PROCESSOR_FAILED':
    case 'PROCESSOR_STARTED_OVER':
    case 'PROCESSOR_STATE_KEPT':
    case 'RECORD_DEAD_LETTERED':
      return (
        <Link className="subject" to="/ui/pipelines/$name" params={{ name: event.subject }}>
          {subject}
        </Link>
      );
    case 'TICK_SKIPPED':
    case 'SCHEDULE_PAUSED':
    case 'SCHEDULE_RESUMED':
    case 'BACKFILL_CHANGED':
      return (
        <Link className="subject" to="/ui/batch-jobs/$name" params={{ name: event.subject }}>
          {subject}
        </Link>
      );
    case 'RUN_CREATED':
    case 'RUN_STARTED':
    case 'RUN_PROGRESS':
    case 'RUN_RETRIED':
    case 'RUN_SUCCEEDED':
    case 'RUN_FAILED':
    case 'RUN_CANCELLED':
    case 'RUN_LATE':
    case 'RUN_WINDOW_CHANGED':
      if (subject === event.subject) return <b>{subject}</b>;
      return (
        <Link
          className="subject"
          to="/ui/batch-jobs/$name"
          params={{ name: subject }}
          search={{ run: event.subject }}
        >
          {subject}
        </Link>
      );
    default:
      return <b>{subject}</b>;
  }
}
