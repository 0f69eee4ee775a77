import { computeRecordBatchCrc, recordBatches } from '@penstock/kafka-protocol';
import { describe, expect, it, vi } from 'vitest';
import { batchOf, DIRECTORY, LogWorld, readAllBatches } from './faults/log-world.ts';
import { Random } from './faults/random.ts';
import { defaultLogConfig } from './log-config.ts';
import { silentLogger, type Logger } from './logger.ts';

const PARTITION = `${DIRECTORY}/orders-0`;

function offsets(batches: Buffer): number[] {
  return [...recordBatches(batches)].map(({ header }) => header.baseOffset);
}

describe('append', () => {
  it('gives offsets in order and stores the bytes as received, but for offset and epoch', async () => {
    const world = new LogWorld();
    const log = world.log();
    const batch = batchOf(['a', 'b', 'c'], { timestamp: world.clock.now() });
    const received = Buffer.from(batch);
    expect(log.append(batch, { leaderEpoch: 7, now: world.clock.now() })).toMatchObject({
      ok: true,
      baseOffset: 0,
      lastOffset: 2,
      logAppendTime: -1,
    });
    expect(world.append(log, ['d'])).toMatchObject({ baseOffset: 3, lastOffset: 3 });
    await world.settle();
    const stored = readAllBatches(log, 0);
    expect(stored.subarray(12 + 4, received.length)).toEqual(received.subarray(12 + 4));
    expect(stored.readInt32BE(12)).toBe(7);
    expect(offsets(stored)).toEqual([0, 3]);
  });

  it.each([
    ['a flipped bit', (b: Buffer): void => void (b[70]! ^= 1), 'corruptMessage', 2],
    ['a base offset', (b: Buffer): void => void b.writeInt32BE(5, 4), 'invalidRecord', 87],
    ['another magic', (b: Buffer): void => void b.writeInt8(1, 16), 'invalidRecord', 87],
  ] as const)('refuses %s', (_name, damage, error, errorCode) => {
    const world = new LogWorld();
    const batch = batchOf(['value'], { timestamp: world.clock.now() });
    damage(batch);
    expect(world.tryAppend(world.log(), batch)).toMatchObject({ ok: false, error, errorCode });
    expect(world.log().logEndOffset).toBe(0);
    expect(world.files.list(PARTITION)).toBeUndefined();
  });

  it('refuses a batch larger than max.message.bytes or than a segment', () => {
    const world = new LogWorld({ config: { maxMessageBytes: 200, segmentBytes: 100 } });
    const large = batchOf(['x'.repeat(300)], { timestamp: world.clock.now() });
    expect(world.tryAppend(world.log(), large)).toMatchObject({ errorCode: 10 });
    const medium = batchOf(['x'.repeat(90)], { timestamp: world.clock.now() });
    expect(world.tryAppend(world.log(), medium)).toMatchObject({ errorCode: 18 });
  });

  it('refuses timestamps too far ahead, and too far back where that is bounded', () => {
    const world = new LogWorld({ config: { messageTimestampBeforeMaxMs: 1000 } });
    const now = world.clock.now();
    const ahead = batchOf(['a'], { timestamp: now + 3_600_001 });
    expect(world.tryAppend(world.log(), ahead)).toMatchObject({ errorCode: 32 });
    for (const compression of ['none', 'lz4'] as const) {
      const back = batchOf(['a', 'b'], { timestamps: [now, now - 1001], compression });
      expect(world.tryAppend(world.log(), back)).toMatchObject({ errorCode: 32 });
    }
  });

  it('refuses a record without a key where the topic is compacted', () => {
    const world = new LogWorld({ config: { cleanupPolicy: ['compact'] } });
    const timestamp = world.clock.now();
    for (const compression of ['none', 'zstd'] as const) {
      const batch = batchOf(['a', 'b'], { timestamp, keys: ['k', null], compression });
      expect(world.tryAppend(world.log(), batch)).toMatchObject({
        errorCode: 87,
        recordErrors: [{ batchIndex: 1 }],
      });
    }
    world.append(world.log(), ['a'], { keys: ['k'] });
  });

  it('refuses a header that lies about its records', () => {
    const world = new LogWorld();
    const batch = batchOf(['a', 'b'], { timestamp: world.clock.now() });
    // Drops the second record, and makes length and CRC right again.
    const shorter = Buffer.from(batch.subarray(0, batch.length - 8));
    shorter.writeInt32BE(shorter.length - 12, 8);
    const log = world.log();
    expect(world.tryAppend(log, withCrc(shorter))).toMatchObject({ errorCode: 87 });
  });

  it('corrects a largest timestamp that is not that of the records', async () => {
    const world = new LogWorld();
    const now = world.clock.now();
    const batch = batchOf(['a', 'b'], { timestamps: [now - 5, now - 3] });
    batch.writeBigInt64BE(BigInt(now - 100), 35);
    expect(world.tryAppend(world.log(), withCrc(batch))).toMatchObject({ ok: true });
    await world.settle();
    const [stored] = recordBatches(readAllBatches(world.log(), 0));
    expect(stored!.header.maxTimestamp).toBe(now - 3);
    expect(world.log().maxTimestampOffset()).toEqual({ offset: 1, timestamp: now - 3 });
  });

  it('stamps batches of a topic with LogAppendTime', async () => {
    const world = new LogWorld({ config: { messageTimestampType: 'LogAppendTime' } });
    const log = world.log();
    const result = world.append(log, ['a'], { timestamp: 5 });
    expect(result.logAppendTime).toBe(world.clock.now());
    await world.settle();
    expect(log.offsetForTimestamp(6)).toEqual({ offset: 0, timestamp: result.logAppendTime });
  });
});

