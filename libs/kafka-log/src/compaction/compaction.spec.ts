import type { RecordBatchHeader, RecordBatchInput } from '@penstock/kafka-protocol';
import { COMPRESSIONS, isRecordBatchIntact, recordBatches } from '@penstock/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { readAllBatches } from '../faults/log-world.ts';
import { Random } from '../faults/random.ts';
import type { PartitionLog } from '../partition-log.ts';
import type { Entry } from '../faults/compaction-world.ts';
import { CompactionWorld, contents, recordsOf } from '../faults/compaction-world.ts';

const DAY_MS = 86_400_000;

function headersOf(log: PartitionLog): RecordBatchHeader[] {
  return [...recordBatches(readAllBatches(log, log.logStartOffset))].map(({ header }) => header);
}

function checkpointOf({ files }: CompactionWorld): string {
  const path = files.paths.find((path) => path.endsWith('/cleaner-offset-checkpoint'));
  return path === undefined ? 'none' : files.bytesOf(path).toString();
}

describe('compaction', () => {
  it('keeps the last record of each key at its offset, and the active segment as it is', async () => {
    const world = new CompactionWorld();
    for (let i = 0; i < 40; i++) world.put([[`k${i % 3}`, `v${i}`]]);
    await world.seal();
    world.put([['k0', 'newer']]);
    await world.settle();
    await world.compact();
    expect(contents(world.log())).toEqual(['37 k1=v37', '38 k2=v38', '39 k0=v39', '42 k0=newer']);
    expect(world.log().logEndOffset).toBe(43);
    expect(world.leftovers).toEqual([]);
  });

  it('remembers how far it came, whole, when the power goes', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed);
      const world = new CompactionWorld();
      const checkpoints: string[] = [];
      for (let round = 0; round < 2; round++) {
        for (let i = 0; i < 10; i++) world.put([[`k${i % 3}`, `v${i}`]]);
        await world.seal();
        await world.settle();
        await world.compact();
        checkpoints.push(checkpointOf(world));
      }
      expect(new Set(checkpoints).size).toBe(2);
      world.losePower(random);
      expect(checkpointOf(world), `seed ${seed}`).toBe(checkpoints[1]);
    }
  });

  it('leaves exactly what it should of any log, with any codec, in any number of passes', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = new Random(seed);
      const durability = random.pick(['os', 'fsync'] as const);
      // Memory for 9 keys, for 30, or for all.
      const cleanerDedupeBufferBytes = random.pick([300, 1000, 1e6]);
      const world = new CompactionWorld(
        { segmentBytes: random.pick([300, 700, 2000]), deleteRetentionMs: DAY_MS },
        { cleanerDedupeBufferBytes, durability },
      );
      const written = new Map<number, string>();
      for (let round = 0; round < 4; round++) {
        for (let batches = random.below(25); batches > 0; batches--) {
          const entries: Entry[] = Array.from({ length: 1 + random.below(6) }, () => [
            `k${random.below(random.pick([4, 40]))}`,
            random.chance(0.2) ? null : `v${random.below(1e6)}`,
          ]);
          const { baseOffset } = world.put(entries, { compression: random.pick(COMPRESSIONS) });
          for (const [i, [key, value]] of entries.entries()) {
            written.set(baseOffset + i, `${baseOffset + i} ${key}=${value ?? '-'}`);
          }
        }
        await world.settle();
        if (random.chance(0.3)) world.configure({ segmentBytes: random.pick([300, 900, 4000]) });
        await world.compact();
        if (random.chance(0.3)) await world.restart();
        if (random.chance(0.2) && durability === 'fsync') world.losePower(random);
        expect(contents(world.log()), `seed ${seed}`).toEqual(survivors(world, written));
      }
    }
  }, 60_000);

  it('leaves the old or the new after a crash at any file operation, and goes on from there', async () => {
    for (const isPowerLoss of [false, true]) {
      for (let crashAt = 1, isOver = false; !isOver; crashAt++) {
        const world = new CompactionWorld();
        const written = new Map<number, string>();
        for (let i = 0; i < 12; i++) {
          world.put([[`k${i % 4}`, `v${i}`]]);
          written.set(i, `${i} k${i % 4}=v${i}`);
        }
        await world.seal();
        // Larger now, so that several segments become one.
        world.configure({ segmentBytes: 1000 });
        const before = contents(world.log());
        world.files.crashAt = world.files.operations + crashAt;
        world.manager.compact().catch(() => {});
        await world.settle();
        isOver = !world.files.isCrashed;
        if (isPowerLoss) world.losePower(new Random(crashAt));
        else world.kill();
        const found = contents(world.log());
        const expected = survivors(world, written);
        const label = `${isPowerLoss ? 'power loss' : 'kill'} at ${crashAt}`;
        expect(world.leftovers, label).toEqual([]);
        expect(world.log().damages, label).toEqual([]);
        expect(world.log().logEndOffset, label).toBe(14);
        expect(
          found.filter((one) => before.includes(one)),
          label,
        ).toEqual(found);
        expect(
          found.filter((one) => expected.includes(one)),
          label,
        ).toEqual(expected);
        await world.settle();
        await world.compact();
        expect(contents(world.log()), label).toEqual(expected);
        expect(world.leftovers, label).toEqual([]);
      }
    }
  }, 60_000);

  it.each(COMPRESSIONS)(
    'keeps the header of a %s batch of which only a part stays',
    async (compression) => {
      const world = new CompactionWorld();
      const now = world.clock.now();
      const headers = [{ key: 'h', value: Buffer.from('1') }];
      const records = ['a', 'b', 'c'].map((key, i) => ({
        timestamp: now + [0, 5, 2][i]!,
        key: Buffer.from(key),
        value: Buffer.from(`old ${key}`),
        headers,
      }));
      const producer = { producerId: 7, producerEpoch: 2, baseSequence: 0 };
      const mixed: Partial<RecordBatchInput> = { records, compression, ...producer };
      world.put([], mixed);
      const whole = { compression, producerId: 8, producerEpoch: 0, baseSequence: 0 };
      world.put([['d', 'stays']], whole);
      world.put([['b', 'new b']], { compression });
      const [mixedBefore, wholeBefore] = headersOf(world.log()).concat();
      await world.seal();
      const bytesBefore = readAllBatches(world.log(), 3);
      const [before] = headersOf(world.log());
      await world.compact();
      expect([mixedBefore, wholeBefore]).toEqual([undefined, undefined]);
      expect(contents(world.log())).toEqual(['0 a=old a', '2 c=old c', '3 d=stays', '4 b=new b']);
      const [after] = headersOf(world.log());
      expect(after).toEqual({
        ...before,
        byteLength: after!.byteLength,
        crc: after!.crc,
        maxTimestamp: now + 2,
        recordCount: 2,
      });
      expect(isRecordBatchIntact(readAllBatches(world.log(), 0))).toBe(true);
      const [first, third] = recordsOf(world.log());
      expect([first!.timestamp, third!.timestamp]).toEqual([now, now + 2]);
      expect(third!.headers).toEqual(headers);
      // What needs no change is copied byte for byte.
      const { byteLength } = headersOf(world.log())[1]!;
      expect(readAllBatches(world.log(), 3).subarray(0, byteLength)).toEqual(
        bytesBefore.subarray(0, byteLength),
      );
    },
  );
});

