import { Field, ID, ObjectType, registerEnumType } from '@nestjs/graphql';
import { EVENT_KINDS, type EventKind as EventKindName } from '@penstock/control-plane';
import { Long, Timestamp } from '../graphql/scalars.ts';
import { Page } from '../graphql/page.types.ts';

export const EventKind = Object.fromEntries(EVENT_KINDS.map((kind) => [kind, kind])) as {
  readonly [Kind in EventKindName]: Kind;
};
/** A kind without its words does not compile. */
const EVENT_KIND_WORDS: Readonly<Record<EventKindName, { readonly description: string }>> = {
  TOPIC_CREATED: { description: 'A topic came to be.' },
  TOPIC_DELETED: { description: 'A topic is gone.' },
  GROUP_REBALANCED: { description: 'The members of a group changed.' },
  GROUP_EMPTIED: { description: 'The last member of a group left.' },
  PIPELINES_RELOADED: { description: 'Changed sources of the pipelines were taken up.' },
  PIPELINES_REFUSED: {
    description: 'Changed sources of the pipelines were refused; the definitions before go on.',
  },
  PROCESSOR_STARTED: { description: 'A worker runs a stream processor.' },
  PROCESSOR_PAUSED: { description: 'A stream processor was told to stand still.' },
  PROCESSOR_RESUMED: { description: 'A stream processor was told to go on.' },
  PROCESSOR_FAILED: { description: 'A stream processor stopped with an error.' },
  PROCESSOR_STARTED_OVER: {
    description: 'A stream processor was told to begin its state anew, and from where.',
  },
  PROCESSOR_STATE_KEPT: {
    description: 'A stream processor was told to go on with the state of another definition.',
  },
  RECORD_DEAD_LETTERED: { description: 'A record went to a dead-letter topic.' },
  RUN_CREATED: { description: 'A batch run was asked for.' },
  RUN_STARTED: { description: 'An attempt of a batch run began.' },
  RUN_PROGRESS: {
    description:
      'A batch run got on. Told to subscribers, about once a second, and not kept: its id is that of the last event.',
  },
  RUN_RETRIED: { description: 'An attempt of a batch run failed; another follows.' },
  RUN_SUCCEEDED: { description: 'A batch run ended well.' },
  RUN_FAILED: { description: 'A batch run ended with an error.' },
  RUN_CANCELLED: { description: 'A batch run was ended on request.' },
  RUN_LATE: { description: 'A batch run had not succeeded by its deadline.' },
  RUN_RECORDS_LOST: {
    description: 'A batch run went on without records that were gone before it read them.',
  },
  RUN_WINDOW_CHANGED: {
    description: 'A batch run reads partitions that are new, or a topic that was made anew.',
  },
  TICK_SKIPPED: { description: 'A due time of a schedule was passed over, and why.' },
  SCHEDULE_PAUSED: { description: 'The schedule of a batch job was paused.' },
  BACKFILL_CHANGED: { description: 'A backfill was started, stopped, or has ended.' },
  SCHEDULE_RESUMED: { description: 'The schedule of a batch job was resumed.' },
  PROCESS_STARTED: { description: 'A process of this installation started.' },
  PROCESS_EXITED: { description: 'A process of this installation ended.' },
  REDIS_CONNECTED: { description: 'Redis answers again.' },
  REDIS_LOST: { description: 'Redis does not answer any more.' },
  BROKER_CONNECTED: { description: 'The cluster answers again.' },
  BROKER_LOST: { description: 'The cluster does not answer any more.' },
  CLOCK_WENT_BACK: { description: 'The clock of the machine was set back.' },
  CLOCK_WENT_FORWARD: { description: 'The clock of the machine was set forward.' },
};
registerEnumType(EventKind, {
  name: 'EventKind',
  description: 'What happened.',
  valuesMap: EVENT_KIND_WORDS,
});

@ObjectType({ description: 'Something that happened.' })
export class Event {
  @Field(() => ID, { description: 'Ascends in the order in which things happened.' })
  id: number;

  @Field(() => Timestamp, { description: 'When it happened.' })
  at: number;

  @Field(() => EventKind, { description: 'What happened.' })
  kind: EventKindName;

  @Field(() => String, { description: 'What it is about: a topic, group, run, process, pipeline.' })
  subject: string;

  @Field(() => String, { description: 'The same in a sentence, for people.' })
  message: string;
}

@ObjectType({ description: 'One page of events.' })
export class EventConnection extends Page {
  @Field(() => [Event], { description: 'The events of this page.' })
  nodes: Event[];

  @Field(() => Long, { description: 'Events that match and are still kept, on all pages.' })
  totalCount: number;
}