describe('durability', () => {
  it('shows and acknowledges nothing before it is on the disk', async () => {
    const world = new LogWorld();
    world.files.syncDelayMs = 5;
    const log = world.log();
    let heard = 0;
    log.onHighWatermark(() => heard++);
    const { lastOffset } = world.append(log, ['a', 'b']);
    let isDurable = false;
    void log.whenDurable(lastOffset + 1).then(() => (isDurable = true));
    await world.clock.advance(4);
    expect([isDurable, heard, log.highWatermark, log.logEndOffset]).toEqual([false, 0, 0, 2]);
    expect(log.read(0, 1000).result).toEqual({ ok: true, bytes: 0, nextOffset: 0 });
    await world.settle();
    expect([isDurable, heard, log.highWatermark]).toEqual([true, 1, 2]);
  });

  it('syncs what many partitions wrote in one cycle, and goes on taking writes meanwhile', async () => {
    const world = new LogWorld();
    const syncs: string[] = [];
    world.files.fault = (operation, path) => {
      if (operation === 'syncData' && path.endsWith('.log')) syncs.push(path);
      return undefined;
    };
    world.files.syncDelayMs = 5;
    const logs = [0, 1, 2].map((partition) => world.log(partition));
    for (let i = 0; i < 10; i++) for (const log of logs) world.append(log, ['x']);
    await world.clock.advance(1);
    for (const log of logs) world.append(log, ['y']);
    await world.settle();
    expect(syncs.length).toBe(6);
    expect(logs.map((log) => log.highWatermark)).toEqual([11, 11, 11]);
  });

  it('waits for nothing in os mode', async () => {
    const world = new LogWorld({ durability: 'os' });
    const log = world.log();
    let heard = 0;
    log.onHighWatermark(() => heard++);
    world.append(log, ['a']);
    await log.whenDurable(1);
    expect([heard, log.highWatermark, log.durableEndOffset]).toEqual([1, 1, 0]);
  });

  it('goes offline after a failed sync, for good, and says why', async () => {
    const world = new LogWorld();
    const log = world.log();
    world.append(log, ['kept']);
    await world.settle();
    world.files.fault = (operation, path) =>
      operation === 'syncData' && path.endsWith('.log') ? new Error('EIO: bad disk') : undefined;
    world.append(log, ['lost']);
    const outcome = log.whenDurable(2).catch((error: Error) => error.name);
    await world.settle();
    expect(await outcome).toBe('PartitionOfflineError');
    world.files.fault = undefined;
    expect(log.offlineReason).toContain('EIO: bad disk');
    expect(log.highWatermark).toBe(1);
    const refused = world.tryAppend(log, batchOf(['x'], { timestamp: world.clock.now() }));
    expect(refused).toMatchObject({ ok: false, errorCode: 56 });
    expect(log.read(0, 100).result).toMatchObject({ ok: false, errorCode: 56 });
    await expect(log.whenDurable(3)).rejects.toThrow('EIO: bad disk');
    expect(world.manager.offlinePartitions).toEqual([log]);
  });

  it('refuses writes while the disk is full, serves reads, says so once, and recovers by itself', async () => {
    const warnings: object[] = [];
    const warn = (fields: object, message: string): void =>
      void warnings.push({ ...fields, message });
    const world = new LogWorld({ logger: { ...silentLogger, warn } });
    const log = world.log();
    world.append(log, ['kept']);
    await world.settle();
    const used = world.files.bytesOf(`${PARTITION}/00000000000000000000.log`).length;
    world.files.capacityBytes = 0;
    const batch = batchOf(['x'.repeat(100)], { timestamp: world.clock.now() });
    expect(world.tryAppend(log, Buffer.from(batch))).toMatchObject({ ok: false, errorCode: 56 });
    expect(world.tryAppend(world.log(1), Buffer.from(batch))).toMatchObject({ errorCode: 56 });
    expect(log.offlineReason).toBeUndefined();
    expect(log.read(0, 1000).result).toMatchObject({ ok: true, nextOffset: 1 });
    expect(world.files.bytesOf(`${PARTITION}/00000000000000000000.log`).length).toBe(used);
    const reason = expect.stringContaining('the disk is full') as string;
    const refused = { partition: 'orders-0', reason, times: 1 };
    expect(warnings.filter((fields) => 'times' in fields)).toEqual([
      { ...refused, message: expect.stringContaining('refused') as string },
    ]);
    await world.clock.advance(30_000);
    world.tryAppend(log, Buffer.from(batch));
    expect(warnings.at(-1)).toMatchObject({ ...refused, times: 2 });
    world.files.capacityBytes = Infinity;
    expect(world.tryAppend(log, Buffer.from(batch))).toMatchObject({ ok: true, baseOffset: 1 });
    expect(world.tryAppend(world.log(1), Buffer.from(batch))).toMatchObject({ ok: true });
    await world.settle();
    expect(log.highWatermark).toBe(2);
  });
});

