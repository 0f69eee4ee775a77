import { Args, ID, Int, Query, Resolver, Subscription } from '@nestjs/graphql';
import { EventLog, type EventEntry } from '@penstock/control-plane';
import { rooted } from '../graphql/rooted.ts';
import { Event, EventConnection } from './event.types.ts';

@Resolver()
export class EventsResolver {
  constructor(private readonly log: EventLog) {}

  @Query(() => EventConnection, { name: 'events', description: 'What happened, newest first.' })
  list(
    @Args('first', { type: () => Int, nullable: true, defaultValue: 50 }) first: number | null,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Args('subject', { type: () => String, nullable: true }) subject: string | null,
  ) {
    return this.log.list({ first: first ?? 50, after, subject });
  }

  @Subscription(() => Event, {
    name: 'events',
    description: 'Everything that happened after `after` (an event id), then as it happens.',
  })
  tail(
    @Args('after', { type: () => ID, nullable: true }) after: string | null,
  ): AsyncIterableIterator<{ events: EventEntry }> {
    return rooted('events', this.log.tail(after));
  }
}
