import { recordBatches } from '@penstock/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { batchOf, DIRECTORY, LogWorld, readAllBatches } from './faults/log-world.ts';
import { Random } from './faults/random.ts';
import { DataFolderLockedError, LogManager } from './log-manager.ts';
import { silentLogger } from './logger.ts';
import type { PartitionLog } from './partition-log.ts';

const PARTITION = `${DIRECTORY}/orders-0`;
const FIRST = `${PARTITION}/00000000000000000000`;

/** Twenty batches of one record each, in segments of four. */
async function filled(indexIntervalBytes = 100): Promise<LogWorld> {
  const world = new LogWorld({ config: { segmentBytes: 400, indexIntervalBytes } });
  for (let i = 0; i < 20; i++) world.append(world.log(), [`value ${String(i).padStart(20)}`]);
  await world.settle();
  return world;
}

function offsetsFrom(log: PartitionLog, offset: number): number[] {
  return [...recordBatches(readAllBatches(log, offset))].map(({ header }) => header.baseOffset);
}

function segmentPaths(world: LogWorld): string[] {
  return world.files.paths.filter((path) => path.endsWith('.log')).sort();
}

const ALL = Array.from({ length: 20 }, (_, i) => i);

describe('after a crash', () => {
  it('everything acknowledged is there, and offsets go on', async () => {
    const world = await filled();
    world.kill();
    expect(world.manager.cleanStart).toBe(false);
    expect(offsetsFrom(world.log(), 0)).toEqual(ALL);
    world.losePower(new Random(5));
    expect(offsetsFrom(world.log(), 0)).toEqual(ALL);
    expect(world.append(world.log(), ['next']).baseOffset).toBe(20);
  });

  it('a write that was cut short goes, at whatever byte', async () => {
    const world = await filled();
    const log = world.log();
    const next = batchOf(['never acknowledged'], { timestamp: world.clock.now() });
    world.tryAppend(log, next);
    const path = segmentPaths(world).at(-1)!;
    const full = world.files.bytesOf(path).length;
    for (let cut = 1; cut <= next.length; cut++) {
      world.files.damageSize(path, full - cut);
      world.kill();
      expect(offsetsFrom(world.log(), 0)).toEqual(ALL);
      expect(world.log().logEndOffset).toBe(20);
      expect(world.files.bytesOf(path).length).toBe(full - next.length);
      expect(world.manager.damages).toEqual([]);
      world.tryAppend(
        world.log(),
        batchOf(['never acknowledged'], { timestamp: world.clock.now() }),
      );
    }
  });

  it('what a full disk cut short does not come back in front of what was written later', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const world = new LogWorld({ config: { segmentBytes: 400 } });
      for (let i = 0; i < 3; i++) world.append(world.log(), [`value ${String(i).padStart(20)}`]);
      await world.settle();
      world.files.capacityBytes = world.files.usedBytes + 30;
      const refused = batchOf(['x'], { timestamp: world.clock.now() });
      expect(world.tryAppend(world.log(), refused).ok).toBe(false);
      world.files.capacityBytes = Infinity;
      const later = world.append(world.log(), ['y'.repeat(200)]);
      const durable = world.log().whenDurable(later.lastOffset + 1);
      // The checkpoint is not yet on the disk.
      await world.clock.advance(1);
      await durable;
      world.losePower(new Random(seed));
      expect(offsetsFrom(world.log(), 0), `seed ${seed}`).toEqual([0, 1, 2, 3]);
    }
  });

  it('what was written but not acknowledged is kept, and made durable before it is shown', async () => {
    const world = await filled();
    world.append(world.log(), ['in the page cache']);
    world.kill();
    const log = world.log();
    expect([log.highWatermark, log.logEndOffset]).toEqual([21, 21]);
    world.losePower(new Random(1));
    expect(world.log().highWatermark).toBe(21);
    world.losePower(new Random(1));
    expect(world.log().highWatermark).toBe(21);
  });

  it('reads no sealed segment below the durable end but at its very end', async () => {
    const world = new LogWorld({ config: { segmentBytes: 100_000 } });
    for (let i = 0; i < 400; i++) world.append(world.log(), ['x'.repeat(1000)]);
    await world.settle();
    world.kill();
    let bytes = 0;
    const read = world.files.read.bind(world.files);
    world.files.read = (...args) => {
      const count = read(...args);
      bytes += count;
      return count;
    };
    expect(world.log().logEndOffset).toBe(400);
    expect(bytes).toBeLessThan(world.log().sizeBytes / 5);
  });

  it('a clean shutdown is told from a crash', async () => {
    const world = await filled();
    await world.restart();
    expect(world.manager.cleanStart).toBe(true);
    expect(offsetsFrom(world.log(), 0)).toEqual(ALL);
    world.kill();
    expect(world.manager.cleanStart).toBe(false);
  });
});