describe('read', () => {
  it('begins with the batch that contains the offset and gives whole batches', async () => {
    const world = new LogWorld();
    const log = world.log();
    for (let i = 0; i < 10; i++) world.append(log, ['a', 'b', 'c']);
    await world.settle();
    const size = log.sizeBytes / 10;
    const { result, batches } = log.read(4, size * 2 + 10);
    expect(result).toEqual({ ok: true, bytes: size * 2, nextOffset: 9 });
    expect(batches.readInt32BE(4)).toBe(3);
  });

  it('gives the first batch whole if asked to, else keeps to the limit', async () => {
    const world = new LogWorld();
    const log = world.log();
    world.append(log, ['x'.repeat(1000)]);
    await world.settle();
    const target = Buffer.alloc(2000);
    const nothing = { ok: true, bytes: 0, nextOffset: 0 };
    expect(log.readInto(target, 0, 0, 100)).toEqual(nothing);
    expect(log.readInto(target, 0, 0, 1)).toEqual(nothing);
    const whole = { ok: true, bytes: log.sizeBytes, nextOffset: 1 };
    expect(log.readInto(target, 5, 0, 100, { minOneBatch: true })).toEqual(whole);
    expect(target.subarray(5, 5 + log.sizeBytes)).toEqual(readAllBatches(log, 0));
    for (const capacity of [10, 100]) {
      const small = Buffer.alloc(capacity);
      expect(log.readInto(small, 0, 0, 5000, { minOneBatch: true })).toEqual({
        ok: false,
        error: 'bufferTooSmall',
        errorCode: 0,
        neededBytes: log.sizeBytes,
      });
    }
  });

  it('answers at the end with nothing and outside with out of range', async () => {
    const world = new LogWorld();
    const log = world.log();
    const outOfRange = { ok: false, error: 'offsetOutOfRange', errorCode: 1 };
    expect(log.read(0, 100).result).toEqual({ ok: true, bytes: 0, nextOffset: 0 });
    world.append(log, ['a']);
    await world.settle();
    expect(log.read(1, 100).result).toEqual({ ok: true, bytes: 0, nextOffset: 1 });
    expect(log.read(2, 100).result).toEqual(outOfRange);
    expect(log.read(-1, 100).result).toEqual(outOfRange);
  });

  it('stops before an end offset, and counts the bytes up to it', async () => {
    const world = new LogWorld();
    const log = world.log();
    for (let i = 0; i < 5; i++) world.append(log, ['a', 'b']);
    await world.settle();
    const size = log.sizeBytes / 5;
    expect(log.read(0, 5000, { endOffset: 4 }).result).toMatchObject({ bytes: size * 2 });
    expect(log.readableBytes(0)).toBe(size * 5);
    log.read(0, size * 2);
    expect(log.readableBytes(4)).toBe(size * 3);
    expect(log.readableBytes(10)).toBe(0);
  });
});

