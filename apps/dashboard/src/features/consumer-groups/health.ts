import type { GroupHealth } from '../../generated/graphql.ts';

/** Worst first; a group nobody needs to look at comes last. */
const order: readonly GroupHealth[] = [
  'STALLED',
  'STOPPED',
  'FALLING_BEHIND',
  'NO_MEMBERS',
  'CATCHING_UP',
  'PAUSED',
  'UNKNOWN',
  'KEEPING_UP',
];

export function isProblem(health: GroupHealth): boolean {
  return order.indexOf(health) <= order.indexOf('NO_MEMBERS');
}

/** Order of a list of groups: worst state, then largest lag, then name. */
export function compareWorstFirst(
  a: { health: GroupHealth; lag: number | null; groupId: string },
  b: { health: GroupHealth; lag: number | null; groupId: string },
): number {
  return (
    order.indexOf(a.health) - order.indexOf(b.health) ||
    (b.lag ?? -1) - (a.lag ?? -1) ||
    a.groupId.localeCompare(b.groupId)
  );
}
