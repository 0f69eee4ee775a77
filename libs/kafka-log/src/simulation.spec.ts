import { recordBatches } from '@penstock/kafka-protocol';
import { describe, expect, it } from 'vitest';
import type { BatchOptions } from './faults/log-world.ts';
import { batchOf, LogWorld } from './faults/log-world.ts';
import { CrashedError } from './faults/memory-files.ts';
import { Random } from './faults/random.ts';
import type { PartitionLog } from './partition-log.ts';

const SEEDS = 50;
const FIRST_SEED = 1;
const STEPS = 120;
const PARTITIONS = 3;

interface Batch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** Behind base offset and leader epoch, which the log sets. */
  readonly body: Buffer;
}

/** What the outside knows of a partition. */
interface Ledger {
  /** In order of offset; batches that may or may not have survived a crash included. */
  batches: Batch[];
  /** Everything below was acknowledged or seen. */
  promised: number;
  startMin: number;
  /** One behind the last offset that was given out. */
  endOffset: number;
  producerId: number;
  /** Where its producer began with sequence 0. */
  producerStart: number;
}

describe('a log under crashes at any file operation', () => {
  it.each(['fsync', 'os'] as const)(
    'keeps its promises in %s mode',
    async (durability) => {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
        try {
          await new Run(seed, durability).play();
        } catch (error) {
          throw new Error(`seed ${seed}, ${durability}: ${(error as Error).stack}`, {
            cause: error,
          });
        }
      }
    },
    60_000,
  );
});

/**
 * One seeded run. Appends, reads, rolls, retention, DeleteRecords, clean restarts, kills and power
 * losses in random order, checked against a ledger: nothing promised is lost, nothing comes that
 * was not written, and every offset holds the same bytes for ever.
 */
class Run {
  readonly #random: Random;
  readonly #world: LogWorld;
  readonly #ledgers: Ledger[];
  readonly #durability: 'fsync' | 'os';

