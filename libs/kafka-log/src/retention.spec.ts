import { describe, expect, it } from 'vitest';
import { LogWorld, readAllBatches } from './faults/log-world.ts';
import { defaultLogConfig } from './log-config.ts';
import type { PartitionLog } from './partition-log.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const config = { ...defaultLogConfig, segmentBytes: 300, retentionMs: 10_000 };

function write(world: LogWorld, batches: number): PartitionLog {
  const log = world.log();
  for (let i = 0; i < batches; i++) world.append(log, [`v${i}`]);
  return log;
}

async function swept(world: LogWorld): Promise<void> {
  const sweep = world.manager.applyRetention();
  await world.settle();
  await sweep;
}

describe('retention', () => {
  it('keeps a log within its size in one sweep, however much came since the last', async () => {
    const world = new LogWorld({ config: { ...config, retentionBytes: 600 } });
    const log = world.log();
    for (const inflow of [40, 200, 7, 90, 1]) {
      write(world, inflow);
      await world.settle();
      await swept(world);
      // Retention deletes whole segments: the oldest one that the limit needs stays.
      expect(log.sizeBytes).toBeLessThan(600 + 300);
      expect(readAllBatches(log, log.logStartOffset)).toHaveLength(log.sizeBytes);
      if (inflow > 20) expect(log.sizeBytes).toBeGreaterThanOrEqual(600);
    }
    expect(log.logEndOffset).toBe(338);
  });

  it('deletes in one sweep what a lowered age or size no longer asks for', async () => {
    for (const lowered of [{ retentionMs: 5_000 }, { retentionBytes: 0 }]) {
      const world = new LogWorld({ config: { ...config, retentionMs: HOUR_MS } });
      const log = write(world, 40);
      await world.clock.advance(11_000);
      await swept(world);
      expect(log.logStartOffset).toBe(0);
      world.manager.configureTopic('orders', { ...config, retentionMs: HOUR_MS, ...lowered });
      await swept(world);
      // The active segment is deleted too, but offsets are never assigned again.
      expect([log.logStartOffset, log.logEndOffset, log.sizeBytes]).toEqual([40, 40, 0]);
      await world.restart();
      expect(world.append(world.log(), ['next']).baseOffset).toBe(40);
    }
  });

  it('deletes by age a quarter at a time while the clock is in doubt', async () => {
    const world = new LogWorld({ config: { ...config, retentionMs: HOUR_MS } });
    write(world, 40);
    await world.settle();
    await swept(world);
    // The broker was down for two hours, or the clock is ahead now: it cannot tell which.
    world.clock.jump(2 * HOUR_MS);
    await world.restart();
    const log = world.log();
    const segments = log.segmentCount;
    await swept(world);
    expect(log.segmentCount).toBe(segments - Math.ceil(segments / 4));
    world.clock.jump(-2 * HOUR_MS);
    for (let i = 0; i < 5; i++) await swept(world);
    expect(log.segmentCount).toBe(segments - Math.ceil(segments / 4));
  });

  it('deletes nothing when the clock jumps ten years ahead, not even after a restart', async () => {
    const world = new LogWorld({ config });
    for (let i = 0; i < 40; i++) world.append(world.log(), [`v${i}`]);
    await world.settle();
    await swept(world);
    world.clock.jump(10 * 365 * 24 * 3_600_000);
    await swept(world);
    expect(world.log().logStartOffset).toBe(0);
    await world.restart();
    await swept(world);
    expect(world.log().logStartOffset).toBe(0);
    await world.clock.advance(25 * 3_600_000);
    expect(world.log().logStartOffset).toBeGreaterThan(0);
  });
});

describe('a clock that was wrong for a minute', () => {
  const wrongByMs = [2 * HOUR_MS, -2 * HOUR_MS, 3650 * DAY_MS, -3650 * DAY_MS];

  it.each(wrongByMs)('by %i ms costs no records and lets none rest', async (jumpMs) => {
    const world = new LogWorld({
      config: { ...config, retentionMs: HOUR_MS, messageTimestampType: 'LogAppendTime' },
    });
    const log = write(world, 20);
    await world.settle();
    await swept(world);
    world.clock.jump(jumpMs);
    write(world, 20);
    await swept(world);
    world.clock.jump(-jumpMs);
    await swept(world);
    expect(log.logEndOffset).toBe(40);
    // Records written while the clock was set back seem old; all others stay.
    expect(log.logStartOffset).toBeLessThan(jumpMs < 0 ? 41 : 1);
    write(world, 20);
    await world.clock.advance(HOUR_MS + 60_000);
    await swept(world);
    expect([log.logStartOffset, log.logEndOffset]).toEqual([60, 60]);
  });

  it.each(wrongByMs)(
    'by %i ms neither forgets producers nor keeps them for ever',
    async (jumpMs) => {
      const world = new LogWorld({
        config,
        producerIdExpirationMs: () => HOUR_MS,
        retentionCheckIntervalMs: 1e12,
      });
      const log = world.log();
      const send = (producerId: number) =>
        world.append(log, ['v'], { producerId, producerEpoch: 0, baseSequence: 0 });
      send(1);
      world.clock.jump(jumpMs);
      send(2);
      await swept(world);
      world.clock.jump(-jumpMs);
      await swept(world);
      // A producer last seen while the clock was set back seems long idle; others are known.
      expect(send(1).duplicate).toBe(true);
      if (jumpMs > 0) expect(send(2).duplicate).toBe(true);
      await swept(world);
      await world.clock.advance(2 * HOUR_MS);
      await swept(world);
      expect([send(1).duplicate, send(2).duplicate]).toEqual([false, false]);
    },
  );

  it('does not keep a segment from being sealed in time', async () => {
    const world = new LogWorld({ config: { ...config, segmentMs: 60_000, retentionMs: -1 } });
    world.clock.jump(2 * HOUR_MS);
    const log = write(world, 1);
    world.clock.jump(-2 * HOUR_MS);
    await world.clock.advance(61_000);
    write(world, 1);
    expect(log.segmentCount).toBe(2);
  });
});