describe('a base offset that was damaged above the durable end, which no CRC covers', () => {
  it('costs its batch alone: the segments that follow stay', async () => {
    for (const batch of [0, 1, 2, 3]) {
      for (const [byte, bit] of [
        [7, 0],
        [7, 1],
        [7, 4],
        [5, 3],
        [2, 7],
      ] as const) {
        const world = new LogWorld({
          durability: 'os',
          config: { segmentBytes: 400, indexIntervalBytes: 100 },
        });
        for (let i = 0; i < 20; i++) world.append(world.log(), [`value ${String(i).padStart(20)}`]);
        // The second of five segments, none of which the checkpoint knows yet.
        const bytes = world.files.bytesOf(segmentPaths(world)[1]!);
        bytes[(batch * bytes.length) / 4 + byte]! ^= 1 << bit;
        const label = `batch ${batch}, byte ${byte}, bit ${bit}`;
        for (const again of [1, 2, 3]) {
          world.kill();
          const log = world.log();
          expect(log.logEndOffset, label).toBe(20);
          const lost = log.damages.map(({ fromOffset, toOffset }) => [fromOffset, toOffset]);
          expect(lost, `${label}, start ${again}`).toEqual([[4 + batch, 5 + batch]]);
          expect(offsetsFrom(log, 5 + batch), label).toEqual(ALL.slice(5 + batch));
        }
      }
    }
  });
});

