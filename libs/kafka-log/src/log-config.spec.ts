import { recordBatches } from '@penstock/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { batchOf, LogWorld, readAllBatches } from './faults/log-world.ts';
import type { LogConfig } from './log-config.ts';

const MINUTE_MS = 60_000;

/** A topic whose configuration changes while it is in use. */
class ConfiguredWorld extends LogWorld {
  configure(config: Partial<LogConfig>): void {
    this.config = { ...this.config, ...config };
    this.manager.configureTopic('orders', this.config);
  }

  put(value: string, timestamp = this.clock.now()): void {
    this.append(this.log(), [value], { timestamp });
  }

  /** Kafka's error code, 0 for none. */
  codeOf(batch: Buffer): number {
    const result = this.tryAppend(this.log(), batch);
    return result.ok ? 0 : result.errorCode;
  }
}

describe('a topic config that is changed while the topic is in use', () => {
  it('segment.bytes counts from the next batch on', () => {
    const world = new ConfiguredWorld();
    for (let i = 0; i < 10; i++) world.put('value '.repeat(10));
    expect(world.log().segmentCount).toBe(1);
    world.configure({ segmentBytes: 300 });
    for (let i = 0; i < 4; i++) world.put('value '.repeat(10));
    expect(world.log().segmentCount).toBe(3);
    world.configure({ segmentBytes: 100_000 });
    for (let i = 0; i < 20; i++) world.put('value '.repeat(10));
    expect(world.log().segmentCount).toBe(3);
  });

  it('segment.ms counts by the times of the records', () => {
    const world = new ConfiguredWorld();
    const now = world.clock.now();
    for (let i = 0; i < 5; i++) world.put('v', now + i * MINUTE_MS);
    expect(world.log().segmentCount).toBe(1);
    world.configure({ segmentMs: 10 * MINUTE_MS });
    world.put('v', now + 10 * MINUTE_MS);
    expect(world.log().segmentCount).toBe(1);
    world.put('v', now + 10 * MINUTE_MS + 1);
    expect(world.log().segmentCount).toBe(2);
    // For a compacted topic the shorter of the two applies.
    world.configure({ cleanupPolicy: ['compact', 'delete'], maxCompactionLagMs: MINUTE_MS });
    const batch = batchOf(['v'], { timestamp: now + 12 * MINUTE_MS, keys: ['k'] });
    expect(world.codeOf(batch)).toBe(0);
    expect(world.log().segmentCount).toBe(3);
  });

  it('retention.ms and retention.bytes take effect at the next check', async () => {
    const world = new ConfiguredWorld({ config: { segmentBytes: 200 } });
    for (let i = 0; i < 8; i++) {
      world.put('value '.repeat(10));
      await world.clock.advance(MINUTE_MS);
    }
    await world.clock.advance(10 * MINUTE_MS);
    expect([world.log().logStartOffset, world.log().segmentCount]).toEqual([0, 8]);
    const bytes = world.log().sizeBytes / 8;
    world.configure({ retentionBytes: 6 * bytes });
    await world.clock.advance(5 * MINUTE_MS);
    expect([world.log().logStartOffset, world.log().segmentCount]).toEqual([2, 6]);
    world.configure({ retentionBytes: -1, retentionMs: 22 * MINUTE_MS });
    await world.clock.advance(10 * MINUTE_MS);
    expect(world.log().logStartOffset).toBeGreaterThan(2);
    world.configure({ retentionMs: -1 });
    const start = world.log().logStartOffset;
    await world.clock.advance(60 * MINUTE_MS);
    expect(world.log().logStartOffset).toBe(start);
    world.configure({ retentionMs: 1, cleanupPolicy: ['compact'] });
    await world.clock.advance(60 * MINUTE_MS);
    expect(world.log().logStartOffset).toBe(start);
  });

  it('max.message.bytes counts whole batches', () => {
    const world = new ConfiguredWorld();
    const batch = (): Buffer => batchOf(['x'.repeat(500)], { timestamp: world.clock.now() });
    expect(world.codeOf(batch())).toBe(0);
    world.configure({ maxMessageBytes: batch().length - 1 });
    expect(world.codeOf(batch())).toBe(10);
    world.configure({ maxMessageBytes: batch().length });
    expect(world.codeOf(batch())).toBe(0);
  });

  it('message.timestamp.type stamps what is appended from then on', async () => {
    const world = new ConfiguredWorld();
    const now = world.clock.now();
    world.put('own time', now - 1000);
    world.configure({ messageTimestampType: 'LogAppendTime', messageTimestampBeforeMaxMs: 10 });
    world.put('time of the broker', now - 1000);
    world.configure({ messageTimestampType: 'CreateTime', messageTimestampBeforeMaxMs: 2000 });
    world.put('own time again', now - 500);
    await world.settle();
    const stored = [...recordBatches(readAllBatches(world.log(), 0))].map(({ header }) => [
      header.attributes,
      header.maxTimestamp - now,
    ]);
    expect(stored).toEqual([
      [0, -1000],
      [8, 0],
      [0, -500],
    ]);
  });

  it('message.timestamp.before.max.ms and after.max.ms bound the times of records', () => {
    const world = new ConfiguredWorld();
    const at = (ms: number): number =>
      world.codeOf(batchOf(['v'], { timestamp: world.clock.now() + ms }));
    expect([at(-1e9), at(3_600_000), at(3_600_001)]).toEqual([0, 0, 32]);
    world.configure({ messageTimestampBeforeMaxMs: 1000, messageTimestampAfterMaxMs: 500 });
    expect([at(-1000), at(-1001), at(500), at(501)]).toEqual([0, 32, 0, 32]);
    world.configure({ messageTimestampAfterMaxMs: Infinity });
    expect(at(1e12)).toBe(0);
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'compression.type=producer keeps %s as it came',
    async (compression) => {
      const world = new ConfiguredWorld();
      const batch = batchOf(['a'.repeat(100), 'b'], { timestamp: world.clock.now(), compression });
      const sent = Buffer.from(batch);
      expect(world.codeOf(batch)).toBe(0);
      await world.settle();
      expect(readAllBatches(world.log(), 0).subarray(16)).toEqual(sent.subarray(16));
    },
  );
});