describe('segments', () => {
  it('rolls by size, and reads across', async () => {
    const world = new LogWorld({ config: { segmentBytes: 500, indexIntervalBytes: 100 } });
    const log = world.log();
    for (let i = 0; i < 20; i++) world.append(log, [`value ${i}`]);
    await world.settle();
    const names = world.files.list(PARTITION)!.filter((name) => name.endsWith('.log'));
    expect(names.length).toBe(log.segmentCount);
    expect(names.length).toBeGreaterThan(3);
    expect(names.sort()[1]).toMatch(/^0000000000000000000\d\.log$/);
    const stored = readAllBatches(log, 0);
    expect([...recordBatches(stored)].map(({ header }) => header.baseOffset)).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
  });

  it('rolls by the age of records', () => {
    const world = new LogWorld({ config: { segmentMs: 1000 } });
    const log = world.log();
    const now = world.clock.now();
    world.append(log, ['a'], { timestamp: now - 5000 });
    world.append(log, ['b'], { timestamp: now - 4000 });
    expect(log.segmentCount).toBe(1);
    world.append(log, ['c'], { timestamp: now - 3999 });
    expect(log.segmentCount).toBe(2);
  });

  it('keeps few files open, however many partitions there are', async () => {
    const world = new LogWorld({ openFilesMax: 20 });
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 100; i++) {
        world.append(world.log(i), ['x']);
        if (i % 10 === 0) await world.settle();
      }
      await world.settle();
    }
    expect(world.files.openCount).toBeLessThan(40);
    expect(world.log(50).highWatermark).toBe(3);
    expect(readAllBatches(world.log(99), 0).length).toBeGreaterThan(0);
  });
});

