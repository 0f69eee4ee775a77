import { Field, ObjectType } from '@nestjs/graphql';

/** What every page of a list says beside its items. */
@ObjectType({ isAbstract: true })
export abstract class Page {
  @Field(() => String, {
    nullable: true,
    description: 'What to pass as `after` for the next page; null on an empty page.',
  })
  endCursor: string | null;

  @Field(() => Boolean, { description: 'Whether more follow after this page.' })
  hasNextPage: boolean;
}
