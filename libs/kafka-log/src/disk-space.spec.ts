import { expect, it } from 'vitest';
import { batchOf, LogWorld } from './faults/log-world.ts';

const CAPACITY_BYTES = 100_000;

function fullWorld(config = {}) {
  const world = new LogWorld({ keepsReserve: true, config: { segmentBytes: 10_000, ...config } });
  world.files.capacityBytes = CAPACITY_BYTES;
  const log = world.log();
  /** Appends until it is refused. */
  const fill = () => {
    for (;;) {
      const result = world.tryAppend(
        log,
        batchOf(['v'.repeat(900)], { timestamp: world.clock.now() }),
      );
      if (!result.ok) return result;
    }
  };
  return { world, log, fill };
}

it('records leave room for what makes room again', async () => {
  const { world, log, fill } = fullWorld();
  expect(fill()).toMatchObject({
    errorCode: 56,
    message: expect.stringContaining('too little disk space'),
  });
  const { freeBytes } = world.files.space();
  expect(freeBytes).toBeGreaterThanOrEqual(0.05 * CAPACITY_BYTES);
  expect(freeBytes).toBeLessThan(0.05 * CAPACITY_BYTES + 1_000);
  await world.settle();
  const { highWatermark } = log;
  expect(log.read(0, 100, { minOneBatch: true }).result).toMatchObject({ ok: true });
  const deleted = log.deleteRecords(highWatermark);
  await world.settle();
  expect(await deleted).toBe(highWatermark);
  await world.clock.advance(1_000);
  expect(world.append(log, ['goes on']).baseOffset).toBe(highWatermark);
});

it('retention makes room at once, not only at its next turn', async () => {
  const { world, log, fill } = fullWorld({ retentionBytes: 30_000 });
  fill();
  await world.settle();
  expect(log.logStartOffset).toBe(0);
  // The first sweep could not delete records that were not yet durable; a refused retry starts the
  // next.
  await world.clock.advance(10_000);
  expect(fill()).toMatchObject({ errorCode: 56 });
  await world.clock.advance(1_000);
  expect(log.logStartOffset).toBeGreaterThan(0);
  expect(world.append(log, ['goes on']).ok).toBe(true);
});

it('what others write is noticed within a second, and what they free', async () => {
  const { world, log } = fullWorld();
  const descriptor = world.files.open('/data/other', 'replace');
  world.append(log, ['a']);
  world.files.write(descriptor, Buffer.alloc(97_000), 0, 97_000, 0);
  await world.clock.advance(1_000);
  const batch = () => batchOf(['b'], { timestamp: world.clock.now() });
  expect(world.tryAppend(log, batch())).toMatchObject({ ok: false, errorCode: 56 });
  world.files.truncate(descriptor, 0);
  expect(world.tryAppend(log, batch())).toMatchObject({ ok: true });
});