describe('damage below the durable end', () => {
  it('that took no offset with it is stepped over, from wherever a reader comes', async () => {
    const world = await filled(4096);
    const path = segmentPaths(world)[1]!;
    world.kill();
    // Bytes that are no batch lie between the second and the third batch of the segment.
    const bytes = world.files.bytesOf(path);
    const [, second] = recordBatches(bytes);
    const cut = second!.position + second!.header.byteLength;
    const holed = Buffer.concat([bytes.subarray(0, cut), Buffer.alloc(99), bytes.subarray(cut)]);
    const descriptor = world.files.open(path, 'write');
    world.files.write(descriptor, holed, 0, holed.length, 0);
    world.files.close(descriptor);
    const log = world.log();
    for (const maxBytes of [100, 200, 300, 4096]) {
      const found = recordBatches(readAllBatches(log, 0, maxBytes));
      expect([...found].map(({ header }) => header.baseOffset)).toEqual(ALL);
    }
    for (const offset of ALL) expect(offsetsFrom(log, offset)).toEqual(ALL.slice(offset));
  });

  it('of one bit costs its own batch only, is reported, and nothing is cut', async () => {
    for (const restart of ['clean', 'kill'] as const) {
      const world = await filled();
      const path = segmentPaths(world)[1]!;
      if (restart === 'clean') await world.restart();
      else world.kill();
      const size = world.files.bytesOf(path).length;
      const base = Number(/(\d+)\.log/.exec(path)![1]);
      world.files.bytesOf(path)[size / 4 + 70]! ^= 4;
      const log = world.log();
      expect(offsetsFrom(log, base + 2).at(-1)).toBe(19);
      const before = log.read(0, 100_000).result;
      expect(before).toMatchObject({ ok: true, nextOffset: base });
      expect(log.read(base, 100_000).result).toMatchObject({ ok: true, nextOffset: base + 1 });
      expect(log.read(base + 1, 100_000).result).toMatchObject({
        ok: false,
        error: 'corrupt',
        errorCode: 2,
        resumeOffset: base + 2,
      });
      expect(log.read(base + 2, 100).result).toMatchObject({ ok: true });
      expect(world.manager.damages).toMatchObject([{ fromOffset: base + 1, toOffset: base + 2 }]);
      expect(world.files.bytesOf(path).length).toBe(size);
    }
  });

  it('in the newest segment is not mistaken for a torn end', async () => {
    const world = await filled();
    const path = segmentPaths(world).at(-1)!;
    const size = world.files.bytesOf(path).length;
    world.files.bytesOf(path)[size - 1]! ^= 1;
    world.kill();
    const log = world.log();
    expect(log.logEndOffset).toBe(20);
    expect(log.read(19, 100).result).toMatchObject({ errorCode: 2, resumeOffset: 20 });
    expect(world.append(log, ['next']).baseOffset).toBe(20);
    await world.settle();
    expect(offsetsFrom(log, 20)).toEqual([20]);
    expect(world.files.bytesOf(path).length).toBeGreaterThanOrEqual(size);
  });

  it('of any bit of an offset, which no CRC covers, costs its own batch only', async () => {
    for (let bit = 0; bit < 4 * 64; bit++) {
      const world = await filled();
      const path = segmentPaths(world)[1]!;
      const base = Number(/(\d+)\.log/.exec(path)![1]);
      const batch = bit >> 6;
      const size = world.files.bytesOf(path).length / 4;
      world.files.damageBit(path, batch * size + ((bit & 63) >> 3), bit & 7);
      world.kill();
      const served: number[] = [];
      for (let at = 0; at < 20;) {
        const { result, batches } = world.log().read(at, 250);
        served.push(...[...recordBatches(batches)].map(({ header }) => header.baseOffset));
        if (!result.ok && result.error === 'corrupt') at = result.resumeOffset;
        else if (result.ok && result.nextOffset > at) at = result.nextOffset;
        else throw new Error(`bit ${bit}: ${JSON.stringify(result)} at ${at}`);
      }
      expect([bit, served]).toEqual([bit, ALL.filter((offset) => offset !== base + batch)]);
    }
  });

  it('in a header is stepped over', async () => {
    const world = await filled();
    const path = segmentPaths(world)[1]!;
    const base = Number(/(\d+)\.log/.exec(path)![1]);
    const at = world.files.bytesOf(path).length / 4;
    world.files.bytesOf(path).fill(0, at, at + 30);
    world.kill();
    const log = world.log();
    expect(log.read(base + 1, 100).result).toMatchObject({ errorCode: 2, resumeOffset: base + 2 });
    expect(offsetsFrom(log, base + 2).at(0)).toBe(base + 2);
  });

  it('by a closed segment that is cut off, zeroed or missing is a gap; the rest is served', async () => {
    for (const fault of ['cut', 'zeros', 'missing', 'first missing'] as const) {
      const world = await filled();
      const paths = segmentPaths(world);
      const path = paths[fault === 'first missing' ? 0 : 1]!;
      const base = Number(/(\d+)\.log/.exec(path)![1]);
      const next = base + 4;
      const size = world.files.bytesOf(path).length;
      if (fault === 'cut') world.files.damageSize(path, size / 2 + 10);
      else if (fault === 'zeros') world.files.bytesOf(path).fill(0, size / 2, size);
      else world.files.damageRemove(path);
      world.kill();
      const log = world.log();
      const from = fault === 'missing' || fault === 'first missing' ? base : base + 2;
      expect(log.read(from, 100).result).toMatchObject({ errorCode: 2, resumeOffset: next });
      expect(log.read(next - 1, 100).result).toMatchObject({ errorCode: 2, resumeOffset: next });
      expect(offsetsFrom(log, next)).toEqual(ALL.slice(next));
      expect([log.logStartOffset, log.logEndOffset]).toEqual([0, 20]);
      expect(world.manager.damages).toMatchObject([{ fromOffset: from, toOffset: next }]);
    }
  });

  it('of the newest segment by a cut inside of a batch leaves the batches before it', async () => {
    const size = batchOf([`value ${'19'.padStart(20)}`]).length;
    for (let cut = 1; cut < size; cut++) {
      const world = await filled();
      const path = segmentPaths(world).at(-1)!;
      world.files.damageSize(path, world.files.bytesOf(path).length - cut);
      world.kill();
      const { batches } = world.log().read(16, 1000);
      expect([...recordBatches(batches)].map(({ header }) => header.baseOffset)).toEqual([
        16, 17, 18,
      ]);
      expect(world.log().read(19, 1000).result).toMatchObject({ error: 'corrupt' });
      expect(world.append(world.log(), ['next']).baseOffset).toBe(20);
    }
  });

  it('that takes the whole folder or its end does not make offsets start again', async () => {
    const world = await filled();
    const last = segmentPaths(world).at(-1)!;
    world.files.damageSize(last, 10);
    world.kill();
    expect(world.append(world.log(), ['next']).baseOffset).toBe(20);
    await world.settle();
    expect(offsetsFrom(world.log(), 20)).toEqual([20]);
    for (const path of world.files.paths.filter((name) => name.startsWith(PARTITION))) {
      world.files.damageRemove(path);
    }
    world.kill();
    expect(world.log().logEndOffset).toBe(21);
    expect(world.manager.damages).toMatchObject([{ fromOffset: 0, toOffset: 21 }]);
    expect(world.append(world.log(), ['again']).baseOffset).toBe(21);
  });
});