describe('time', () => {
  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'finds the first record at or after a time, compressed with %s',
    async (compression) => {
      const world = new LogWorld({ config: { segmentBytes: 600, indexIntervalBytes: 200 } });
      const log = world.log();
      const start = world.clock.now() - 1_000_000;
      for (let i = 0; i < 50; i++) {
        const timestamps = [start + i * 10, start + i * 10 + 5, start + i * 10 + 2];
        world.append(log, ['a', 'b', 'c'], { timestamps, compression });
      }
      await world.settle();
      expect(log.offsetForTimestamp(0)).toEqual({ offset: 0, timestamp: start });
      for (const i of [0, 7, 23, 49]) {
        const at = start + i * 10;
        expect(log.offsetForTimestamp(at)).toEqual({ offset: i * 3, timestamp: at });
        const later = { offset: i * 3 + 1, timestamp: at + 5 };
        expect(log.offsetForTimestamp(at + 1)).toEqual(later);
      }
      expect(log.offsetForTimestamp(start + 496)).toEqual({ offset: -1, timestamp: -1 });
      expect(log.maxTimestampOffset()).toEqual({ offset: 148, timestamp: start + 495 });
    },
  );
});

describe('the log start', () => {
  it('rises with DeleteRecords, survives a kill, and takes whole segments with it', async () => {
    const world = new LogWorld({ config: { segmentBytes: 300 } });
    const log = world.log();
    for (let i = 0; i < 12; i++) world.append(log, [`v${i}`]);
    await world.settle();
    const segments = log.segmentCount;
    const raised = log.deleteRecords(7);
    await world.settle();
    expect(await raised).toBe(7);
    expect(log.segmentCount).toBeLessThan(segments);
    expect(log.read(6, 100).result).toMatchObject({ errorCode: 1 });
    expect(log.read(7, 100).result).toMatchObject({ ok: true });
    expect(await log.deleteRecords(13)).toBeUndefined();
    world.kill();
    expect([world.log().logStartOffset, world.log().logEndOffset]).toEqual([7, 12]);
    expect(world.manager.damages).toEqual([]);
    const all = world.log().deleteRecords(-1);
    await world.settle();
    expect(await all).toBe(12);
    expect(world.log().sizeBytes).toBe(0);
    world.losePower(new Random(1));
    expect([world.log().logStartOffset, world.log().logEndOffset]).toEqual([12, 12]);
    expect(world.append(world.log(), ['next']).baseOffset).toBe(12);
  });

  it('is on the disk before segments go, also where it rises again meanwhile', async () => {
    const world = new LogWorld({ config: { segmentBytes: 300 } });
    const log = world.log();
    for (let i = 0; i < 12; i++) world.append(log, [`v${i}`]);
    await world.settle();
    const first = log.deleteRecords(4);
    // There is no room to write the second to the checkpoint.
    world.files.capacityBytes = world.files.usedBytes;
    const second = log.deleteRecords(11).catch(String);
    await world.settle();
    expect(await second).toContain('the checkpoint cannot be written');
    expect(await first).toBe(4);
    world.files.capacityBytes = Infinity;
    world.losePower(new Random(1));
    expect(world.log().logStartOffset).toBe(4);
    expect(readAllBatches(world.log(), 4).length).toBeGreaterThan(0);
    expect(world.manager.damages).toEqual([]);
  });

  it('rises while other partitions are written to', async () => {
    const world = new LogWorld();
    world.files.syncDelayMs = 3;
    for (let i = 0; i < 8; i++) world.append(world.log(i), ['v']);
    await world.settle();
    const raised: Promise<number | undefined>[] = [];
    for (let i = 0; i < 8; i++) {
      raised.push(world.log(i).deleteRecords(1));
      for (let other = 0; other < 8; other++) world.append(world.log(other), ['v']);
      await world.clock.advance(2);
    }
    await world.settle();
    expect(await Promise.all(raised)).toEqual(Array(8).fill(1));
  });

  it('of a partition that is offline does not rise, and nothing is taken for durable', async () => {
    const world = new LogWorld();
    for (let i = 0; i < 3; i++) world.append(world.log(), ['durable']);
    await world.settle();
    world.append(world.log(), ['not known to be']);
    world.kill();
    world.files.fault = (operation) =>
      operation === 'syncData' ? Object.assign(new Error('EIO'), { code: 'EIO' }) : undefined;
    expect(world.log().offlineReason).toBeUndefined();
    expect(world.log().isOffline).toBe(true);
    await expect(world.log().deleteRecords(1)).rejects.toThrow('cannot open');
    world.files.fault = undefined;
    world.kill();
    expect([world.log().logStartOffset, world.log().logEndOffset]).toEqual([0, 4]);
    expect(offsets(readAllBatches(world.log(), 0))).toEqual([0, 1, 2, 3]);
  });
});

