import { decodeRecords, encodeRecordBatch, recordBatches } from '@penstock/kafka-protocol';
import type { RecordBatchInput } from '@penstock/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { compressionCodecs } from '../codecs.ts';
import { LogWorld, readAllBatches } from '../faults/log-world.ts';
import { Random } from '../faults/random.ts';
import type { PartitionLog } from '../partition-log.ts';

const COMPACT = { cleanupPolicy: ['compact'], segmentBytes: 400, indexIntervalBytes: 100 } as const;

type Entry = readonly [key: string, value: string | null];

function batch(entries: readonly Entry[], more: Partial<RecordBatchInput>, now: number): Buffer {
  const records = entries.map(([key, value]) => ({
    timestamp: now,
    key: Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
  }));
  return encodeRecordBatch({ records, codecs: compressionCodecs, ...more });
}

function put(
  world: LogWorld,
  entries: readonly Entry[],
  more: Partial<RecordBatchInput> = {},
): void {
  const result = world.tryAppend(world.log(), batch(entries, more, world.clock.now()));
  if (!result.ok) throw new Error(result.message);
}

function contents(log: PartitionLog): string[] {
  const bytes = readAllBatches(log, log.logStartOffset);
  return [...recordBatches(bytes)].flatMap((slice) =>
    [...decodeRecords(bytes, slice, compressionCodecs)].map(
      ({ offset, key, value }) =>
        `${offset} ${String(key)}=${value === null ? '-' : String(value)}`,
    ),
  );
}

async function compact(world: LogWorld): Promise<void> {
  const done = world.manager.compact();
  await world.settle();
  await done;
}

/** Seals what was written, since the last segment is never compacted; it holds one record then. */
async function seal(world: LogWorld): Promise<void> {
  for (let i = 0; i < 2; i++) put(world, [['end', 'x'.repeat(250)]]);
  await world.settle();
}

/** What compaction may leave of a log: the records that are the last of their key, and no others. */
function lastOfEachKey(records: readonly string[]): string[] {
  const last = new Map(records.map((record) => [record.split(/[ =]/)[1], record]));
  return records.filter((record) => last.get(record.split(/[ =]/)[1]) === record);
}

describe('compaction', () => {
  it('keeps the last record of each key at its offset, and the active segment as it is', async () => {
    const world = new LogWorld({ config: COMPACT });
    for (let i = 0; i < 40; i++) put(world, [[`k${i % 3}`, `v${i}`]]);
    await seal(world);
    await compact(world);
    expect(contents(world.log()).map((one) => one.slice(0, 9))).toEqual([
      '37 k1=v37',
      '38 k2=v38',
      '39 k0=v39',
      '40 end=xx',
      '41 end=xx',
    ]);
    expect(world.log().logEndOffset).toBe(42);
    expect(world.files.paths.filter((path) => /cleaned|swap/.test(path))).toEqual([]);
  });

  it('leaves the old or the new after a crash at any file operation, and goes on from there', async () => {
    for (const isPowerLoss of [false, true]) {
      for (let crashAt = 1, isOver = false; !isOver; crashAt++) {
        const world = new LogWorld({ config: COMPACT });
        for (let i = 0; i < 30; i++) put(world, [[`k${i % 4}`, `v${i}`]]);
        await seal(world);
        const before = contents(world.log());
        const last = lastOfEachKey(before.slice(0, -1));
        // Larger now, so that several segments become one.
        world.config = { ...world.config, segmentBytes: 1000 };
        world.manager.configureTopic('orders', world.config);
        world.files.crashAt = world.files.operations + crashAt;
        world.manager.compact().catch(() => {});
        await world.settle();
        isOver = !world.files.isCrashed;
        if (isPowerLoss) world.losePower(new Random(crashAt));
        else world.kill();
        const log = world.log();
        const found = contents(log);
        const label = `${isPowerLoss ? 'power loss' : 'kill'} at ${crashAt}`;
        expect(world.files.paths.filter((path) => /cleaned|swap/.test(path))).toEqual([]);
        expect(log.damages, label).toEqual([]);
        expect(log.logEndOffset, label).toBe(32);
        expect(
          last.filter((record) => !found.includes(record)),
          label,
        ).toEqual([]);
        expect(
          found.filter((record) => !before.includes(record)),
          label,
        ).toEqual([]);
        expect(new Set(found).size, label).toBe(found.length);
        await world.settle();
        await compact(world);
        expect(contents(world.log()), label).toEqual([...last, before.at(-1)]);
        expect(world.files.paths.filter((path) => /cleaned|swap/.test(path))).toEqual([]);
      }
    }
  });
});