describe('files that can be rebuilt', () => {
  it.each(['index', 'snapshot'])(
    'are, when every .%s is random, empty or missing',
    async (kind) => {
      for (const fault of ['random', 'empty', 'missing', 'other']) {
        const world = await filled();
        const random = new Random(9);
        await world.restart();
        const paths = world.files.paths.filter((path) => path.endsWith(`.${kind}`));
        expect(paths.length).toBeGreaterThan(0);
        for (const path of paths) {
          const bytes = world.files.bytesOf(path);
          if (fault === 'random') {
            for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(256);
          } else if (fault === 'empty') world.files.damageSize(path, 0);
          else if (fault === 'missing') world.files.damageRemove(path);
          else bytes[bytes.length - 1]! ^= 1;
        }
        world.kill();
        const log = world.log();
        for (const offset of [0, 6, 13, 19]) {
          expect(offsetsFrom(log, offset)).toEqual(ALL.slice(offset));
        }
        expect(world.manager.damages).toEqual([]);
        expect(world.append(log, ['next']).baseOffset).toBe(20);
      }
    },
  );

  it('the checkpoint is damaged: the end of the log is checked, and nothing acknowledged is lost', async () => {
    for (const fault of ['random', 'missing', 'cut']) {
      const world = await filled();
      const path = `${DIRECTORY}/partitions.checkpoint`;
      if (fault === 'random') world.files.bytesOf(path).fill(0x55);
      else if (fault === 'missing') world.files.damageRemove(path);
      else world.files.damageSize(path, world.files.bytesOf(path).length - 3);
      world.kill();
      expect(world.log().logEndOffset).toBe(20);
      await world.settle();
      expect(offsetsFrom(world.log(), 0)).toEqual(ALL);
      expect(world.manager.damages).toEqual([]);
    }
  });
});

it('finds the batch whose last offset was damaged, and steps over it alone', async () => {
  const world = await filled();
  await world.restart();
  const path = `${PARTITION}/00000000000000000004.log`;
  const second = [...recordBatches(world.files.bytesOf(path))][1]!;
  // The third byte of the last offset delta: the batch now claims offsets 5 to 517.
  world.files.damageBit(path, second.position + 25, 1);
  world.files.damageRemove(path.replace('.log', '.index'));
  world.kill();
  const log = world.log();
  const read = (at: number) => log.read(at, 1, { minOneBatch: true }).result;
  expect([0, 1, 2, 3, 4].map((at) => read(at).ok)).toEqual(Array(5).fill(true));
  expect(read(5)).toMatchObject({ error: 'corrupt', resumeOffset: 6 });
  expect(offsetsFrom(log, 6)).toEqual(ALL.slice(6));
});

