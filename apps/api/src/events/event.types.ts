import { Field, ID, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { EVENT_KINDS, type EventKind as EventKindName } from '@penstock/control-plane';
import { Timestamp } from '../graphql/scalars.ts';

export const EventKind = Object.fromEntries(EVENT_KINDS.map((kind) => [kind, kind])) as {
  readonly [Kind in EventKindName]: Kind;
};
registerEnumType(EventKind, { name: 'EventKind', description: 'What happened.' });

@ObjectType()
export class Event {
  @Field(() => ID, { description: 'Ascends in the order in which things happened.' })
  id: number;

  @Field(() => Timestamp)
  at: number;

  @Field(() => EventKind)
  kind: EventKindName;

  @Field(() => String, { description: 'What it is about: a topic, group, run, process, pipeline.' })
  subject: string;

  @Field(() => String)
  message: string;
}

@ObjectType()
export class EventConnection {
  @Field(() => [Event])
  nodes: Event[];

  @Field(() => Int)
  totalCount: number;

  @Field(() => String, { nullable: true })
  endCursor: string | null;

  @Field(() => Boolean)
  hasNextPage: boolean;
}