describe('tombstones', () => {
  it('stay for delete.retention.ms after the first pass, then go with the next', async () => {
    const world = new CompactionWorld({ deleteRetentionMs: 60_000 });
    const written = world.clock.now();
    world.put([
      ['a', 'v'],
      ['b', 'v'],
    ]);
    world.put(
      [
        ['a', null],
        ['c', 'v'],
      ],
      { compression: 'lz4' },
    );
    await world.seal();
    await world.compact();
    const stamped = ['1 b=v', '2 a=-', '3 c=v'];
    expect(contents(world.log())).toEqual(stamped);
    const horizon = headersOf(world.log()).find(({ baseOffset }) => baseOffset === 2)!;
    expect(horizon.attributes & 0x40).toBe(0x40);
    expect(horizon.baseTimestamp).toBeGreaterThan(written + 60_000);
    // The records keep their own times.
    expect(
      recordsOf(world.log())
        .slice(1, 3)
        .map((one) => one.timestamp),
    ).toEqual([written, written]);
    await world.clock.advance(30_000);
    await world.seal();
    await world.compact();
    expect(contents(world.log())).toEqual(stamped);
    expect(headersOf(world.log()).find(({ baseOffset }) => baseOffset === 2)).toEqual(horizon);
    await world.clock.advance(40_000);
    await world.seal();
    await world.compact();
    expect(contents(world.log())).toEqual(['1 b=v', '3 c=v']);
  });

  it('go after delete.retention.ms when a clock that was ahead stamped them, restarted or not', async () => {
    for (const restarts of [false, true]) {
      const world = new CompactionWorld({ deleteRetentionMs: 60_000 });
      const pass = async (): Promise<string[]> => {
        await world.seal();
        await world.compact();
        return contents(world.log());
      };
      world.put([['a', 'v']]);
      world.put([['a', null]]);
      world.clock.jump(10 * 365 * DAY_MS);
      world.manager.compact().catch(() => {});
      await world.clock.advance(25 * 3_600_000);
      const stamped = await pass();
      expect(stamped).toEqual(['1 a=-']);
      world.clock.jump(-10 * 365 * DAY_MS);
      if (restarts) await world.restart();
      // It is in doubt from here on, and stays for as long as if it were new.
      expect(await pass()).toEqual(stamped);
      await world.clock.advance(30_000);
      expect(await pass()).toEqual(stamped);
      await world.clock.advance(40_000);
      expect(await pass()).toEqual([]);
    }
  });

  it('stay while an older record of their key cannot be compacted, because of damage', async () => {
    const world = new CompactionWorld({ deleteRetentionMs: 1000 });
    for (let i = 0; i < 5; i++) world.put([[`k${i}`, 'v']]);
    await world.seal();
    world.put([['k1', null]]);
    await world.seal();
    // The batch with k3.
    world.files.bytesOf(world.segmentPaths[0]!)[3 * 71 + 65]! ^= 1;
    for (let round = 0; round < 3; round++) {
      await world.clock.advance(5000);
      await world.seal();
      await world.compact();
    }
    const { result } = world.log().read(0, 1e6);
    expect(result).toMatchObject({ ok: true, nextOffset: 3 });
    expect(world.log().damages).toMatchObject([{ fromOffset: 3, toOffset: 4 }]);
    expect(world.log().offlineReason).toBeUndefined();
    const bytes = readAllBatches(world.log(), 4);
    const offsets = [...recordBatches(bytes)].map(({ header }) => header.baseOffset);
    expect(offsets).toContain(7);
    expect(world.files.bytesOf(world.segmentPaths[0]!).length).toBeGreaterThan(4 * 71);
  });
});