it('does not believe a sync that succeeds in the next process after one that failed', async () => {
  const world = new LogWorld();
  world.append(world.log(), ['a']);
  await world.settle();
  world.append(world.log(), ['b']);
  world.files.fault = (operation) =>
    operation === 'syncData' ? Object.assign(new Error('EIO'), { code: 'EIO' }) : undefined;
  await world.settle();
  expect(world.log().offlineReason).toContain('EIO');
  world.kill();
  const seen = world.log().highWatermark;
  await world.settle();
  world.losePower(new Random(1));
  expect(seen).toBe(2);
  expect(world.log().highWatermark).toBe(2);
  expect(readAllBatches(world.log(), 0).length).toBeGreaterThan(0);
});

describe('idempotent producers', () => {
  const producer = { producerId: 77, producerEpoch: 0 };

  it('get the first offsets for a repeated batch, whatever happened in between', async () => {
    for (const event of ['nothing', 'kill', 'clean', 'power'] as const) {
      const world = new LogWorld({ config: { segmentBytes: 300 } });
      for (let i = 0; i < 10; i++) {
        world.append(world.log(), ['a', 'b'], { ...producer, baseSequence: i * 2 });
      }
      await world.settle();
      if (event === 'kill') world.kill();
      if (event === 'clean') await world.restart();
      if (event === 'power') world.losePower(new Random(2));
      const log = world.log();
      for (let i = 5; i < 10; i++) {
        const again = world.append(log, ['a', 'b'], { ...producer, baseSequence: i * 2 });
        expect(again).toMatchObject({ duplicate: true, baseOffset: i * 2, lastOffset: i * 2 + 1 });
      }
      const old = batchOf(['a', 'b'], {
        ...producer,
        baseSequence: 8,
        timestamp: world.clock.now(),
      });
      expect(world.tryAppend(log, old)).toMatchObject({ errorCode: 45 });
      const gap = batchOf(['a'], { ...producer, baseSequence: 21, timestamp: world.clock.now() });
      expect(world.tryAppend(log, gap)).toMatchObject({ errorCode: 45 });
      expect(world.append(log, ['c'], { ...producer, baseSequence: 20 }).baseOffset).toBe(20);
    }
  });

  it('begin at 0 with a new epoch, are refused with an old one, and wrap around', () => {
    const world = new LogWorld();
    const log = world.log();
    const send = (producerEpoch: number, baseSequence: number): unknown =>
      world.tryAppend(
        log,
        batchOf(['a', 'b'], {
          producerId: 5,
          producerEpoch,
          baseSequence,
          timestamp: world.clock.now(),
        }),
      );
    expect(send(3, 100)).toMatchObject({ ok: true }); // no state: any sequence is a beginning
    expect(send(4, 102)).toMatchObject({ errorCode: 45 });
    expect(send(4, 0)).toMatchObject({ ok: true, duplicate: false });
    expect(send(3, 102)).toMatchObject({ errorCode: 47 });
    expect(send(4, 2)).toMatchObject({ ok: true });
    const wrapping = { producerId: 6, producerEpoch: 0, timestamp: world.clock.now() };
    world.append(log, ['a', 'b', 'c'], { ...wrapping, baseSequence: 0x7ffffffe });
    world.append(log, ['d'], { ...wrapping, baseSequence: 1 });
    const again = world.append(log, ['a', 'b', 'c'], { ...wrapping, baseSequence: 0x7ffffffe });
    expect(again.duplicate).toBe(true);
  });

  it('do not begin with their second batch when the disk was full for the first', () => {
    const world = new LogWorld();
    const log = world.log();
    const send = (baseSequence: number) =>
      world.tryAppend(
        log,
        batchOf(['v'], { timestamp: 1, producerId: 7, producerEpoch: 0, baseSequence }),
      );
    world.files.capacityBytes = world.files.usedBytes;
    expect(send(0)).toMatchObject({ ok: false, error: 'storage' });
    world.files.capacityBytes = Infinity;
    expect(send(1)).toMatchObject({ ok: false, error: 'outOfOrderSequence' });
    expect([send(0), send(1)]).toMatchObject([{ baseOffset: 0 }, { baseOffset: 1 }]);
  });

  it('leave nothing behind a batch that follows one for which the disk was full', async () => {
    const world = new LogWorld({ durability: 'os', config: { segmentBytes: 400 } });
    world.append(world.log(), ['v'.repeat(250)]);
    world.files.capacityBytes = world.files.usedBytes + 200;
    world.tryAppend(world.log(), batchOf(['v'.repeat(280)]));
    world.files.capacityBytes = Infinity;
    for (let i = 0; i < 6; i++) world.append(world.log(), ['short']);
    world.kill();
    expect(world.log().logEndOffset).toBe(7);
  });

  it('are forgotten after a day', async () => {
    const world = new LogWorld({ retentionCheckIntervalMs: 3_600_000 });
    world.append(world.log(), ['a'], { ...producer, baseSequence: 0 });
    await world.clock.advance(26 * 3_600_000);
    const late = world.append(world.log(), ['b'], { ...producer, baseSequence: 50 });
    expect(late.duplicate).toBe(false);
  });

  it('are remembered for a batch that survived a power loss, and for none that it took', async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const world = new LogWorld();
      world.append(world.log(), ['a'], { ...producer, baseSequence: 0 });
      await world.settle();
      world.append(world.log(), ['b'], { ...producer, baseSequence: 1 });
      world.losePower(new Random(seed));
      const survived = world.log().logEndOffset === 2;
      const again = world.append(world.log(), ['b'], { ...producer, baseSequence: 1 });
      expect([again.duplicate, again.baseOffset], `seed ${seed}`).toEqual([survived, 1]);
      expect(world.log().logEndOffset).toBe(2);
      outcomes.add(survived ? 'survived' : 'taken');
    }
    expect([...outcomes].sort()).toEqual(['survived', 'taken']);
  });
});

