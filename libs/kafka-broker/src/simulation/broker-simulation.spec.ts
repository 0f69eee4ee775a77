import { playSeeds } from '@penstock/kafka-log/faults';
import { expect, test } from 'vitest';
import { runBrokerSchedule } from './broker-schedule.ts';

// `npm run sim` plays more of them, and replays one.
test.each([
  ['fsync', 150],
  ['os', 100],
] as const)('in %s mode a broker keeps its promises in %i schedules', async (durability, count) => {
  const replay = `npm run sim -- --level broker --mode ${durability}`;
  await playSeeds(count, (seed) => runBrokerSchedule({ seed, durability }), replay);
});

test('a seed gives the same run every time', async () => {
  for (const seed of [1, 2, 12]) {
    const first = await runBrokerSchedule({ seed, durability: 'fsync' });
    const second = await runBrokerSchedule({ seed, durability: 'fsync' });
    expect(second.hash).toBe(first.hash);
    expect(second.steps).toBe(first.steps);
  }
});
