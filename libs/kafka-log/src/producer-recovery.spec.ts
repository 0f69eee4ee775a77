import { expect, it } from 'vitest';
import { batchOf, LogWorld } from './faults/log-world.ts';
import { Random } from './faults/random.ts';

/**
 * Found by the simulation: a segment was removed before the producer snapshot that covers it was on
 * the disk, and after a power loss a batch far ahead of the producer's sequence was accepted.
 */
it('a producer is known after DeleteRecords is cut short by a power loss at any operation', async () => {
  for (let crashAt = 1, isOver = false; !isOver; crashAt++) {
    const world = new LogWorld();
    const batch = (baseSequence: number): Buffer => {
      const producer = { producerId: 3, producerEpoch: 0, baseSequence };
      return batchOf(['v'], { timestamp: world.clock.now(), ...producer });
    };
    for (let i = 0; i < 4; i++) world.tryAppend(world.log(), batch(i));
    await world.settle();
    world.files.crashAt = world.files.operations + crashAt;
    // The second call runs while the first makes the snapshots durable.
    for (const offset of [3, -1]) {
      world
        .log()
        .deleteRecords(offset)
        .catch(() => {});
    }
    await world.settle();
    isOver = !world.files.isCrashed;
    // Some of the unsynced names and bytes are there, some are not; and a second start follows.
    for (let start = 0; start < 2; start++) {
      world.losePower(new Random(crashAt * 10 + start));
      expect(world.tryAppend(world.log(), batch(9)), `at ${crashAt}`).toMatchObject({
        errorCode: 45,
      });
      expect(world.tryAppend(world.log(), batch(3))).toMatchObject({ ok: true, duplicate: true });
    }
    expect(world.log().damages).toEqual([]);
  }
});
