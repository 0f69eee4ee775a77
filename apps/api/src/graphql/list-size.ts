import { type ArgsOptions, Int } from '@nestjs/graphql';
import { PAGE_SIZE_MAX } from '@penstock/control-plane';
import { GraphQLError } from 'graphql';

/** Items of a list that is no page; how many there are altogether stands in a field beside it. */
export const LIST_SIZE_MAX = 10_000;

/** The argument `first` of a list that is no page. */
export const FIRST_OF_LIST: ArgsOptions & { readonly name: 'first' } = {
  name: 'first',
  type: () => Int,
  nullable: true,
  defaultValue: LIST_SIZE_MAX,
  description: `At most this many, 0 to ${LIST_SIZE_MAX}.`,
};

/** The argument `first` of a page, which has `unasked` items where nobody says how many. */
export function firstOfPage(unasked: number): ArgsOptions & { readonly name: 'first' } {
  return {
    name: 'first',
    type: () => Int,
    nullable: true,
    defaultValue: unasked,
    description: `At most this many, 0 to ${PAGE_SIZE_MAX}.`,
  };
}

/** The argument `after` of a page. */
export const AFTER: ArgsOptions & { readonly name: 'after' } = {
  name: 'after',
  type: () => String,
  nullable: true,
  description: 'The `endCursor` of the page before.',
};

/** @throws GraphQLError when more is asked for than a list may have */
export function firstOf<Item>(items: readonly Item[], first: number | null): Item[] {
  return items.slice(0, checked(first ?? LIST_SIZE_MAX, LIST_SIZE_MAX));
}

/** @throws GraphQLError when more is asked for than a page may have */
export function pageSize(first: number | null, unasked: number): number {
  return checked(first ?? unasked, PAGE_SIZE_MAX);
}

function checked(first: number, max: number): number {
  if (first >= 0 && first <= max) return first;
  throw new GraphQLError(`first=${first} cannot be used: allowed is 0 to ${max}.`, {
    extensions: { code: 'BAD_USER_INPUT' },
  });
}
