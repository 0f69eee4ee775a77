import { describe, expect, it } from 'vitest';
import { DIRECTORY, LogWorld } from './faults/log-world.ts';

const PARTITIONS = 5;

/** A few partitions in segments of four records; none was used since the start. */
async function killed(): Promise<LogWorld> {
  const world = new LogWorld({ config: { segmentBytes: 400, indexIntervalBytes: 100 } });
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (let i = 0; i < 12; i++) world.append(world.log(partition), ['value '.repeat(3)]);
  }
  await world.settle();
  world.files.damageRemove(`${DIRECTORY}/orders-1/00000000000000000000.log`);
  world.kill();
  world.files.fault = (operation, path) =>
    operation === 'open' && path.includes('orders-3/') ? new Error('EIO') : undefined;
  for (let partition = 0; partition < PARTITIONS; partition++) world.log(partition);
  return world;
}

describe('a start after a crash', () => {
  it('looks at all partitions soon, and at none before', async () => {
    const world = await killed();
    expect([world.manager.damages, world.manager.offlinePartitions]).toEqual([[], []]);
    await world.clock.advance(2000);
    expect(world.manager.damages).toMatchObject([{ topic: 'orders', partition: 1, fromOffset: 0 }]);
    expect(world.manager.offlinePartitions.map(({ partition }) => partition)).toEqual([3]);
  });

  it('can be ended before', async () => {
    const world = await killed();
    world.files.fault = undefined;
    await world.restart();
    expect(world.manager.cleanStart).toBe(true);
    let opened = 0;
    world.files.fault = (operation) => {
      if (operation === 'open') opened++;
      return undefined;
    };
    await world.clock.advance(5000);
    expect(opened).toBe(0);
  });
});
