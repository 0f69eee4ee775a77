/**
 * The closed set of things that are recorded as events. The same words are the GraphQL enum
 * `EventKind`, so adding one is a change of the contract in apps/api/schema.graphql.
 */
export const EVENT_KINDS = [
  'TOPIC_CREATED',
  'TOPIC_DELETED',
  'GROUP_REBALANCED',
  'GROUP_EMPTIED',
  'PIPELINES_RELOADED',
  'PIPELINES_REFUSED',
  'PROCESSOR_STARTED',
  'PROCESSOR_PAUSED',
  'PROCESSOR_RESUMED',
  'PROCESSOR_FAILED',
  'PROCESSOR_STARTED_OVER',
  'PROCESSOR_STATE_KEPT',
  'RECORD_DEAD_LETTERED',
  'RUN_CREATED',
  'RUN_STARTED',
  'RUN_PROGRESS',
  'RUN_RETRIED',
  'RUN_SUCCEEDED',
  'RUN_FAILED',
  'RUN_CANCELLED',
  'RUN_LATE',
  'RUN_RECORDS_LOST',
  'RUN_WINDOW_CHANGED',
  'TICK_SKIPPED',
  'SCHEDULE_PAUSED',
  'SCHEDULE_RESUMED',
  'BACKFILL_CHANGED',
  'PROCESS_STARTED',
  'PROCESS_EXITED',
  'REDIS_CONNECTED',
  'REDIS_LOST',
  'BROKER_CONNECTED',
  'BROKER_LOST',
  'CLOCK_WENT_BACK',
  'CLOCK_WENT_FORWARD',
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

export function isEventKind(kind: string): kind is EventKind {
  return (EVENT_KINDS as readonly string[]).includes(kind);
}