describe('a partition', () => {
  it('that is deleted does not come back with its topic name', async () => {
    const world = new LogWorld();
    const log = world.log();
    world.append(log, ['old']);
    await world.settle();
    const deleted = world.manager.deletePartition('orders', 0);
    await world.settle();
    await deleted;
    expect(world.files.list(PARTITION)).toBeUndefined();
    await expect(log.whenDurable(5)).rejects.toThrow('deleted');
    world.losePower(new Random(3));
    const options = { topicId: 'another', config: defaultLogConfig };
    const again = world.manager.openPartition('orders', 0, options);
    expect([again.logEndOffset, again.damages]).toEqual([0, []]);
  });

  it.each(['fsync', 'os'] as const)(
    'that is deleted while its segments are being removed leaves those of the next alone (%s)',
    async (durability) => {
      const logger = {
        ...silentLogger,
        warn: vi.fn<Logger['warn']>(),
        error: vi.fn<Logger['error']>(),
      };
      const world = new LogWorld({ durability, logger, config: { segmentBytes: 300 } });
      for (let steps = 0; steps < 16; steps++) {
        world.files.syncDelayMs = 3;
        const name = `again-${steps}`;
        const old = world.log(0, name);
        for (let i = 0; i < 12; i++) world.append(old, [`v${i}`]);
        await world.settle();
        const outcome = old.deleteRecords(-1).catch(String);
        await world.clock.advance(steps);
        let isDeleted = false;
        void world.manager.deletePartition(name, 0).then(() => (isDeleted = true));
        while (!isDeleted) await world.clock.advance(1);
        const openNext = () =>
          world.manager.openPartition(name, 0, { topicId: 'next', config: world.config });
        const next = openNext();
        for (let i = 0; i < 12; i++) world.append(next, [`w${i}`]);
        await world.settle();
        expect(await outcome).toBe(12);
        expect(logger.warn).not.toHaveBeenCalled();
        expect(logger.error).not.toHaveBeenCalled();
        world.kill();
        expect(offsets(readAllBatches(openNext(), 0)).length, `${steps}`).toBe(12);
      }
    },
  );

  it('that was never written to lets others have their turn while its topic is deleted', async () => {
    const world = new LogWorld();
    for (let i = 0; i < 100; i++) world.log(i);
    const order: string[] = [];
    const deleted = world.manager
      .deleteTopic('orders', 100, 'id')
      .then(() => order.push('deleted'));
    world.clock.defer(() => order.push('another'));
    await world.settle();
    await deleted;
    expect(order).toEqual(['another', 'deleted']);
    expect(world.manager.get('orders', 99)).toBeUndefined();
  });

  it('of another topic with the same name is moved aside, not served and not deleted', async () => {
    const world = new LogWorld();
    world.append(world.log(), ['old']);
    await world.restart();
    const options = { topicId: 'another', config: defaultLogConfig };
    expect(world.manager.openPartition('orders', 0, options).logEndOffset).toBe(0);
    expect(world.files.paths.some((path) => /\/stray\/.*\/orders-0\/0+\.log$/.test(path))).toBe(
      true,
    );
  });

  it('can be found on the disk without the metadata', async () => {
    const world = new LogWorld();
    world.append(world.log(3, 'a-topic.with-dashes'), ['x']);
    expect(world.manager.partitionsOnDisk()).toEqual([
      { topic: 'a-topic.with-dashes', partition: 3, topicId: 'id' },
    ]);
  });
});

function withCrc(batch: Buffer): Buffer {
  batch.writeUInt32BE(computeRecordBatchCrc(batch), 17);
  return batch;
}
