import { expect, it } from 'vitest';
import { CompactionWorld } from './faults/compaction-world.ts';
import { Random } from './faults/random.ts';
import { readRecords } from './faults/simulated-records.ts';
import type { PartitionLog } from './partition-log.ts';

const LIMITS = [1, 300, 1_000_000];

interface Readable {
  /** Offsets of all records, in order. */
  readonly offsets: readonly number[];
  /** Stretches that cannot be read. */
  readonly damaged: readonly { readonly from: number; readonly to: number }[];
}

/** Reads the whole log like a client that continues where the last batch ends. */
function readByBatches(log: PartitionLog): Readable {
  const offsets: number[] = [];
  const damaged: { from: number; to: number }[] = [];
  for (let at = log.logStartOffset; at < log.highWatermark;) {
    const { result, batches } = log.read(at, 1, { minOneBatch: true });
    if (result.ok) {
      offsets.push(...readRecords(batches, at).records.map(({ offset }) => offset));
      expect(result.nextOffset, 'a reader that goes by batches comes on').toBeGreaterThan(at);
      at = result.nextOffset;
    } else if (result.error === 'corrupt') {
      damaged.push({ from: at, to: result.resumeOffset });
      at = result.resumeOffset;
    } else throw new Error(result.error);
  }
  return { offsets, damaged };
}

/** Checks that a read at `offset` gives the next record or says that there is none. */
function expectRecordAt(log: PartitionLog, offset: number, readable: Readable): void {
  const record = readable.offsets.find((one) => one >= offset) ?? Infinity;
  const damage = readable.damaged.find(({ to }) => to > offset)?.from ?? Infinity;
  for (const limit of LIMITS) {
    const { result, batches } = log.read(offset, limit, { minOneBatch: true });
    if (!result.ok) {
      expect(result.error).toBe('corrupt');
      expect(damage, `damage stands before the record at ${record}`).toBeLessThan(record);
      continue;
    }
    const [first] = readRecords(batches, offset).records;
    expect(first?.offset ?? Infinity, `asked for ${offset}, ${limit} bytes`).toBe(record);
    if (record === Infinity) {
      expect(log.recordBytes(offset), 'there is nothing to wake for').toBe(0);
    } else expect(log.recordBytes(offset), 'there is something to wake for').toBeGreaterThan(0);
  }
}

function damageSome(world: CompactionWorld, random: Random): void {
  // Not the last two segments, which may not be sealed and durable yet: damage there is a torn
  // tail.
  const path = world.segmentPaths.at(-3);
  const size = path === undefined ? 0 : world.files.bytesOf(path).length;
  // The first 16 bytes of a batch are covered by no CRC.
  if (size > 16) world.files.damageBit(path!, 16 + random.below(size - 16), random.below(8));
  // Only a new process finds the damage: a process trusts batches it wrote or checked itself.
  world.kill();
}

async function change(world: CompactionWorld, random: Random): Promise<void> {
  switch (random.below(9)) {
    case 0:
      return world.restart();
    case 1:
      return world.kill();
    case 2:
      return world.losePower(random);
    case 3:
      world.clock.jump(86_400_000);
      return world.compact();
    case 4: {
      const { logStartOffset, highWatermark } = world.log();
      const span = highWatermark - logStartOffset + 1;
      void world.log().deleteRecords(logStartOffset + random.below(span));
      return world.settle();
    }
    case 5:
      world.configure({ segmentBytes: random.pick([300, 900, 4000]) });
      return undefined;
    case 6:
      if (random.chance(0.3)) damageSome(world, random);
      return undefined;
    default:
      return world.compact();
  }
}

it('a reader that goes on behind its last record reads the whole log, whatever has become of it', async () => {
  let hollowTails = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const random = new Random(seed);
    const world = new CompactionWorld(
      {
        // Records without a key, of which compaction leaves none.
        cleanupPolicy: ['delete'],
        segmentBytes: random.pick([300, 700, 2000]),
        indexIntervalBytes: random.pick([1, 100, 4096]),
        deleteRetentionMs: random.pick([0, 1000]),
        retentionMs: -1,
        maxCompactionLagMs: 1,
      },
      { durability: random.pick(['fsync', 'os'] as const), retentionCheckIntervalMs: 1e9 },
    );
    let sequence = 0;
    for (let round = 0; round < 8; round++) {
      const isKeyed = round >= 2;
      for (let batches = random.below(12); batches > 0; batches--) {
        const count = 1 + random.below(5);
        const isIdempotent = random.chance(0.3);
        world.put(
          Array.from({ length: count }, () => [
            isKeyed ? `k${random.below(6)}` : null,
            isKeyed && random.chance(0.3) ? null : 'v'.repeat(random.below(40)),
          ]),
          isIdempotent
            ? { producerId: sequence, producerEpoch: 0, baseSequence: 0 }
            : { compression: random.pick(['none', 'gzip', 'lz4'] as const) },
        );
        if (isIdempotent) sequence++;
      }
      await world.settle();
      if (round === 1) {
        world.configure({ cleanupPolicy: random.pick([['compact'], ['compact', 'delete']]) });
        await world.compact();
      }
      await change(world, random);
      await world.settle();
      const log = world.log();
      const readable = readByBatches(log);
      const last = readable.offsets.at(-1) ?? -1;
      if (Math.max(last + 1, log.logStartOffset) < log.highWatermark) hollowTails++;
      for (let offset = log.logStartOffset; offset < log.highWatermark; offset++) {
        expectRecordAt(log, offset, readable);
      }
    }
  }
  expect(hollowTails, 'logs that ended with batches without records').toBeGreaterThan(2);
}, 60_000);
