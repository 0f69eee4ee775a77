export { EVENT_KINDS, type EventKind, isEventKind } from './event-kinds.ts';
export { EVENTS_KEPT_MAX, EventLog, type EventEntry, type EventPage } from './event-log.ts';
export { EventWaker } from './event-waker.ts';
