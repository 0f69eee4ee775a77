import { expect, test } from 'vitest';
import { playSeeds } from '../faults/seeds.ts';
import { runLogSchedule } from './log-schedule.ts';

// `npm run sim` plays more of them, and replays one.
test.each([
  ['fsync', 1100],
  ['os', 650],
] as const)('in %s mode the log keeps its promises in %i schedules', async (durability, count) => {
  const replay = `npm run sim -- --level log --mode ${durability}`;
  await playSeeds(count, (seed) => runLogSchedule({ seed, durability }), replay);
});

test('a seed gives the same run every time', async () => {
  for (const seed of [3, 4, 5]) {
    const first = await runLogSchedule({ seed, durability: 'fsync' });
    const second = await runLogSchedule({ seed, durability: 'fsync' });
    expect(second.hash).toBe(first.hash);
    expect(second.steps).toBe(first.steps);
  }
});
