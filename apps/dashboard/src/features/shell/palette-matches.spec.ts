import { expect, it } from 'vitest';
import { paletteMatches } from './palette-matches.ts';

const named = (group: string, count: number) => ({
  group,
  actions: Array.from({ length: count }, (_, index) => ({
    id: `${group}${index}`,
    label: `${group} ${index}`,
  })),
});

it('counts what it leaves out, whatever matches', () => {
  const groups = [named('Page', 8), named('Topic', 30), named('Job', 2)];
  for (const query of ['', ' topic ', 'JOB', '1', 'no such name']) {
    const all = groups
      .flatMap(({ actions }) => actions)
      .filter(({ label }) => label.toLowerCase().includes(query.trim().toLowerCase()));
    const found = paletteMatches(query, groups, 12);
    const shown = found.groups.flatMap(({ actions }) => actions);
    expect(shown, query).toEqual(all.slice(0, 12));
    expect(shown.length + found.more, query).toBe(all.length);
    expect(found.groups.every(({ actions }) => actions.length > 0)).toBe(true);
  }
});
