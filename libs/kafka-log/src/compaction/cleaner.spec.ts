import { describe, expect, it } from 'vitest';
import type { LogConfig } from '../log-config.ts';
import type { Logger } from '../logger.ts';
import { silentLogger } from '../logger.ts';
import { CompactionWorld, contents, recordsOf } from '../faults/compaction-world.ts';

const BACKOFF_MS = 15_000;
const MINUTE_MS = 60_000;

/** Counts the passes over logs. */
function passCounter(): { logger: Logger; count: () => number } {
  let passes = 0;
  const info = (_fields: object, message: string): void => {
    if (message === 'log compacted') passes++;
  };
  return { logger: { ...silentLogger, info }, count: () => passes };
}

async function filled(
  config: Partial<LogConfig>,
  logger: Logger = silentLogger,
): Promise<CompactionWorld> {
  const world = new CompactionWorld(config, { logger });
  for (let i = 0; i < 20; i++) world.put([[`k${i % 2}`, `v${i}`]]);
  await world.seal();
  return world;
}

describe('the cleaner', () => {
  it('compacts on its own what is dirty enough, once', async () => {
    const { logger, count } = passCounter();
    const world = await filled({ minCleanableDirtyRatio: 0.5 }, logger);
    await world.clock.advance(BACKOFF_MS - 2000);
    expect(count()).toBe(0);
    await world.clock.advance(5000);
    expect([count(), contents(world.log())]).toEqual([1, ['18 k0=v18', '19 k1=v19']]);
    await world.restart();
    world.log();
    await world.clock.advance(5 * BACKOFF_MS);
    expect(count()).toBe(1);
    // Two clean records of 250 bytes and more; a dirty one of 70 in a segment of its own.
    world.put([['k0', 'v']]);
    await world.seal();
    world.configure({ minCleanableDirtyRatio: 0.99 });
    await world.clock.advance(5 * BACKOFF_MS);
    expect(count()).toBe(1);
    world.configure({ minCleanableDirtyRatio: 0.1 });
    await world.clock.advance(BACKOFF_MS);
    expect(count()).toBe(2);
  });

  it('does nothing while it is switched off', async () => {
    const { logger, count } = passCounter();
    const world = new CompactionWorld({}, { logger, cleanerEnabled: false });
    for (let i = 0; i < 20; i++) world.put([['k', `v${i}`]]);
    await world.seal();
    await world.clock.advance(MINUTE_MS);
    expect(count()).toBe(0);
  });

  it('leaves records younger than min.compaction.lag.ms alone', async () => {
    const world = await filled({ minCompactionLagMs: 10 * MINUTE_MS });
    await world.clock.advance(9 * MINUTE_MS);
    for (let i = 20; i < 30; i++) world.put([[`k${i % 2}`, `v${i}`]]);
    await world.seal();
    await world.compact();
    expect(contents(world.log())).toHaveLength(30);
    await world.clock.advance(2 * MINUTE_MS);
    // Only records older than the lag are compacted.
    expect(contents(world.log()).slice(0, 3)).toEqual(['18 k0=v18', '19 k1=v19', '22 k0=v20']);
    expect(contents(world.log())).toHaveLength(12);
  });

  it('compacts what has waited for max.compaction.lag.ms, even if nobody writes any more', async () => {
    const config = { minCleanableDirtyRatio: 1, maxCompactionLagMs: 10 * MINUTE_MS };
    const world = new CompactionWorld({ ...config, segmentBytes: 100_000 });
    for (let i = 0; i < 20; i++) world.put([[`k${i % 2}`, `v${i}`]]);
    await world.clock.advance(9 * MINUTE_MS);
    expect([world.log().segmentCount, contents(world.log()).length]).toEqual([1, 20]);
    await world.clock.advance(2 * MINUTE_MS);
    expect(contents(world.log())).toEqual(['18 k0=v18', '19 k1=v19']);
  });

  it('begins a segment for old data by when it was written, not by its timestamps', async () => {
    const world = new CompactionWorld({ segmentBytes: 100_000, segmentMs: 10 * MINUTE_MS });
    for (let i = 0; i < 5; i++) {
      world.put([], { records: [{ timestamp: 1000 + i, key: Buffer.from('k'), value: null }] });
      await world.clock.advance(MINUTE_MS);
    }
    expect(world.log().segmentCount).toBe(1);
    await world.clock.advance(10 * MINUTE_MS);
    expect(world.log().segmentCount).toBe(2);
  });

  it('follows cleanup.policy as it is changed', async () => {
    const world = await filled({ cleanupPolicy: ['delete'] });
    world.put([[null, 'without key']]);
    await world.seal();
    await world.compact();
    expect(contents(world.log())).toHaveLength(21);
    world.configure({ cleanupPolicy: ['compact'] });
    expect(() => world.put([[null, 'without key']])).toThrow('without key');
    await world.compact();
    // Compaction drops a record without a key, as Kafka does.
    expect(contents(world.log())).toEqual(['18 k0=v18', '19 k1=v19']);
    world.configure({ cleanupPolicy: ['delete'] });
    for (let i = 0; i < 10; i++) world.put([['k0', `v${i}`]]);
    await world.seal();
    await world.compact();
    expect(contents(world.log())).toHaveLength(12);
  });

  it('with compact and delete, both happen', async () => {
    const retentionMs = 30 * MINUTE_MS;
    const world = await filled({ cleanupPolicy: ['compact', 'delete'], retentionMs });
    await world.clock.advance(BACKOFF_MS);
    expect(contents(world.log())).toEqual(['18 k0=v18', '19 k1=v19']);
    await world.clock.advance(40 * MINUTE_MS);
    world.put([['k1', 'young']]);
    await world.clock.advance(10 * MINUTE_MS);
    expect(contents(world.log())).toEqual(['22 k1=young']);
    expect(world.log().damages).toEqual([]);
  });
});

