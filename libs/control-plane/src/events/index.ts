export { EVENT_KINDS, type EventKind } from './event-kinds.ts';
export { EventLog, type EventEntry, type EventPage, type PipelinesProblem } from './event-log.ts';
export { EventRecorder } from './event-recorder.ts';
export { EventWaker } from './event-waker.ts';
