import type { SpotlightActionData, SpotlightActionGroupData } from '@mantine/spotlight';

/** What the palette lists of one group, and how much of all that matches it leaves out. */
export interface PaletteMatches {
  readonly groups: readonly { group: string; actions: readonly SpotlightActionData[] }[];
  readonly more: number;
}

/** The first actions whose name has the query in it, in the order of their groups. */
export function paletteMatches(
  query: string,
  groups: readonly SpotlightActionGroupData[],
  limit: number,
): PaletteMatches {
  const wanted = query.trim().toLowerCase();
  let left = limit;
  let total = 0;
  const shown = groups.map(({ group, actions }) => {
    const matching = actions.filter(({ label }) => label?.toLowerCase().includes(wanted));
    total += matching.length;
    const listed = matching.slice(0, left);
    left -= listed.length;
    return { group, actions: listed };
  });
  return {
    groups: shown.filter(({ actions }) => actions.length > 0),
    more: total - (limit - left),
  };
}
