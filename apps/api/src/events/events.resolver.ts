import { Args, ID, Query, Resolver, Subscription } from '@nestjs/graphql';
import { EventLog, type EventEntry } from '@penstock/control-plane';
import { AFTER, firstOfPage, pageSize } from '../graphql/list-size.ts';
import { rooted } from '../graphql/rooted.ts';
import { Event, EventConnection } from './event.types.ts';

@Resolver()
export class EventsResolver {
  readonly #log: EventLog;

  constructor(log: EventLog) {
    this.#log = log;
  }

  @Query(() => EventConnection, { name: 'events', description: 'What happened, newest first.' })
  list(
    @Args(firstOfPage(50)) first: number | null,
    @Args(AFTER) after: string | null,
    @Args('subject', {
      type: () => String,
      nullable: true,
      description: 'Only events about this topic, group, run, process or pipeline.',
    })
    subject: string | null,
  ) {
    return this.#log.list({ first: pageSize(first, 50), after, subject });
  }

  @Subscription(() => Event, {
    name: 'events',
    description: 'Everything that happened after `after` (an event id), then as it happens.',
  })
  tail(
    @Args('after', {
      type: () => ID,
      nullable: true,
      description: 'Id of the last event that is known; without it, only what happens from now on.',
    })
    after: string | null,
  ): AsyncIterableIterator<{ events: EventEntry }> {
    return rooted('events', this.#log.tail(after));
  }
}