describe('after compaction', () => {
  it('an idempotent producer is known by its last batch, even from the log alone', async () => {
    const world = new CompactionWorld();
    const send = (sequence: number): Partial<RecordBatchInput> => ({
      producerId: 5,
      producerEpoch: 1,
      baseSequence: sequence,
    });
    for (let i = 0; i < 6; i++) world.put([['k', `v${i}`]], send(i));
    for (let i = 0; i < 3; i++) world.put([['k', 'of somebody else']]);
    await world.seal();
    await world.compact();
    const mine = headersOf(world.log()).filter(({ producerId }) => producerId === 5);
    expect(mine.at(-1)).toMatchObject({ baseOffset: 5, lastOffsetDelta: 0, recordCount: 0 });
    for (const path of world.files.paths) {
      if (path.endsWith('.snapshot')) world.files.damageRemove(path);
    }
    world.kill();
    expect(world.put([['k', 'v5']], send(5))).toMatchObject({ duplicate: true, baseOffset: 5 });
    expect(() => world.put([['k', 'v9']], send(9))).toThrow('does not follow');
    expect(world.put([['k', 'v6']], send(6))).toMatchObject({ duplicate: false });
  });

  it('a read at an offset that is gone gives what comes next', async () => {
    const world = new CompactionWorld();
    for (let i = 0; i < 60; i++) world.put([[i === 31 ? 'rare' : 'k', `v${i}`]]);
    await world.seal();
    await world.compact();
    for (const restart of [false, true]) {
      if (restart) await world.restart();
      const log = world.log();
      for (let offset = log.logStartOffset; offset <= 59; offset++) {
        const bytes = readAllBatches(log, offset);
        const found = [...recordBatches(bytes)].find(
          ({ header }) => header.recordCount > 0,
        )!.header;
        expect(found.baseOffset).toBe(offset <= 31 ? 31 : 59);
        expect(log.readableBytes(offset)).toBeGreaterThan(0);
      }
      expect(await deleteTo(world, 10)).toBe(10);
      expect(log.read(9, 1000).result).toMatchObject({ errorCode: 1 });
      expect(log.endOffsetForEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 62 });
    }
  });

  it('times are looked up among what is left', async () => {
    const world = new CompactionWorld();
    const start = world.clock.now();
    const at = (ms: number, key: string): void => {
      const record = { timestamp: start + ms, key: Buffer.from(key), value: Buffer.from('v') };
      world.put([], { records: [record] });
    };
    // Compaction removes the record with the largest timestamp.
    for (const [ms, key] of [
      [0, 'a'],
      [10, 'b'],
      [90, 'c'],
      [20, 'b'],
      [30, 'c'],
    ] as const) {
      at(ms, key);
    }
    const record = { timestamp: start, key: Buffer.from('seal'), value: Buffer.alloc(250) };
    for (let i = 0; i < 2; i++) world.put([], { records: [record] });
    await world.settle();
    await world.compact();
    for (const restart of [false, true]) {
      if (restart) await world.restart();
      expect(contents(world.log()).map((one) => one.slice(0, 3))).toEqual(['0 a', '3 b', '4 c']);
      expect(world.log().offsetForTimestamp(start + 5)).toEqual({
        offset: 3,
        timestamp: start + 20,
      });
      expect(world.log().offsetForTimestamp(start + 40)).toEqual({ offset: -1, timestamp: -1 });
      expect(world.log().maxTimestampOffset()).toEqual({ offset: 4, timestamp: start + 30 });
    }
  });

  it('the log ends where it ended, whatever went', async () => {
    const world = new CompactionWorld();
    for (let i = 0; i < 12; i++) world.put([['k', `v${i}`]]);
    await world.seal();
    await world.seal();
    await world.compact();
    const end = world.log().logEndOffset;
    for (const path of world.files.paths) {
      if (/snapshot$|index$/.test(path)) world.files.damageRemove(path);
    }
    world.kill();
    expect([world.log().logEndOffset, world.log().damages]).toEqual([end, []]);
    expect(world.put([['k', 'v']]).baseOffset).toBe(end);
  });
});

async function deleteTo(world: CompactionWorld, offset: number): Promise<number | undefined> {
  const deleted = world.log().deleteRecords(offset);
  await world.settle();
  return deleted;
}

/**
 * What compaction must leave: the last record of each key in the sealed segments, and all records
 * of the active segment.
 */
function survivors(world: CompactionWorld, written: ReadonlyMap<number, string>): string[] {
  const keyOf = (record: string): string => record.split(/[ =]/)[1]!;
  const last = new Map<string, number>();
  for (const [offset, record] of written) {
    if (offset < world.activeBase) last.set(keyOf(record), offset);
  }
  return [...written]
    .filter(([offset, record]) => offset >= world.activeBase || last.get(keyOf(record)) === offset)
    .map(([, record]) => record);
}