describe('compaction under way', () => {
  it('gives way to the deletion of the topic, and leaves one of the same name alone', async () => {
    for (let steps = 0; steps < 12; steps++) {
      const world = await filled({});
      world.files.syncDelayMs = 3;
      void world.manager.compact();
      await world.clock.advance(steps);
      const deleted = world.manager.deletePartition('orders', 0);
      const again = { topicId: 'another', config: world.config };
      const log = world.manager.openPartition('orders', 0, again);
      world.put([['new', 'v']]);
      await world.settle();
      await deleted;
      await world.settle();
      expect([contents(log), log.offlineReason]).toEqual([['0 new=v'], undefined]);
      expect(world.files.paths.filter((path) => /cleaned|swap|trash/.test(path))).toEqual([]);
    }
  });

  it('gives way to DeleteRecords and to the end of the process', async () => {
    for (let steps = 0; steps < 12; steps++) {
      const world = await filled({});
      world.files.syncDelayMs = 3;
      void world.manager.compact();
      await world.clock.advance(steps);
      const start = world.log().deleteRecords(18);
      await world.clock.advance(steps % 4);
      await world.restart();
      expect(await start.catch(() => 18)).toBe(18);
      expect(world.leftovers).toEqual([]);
      expect(world.log().damages).toEqual([]);
      await world.compact();
      const expected = ['18 k0=v18', '19 k1=v19'];
      expect(contents(world.log()).filter((one) => Number(one.split(' ')[0]) >= 18)).toEqual(
        expected,
      );
      expect(world.log().logEndOffset).toBe(22);
    }
  });

  it('changes nothing when its file cannot be written or synced, and succeeds later', async () => {
    for (const operation of ['write', 'syncData'] as const) {
      const world = await filled({});
      const before = recordsOf(world.log());
      world.files.fault = (one, path) =>
        one === operation && path.endsWith('.cleaned') ? new Error('EIO') : undefined;
      await world.compact();
      expect(recordsOf(world.log())).toEqual(before);
      expect([world.leftovers, world.log().offlineReason]).toEqual([[], undefined]);
      world.files.fault = undefined;
      await world.compact();
      expect(contents(world.log())).toEqual(['18 k0=v18', '19 k1=v19']);
    }
  });

  it('takes the log offline when nobody can tell which names are on the disk, until a start', async () => {
    const world = await filled({});
    let syncs = 0;
    world.files.fault = (operation, path) =>
      operation === 'syncDirectory' && path.endsWith('orders-0') && ++syncs >= 3
        ? new Error('EIO')
        : undefined;
    await world.compact();
    expect(world.log().offlineReason).toContain('cannot replace segments');
    world.files.fault = undefined;
    world.kill();
    expect(contents(world.log()).slice(-2)).toEqual(['18 k0=v18', '19 k1=v19']);
    expect(world.log().damages).toEqual([]);
  });

  it('goes on when a log cannot be read for a while', async () => {
    const world = await filled({});
    await world.restart();
    world.log().load();
    world.files.fault = (operation, path) =>
      operation === 'read' && path.endsWith('.log') ? new Error('EIO') : undefined;
    await world.clock.advance(3 * BACKOFF_MS);
    expect(world.log().offlineReason).toBeUndefined();
    world.files.fault = undefined;
    await world.clock.advance(2 * BACKOFF_MS);
    expect(contents(world.log())).toEqual(['18 k0=v18', '19 k1=v19']);
  });

  it('leaves the last space on the disk to producers', async () => {
    const world = await filled({});
    world.files.capacityBytes = world.files.paths.reduce(
      (sum, path) => sum + (world.files.size(path) ?? 0),
      300,
    );
    await world.compact();
    expect(contents(world.log())).toHaveLength(20);
    world.put([['k', 'v']]);
    world.files.capacityBytes = Infinity;
    await world.compact();
    expect(contents(world.log())).toEqual(['18 k0=v18', '19 k1=v19', '22 k=v']);
  });
});