  constructor(seed: number, durability: 'fsync' | 'os') {
    this.#random = new Random(seed);
    this.#durability = durability;
    this.#world = new LogWorld({
      durability,
      openFilesMax: this.#random.pick([4, 100]),
      config: {
        segmentBytes: this.#random.pick([600, 1000, 20_000]),
        indexIntervalBytes: this.#random.pick([1, 200, 4096]),
        retentionBytes: this.#random.pick([-1, -1, 3000]),
      },
    });
    this.#world.files.syncDelayMs = this.#random.below(5);
    this.#ledgers = Array.from({ length: PARTITIONS }, (_, i) => ({
      batches: [],
      promised: 0,
      startMin: 0,
      endOffset: 0,
      producerId: i,
      producerStart: 0,
    }));
  }

  async play(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      try {
        await this.#step();
      } catch (error) {
        if (!this.#world.files.isCrashed) throw error;
        if (!(error instanceof CrashedError)) {
          // The log may have wrapped it; what matters is what a restart finds.
        }
      }
      if (this.#world.files.isCrashed) this.#crash();
    }
    this.#world.files.crashAt = Infinity;
    await this.#world.settle();
    for (let i = 0; i < PARTITIONS; i++) this.#checkAll(i);
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const partition = random.below(PARTITIONS);
    const dice = random.below(100);
    if (dice < 60) await this.#append(partition);
    else if (dice < 75) await this.#world.clock.advance(random.below(10));
    else if (dice < 85) this.#readSomewhere(partition);
    else if (dice < 88) this.#deleteRecords(partition);
    else if (dice < 90) void this.#world.manager.applyRetention().catch(() => {});
    else if (dice < 92) await this.#world.settle();
    else if (dice < 94) await this.#restart();
    else if (dice < 97)
      this.#world.files.crashAt = this.#world.files.operations + 1 + random.below(12);
    else this.#crash();
  }

  async #append(partition: number): Promise<void> {
    const random = this.#random;
    const ledger = this.#ledgers[partition]!;
    const log = this.#world.log(partition);
    const expected = log.logEndOffset;
    const values = Array.from({ length: 1 + random.below(3) }, () => 'v'.repeat(random.below(150)));
    const options: BatchOptions = {
      timestamp: this.#world.clock.now(),
      producerId: ledger.producerId,
      producerEpoch: 0,
      baseSequence: expected - ledger.producerStart,
      compression: random.pick(['none', 'none', 'lz4']),
    };
    const batch = batchOf(values, options);
    const body = Buffer.from(batch.subarray(16));
    const attempt = { baseOffset: expected, lastOffset: expected + values.length - 1, body };
    ledger.batches.push(attempt);
    ledger.endOffset = attempt.lastOffset + 1;
    const result = this.#world.tryAppend(log, batch);
    if (this.#world.files.isCrashed) return;
    if (!result.ok) throw new Error(`${result.error}: ${result.message}`);
    expect(result).toMatchObject({ baseOffset: expected, duplicate: false });
    const again = this.#world.tryAppend(log, batchOf(values, options));
    expect(again).toMatchObject({ duplicate: true, baseOffset: expected });
    const end = attempt.lastOffset + 1;
    log.whenDurable(end).then(
      () => (ledger.promised = Math.max(ledger.promised, end)),
      () => {},
    );
    await Promise.resolve();
  }

  #deleteRecords(partition: number): void {
    const log = this.#world.log(partition);
    const ledger = this.#ledgers[partition]!;
    const { logStartOffset, highWatermark } = log;
    const offset = logStartOffset + this.#random.below(highWatermark - logStartOffset + 1);
    log.deleteRecords(offset).then(
      (start) => (ledger.startMin = Math.max(ledger.startMin, start ?? 0)),
      () => {},
    );
  }

  async #restart(): Promise<void> {
    const closed = this.#world.manager.close();
    closed.catch(() => {});
    await this.#world.settle();
    if (this.#world.files.isCrashed) return;
    await closed;
    this.#world.start();
    for (const [i, ledger] of this.#ledgers.entries()) {
      expect(this.#world.log(i).logEndOffset).toBe(ledger.endOffset);
      ledger.promised = ledger.endOffset;
    }
  }

  /** Kills the process or the machine, starts again, and squares the ledgers with what is left. */
  #crash(): void {
    const isPowerLoss = this.#random.chance(0.5);
    if (isPowerLoss) this.#world.losePower(this.#random);
    else this.#world.kill();
    this.#world.files.syncDelayMs = this.#random.below(5);
    for (const [i, ledger] of this.#ledgers.entries()) {
      const log = this.#world.log(i);
      // In os mode a power loss takes what was not yet synced: that is what the mode means.
      if (this.#durability === 'os' && isPowerLoss) {
        ledger.promised = 0;
        ledger.producerId += PARTITIONS;
        ledger.producerStart = log.logEndOffset;
      }
      const start = log.logStartOffset;
      expect(log.offlineReason).toBeUndefined();
      expect(log.damages).toEqual([]);
      expect(start).toBeGreaterThanOrEqual(Math.min(ledger.startMin, log.logEndOffset));
      expect(log.logEndOffset).toBeGreaterThanOrEqual(ledger.promised);
      expect(log.logEndOffset).toBeLessThanOrEqual(ledger.endOffset);
      ledger.endOffset = log.logEndOffset;
      ledger.batches = ledger.batches.filter((batch) => batch.lastOffset < log.logEndOffset);
      ledger.startMin = Math.min(start, ledger.startMin);
      this.#checkAll(i);
    }
  }

  #readSomewhere(partition: number): void {
    const log = this.#world.log(partition);
    const ledger = this.#ledgers[partition]!;
    const start = log.logStartOffset;
    const offset = start + this.#random.below(log.highWatermark - start + 1);
    this.#checkRead(log, ledger, offset, 1 + this.#random.below(2000));
    ledger.promised = Math.max(ledger.promised, log.highWatermark);
  }

  #checkAll(partition: number): void {
    const log = this.#world.log(partition);
    const ledger = this.#ledgers[partition]!;
    for (let offset = log.logStartOffset; offset < log.highWatermark;) {
      offset = this.#checkRead(log, ledger, offset, 1 + this.#random.below(3000));
    }
  }

  #checkRead(log: PartitionLog, ledger: Ledger, offset: number, maxBytes: number): number {
    const { result, batches } = log.read(offset, maxBytes, { minOneBatch: true });
    if (!result.ok) throw new Error(`${result.error} at ${offset}`);
    let next = offset;
    for (const { header, position } of recordBatches(batches)) {
      const bytes = batches.subarray(position, position + header.byteLength);
      const written = ledger.batches.find((batch) => batch.baseOffset === header.baseOffset);
      expect(written?.body.equals(bytes.subarray(16))).toBe(true);
      expect(header.baseOffset).toBeLessThanOrEqual(next);
      next = header.baseOffset + header.lastOffsetDelta + 1;
    }
    expect(next).toBe(result.nextOffset);
    if (offset < log.highWatermark) expect(next).toBeGreaterThan(offset);
    expect(next).toBeLessThanOrEqual(log.highWatermark);
    return next;
  }
}