describe('leader epochs', () => {
  it('are known with their ends, also after a crash', async () => {
    const world = new LogWorld();
    const append = (leaderEpoch: number): void => {
      const now = world.clock.now();
      const batch = batchOf(['x'], { timestamp: now });
      expect(world.log().append(batch, { leaderEpoch, now }).ok).toBe(true);
    };
    append(2);
    append(2);
    append(5);
    await world.settle();
    for (let round = 0; round < 2; round++) {
      const log = world.log();
      expect(log.endOffsetForEpoch(1)).toEqual({ leaderEpoch: -1, endOffset: -1 });
      expect(log.endOffsetForEpoch(2)).toEqual({ leaderEpoch: 2, endOffset: 2 });
      expect(log.endOffsetForEpoch(4)).toEqual({ leaderEpoch: 2, endOffset: 2 });
      expect(log.endOffsetForEpoch(5)).toEqual({ leaderEpoch: 5, endOffset: 3 });
      world.kill();
    }
  });
});

describe('the data folder', () => {
  it('is used by one process at a time', async () => {
    const world = new LogWorld();
    const again = (): LogManager =>
      LogManager.open({
        directory: DIRECTORY,
        durability: 'fsync',
        logger: silentLogger,
        files: world.files,
        clock: world.clock,
      });
    expect(again).toThrow(DataFolderLockedError);
    const closed = world.manager.close();
    await world.settle();
    await closed;
    expect(again().cleanStart).toBe(true);
  });

  it('cannot be opened where the folder of a partition is unreadable: that partition is offline', async () => {
    const world = await filled();
    world.kill();
    world.files.fault = (operation, path) =>
      operation === 'open' && path === `${FIRST}.log` ? new Error('EACCES') : undefined;
    expect(world.log().offlineReason).toBeUndefined();
    expect(world.log().logEndOffset).toBe(20);
    expect(world.log().offlineReason).toContain('EACCES');
    const batch = batchOf(['x'], { timestamp: world.clock.now() });
    expect(world.tryAppend(world.log(), batch)).toMatchObject({ errorCode: 56 });
    expect(world.append(world.log(1), ['fine']).ok).toBe(true);
  });
});
