import { RECORD_BATCH_HEADER_BYTES, recordBatches } from '@penstock/kafka-protocol';
import type { Crash, Promised, ReadRecord } from '../faults/checker.ts';
import { PartitionChecker } from '../faults/checker.ts';
import type { MemoryFiles } from '../faults/memory-files.ts';
import type { Random } from '../faults/random.ts';
import { readRecords } from '../faults/simulated-records.ts';
import type { Trace } from '../faults/trace.ts';
import { Violation } from '../faults/trace.ts';
import type { LogManager } from '../log-manager.ts';
import type { PartitionLog } from '../partition-log.ts';
import type { ReadFailed } from '../results.ts';
import { LogProducer } from './log-producer.ts';
import type { LogPlan } from './log-plan.ts';

const READERS = 3;
/** Bytes 0 to 15 of a batch are outside its CRC: base offset, length and leader epoch. */
const CHECKED_FROM = 16;

export interface PartitionActorOptions {
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  readonly plan: LogPlan;
  readonly random: Random;
  readonly trace: Trace;
  readonly promised: Promised;
  readonly nextProducerId: () => number;
  readonly fail: (error: unknown) => void;
}

/** One partition with its producers, its readers and its ledger. */
export class PartitionActor {
  readonly topic: string;
  readonly checker: PartitionChecker;
  readonly #options: PartitionActorOptions;
  readonly #producers: LogProducer[];
  readonly #positions = new Array<number>(READERS).fill(0);
  #log: PartitionLog | undefined;
  #visible = 0;
  #isDamaged = false;

  constructor(options: PartitionActorOptions) {
    const { topic, partition, topicId, plan, random, promised } = options;
    this.#options = options;
    this.topic = topic;
    this.checker = new PartitionChecker(`${topic}-${partition} (${topicId})`);
    const { retentionBytes, retentionMs, cleanupPolicy } = plan.config;
    const isDeleting = cleanupPolicy.includes('delete');
    if (isDeleting && (retentionBytes >= 0 || (retentionMs >= 0 && retentionMs < 86_400_000))) {
      this.checker.allowStart(Infinity);
    }
    this.checker.isCompacted = cleanupPolicy.includes('compact');
    this.#producers = Array.from({ length: plan.producersPerPartition }, (_, i) => {
      const isIdempotent = random.chance(0.6);
      return new LogProducer({
        ...options,
        name: `${topicId}.p${partition}.${isIdempotent ? 'i' : 'n'}${i}`,
        checker: this.checker,
        isIdempotent,
        promised: isIdempotent || random.chance(0.5) ? promised : 'kill',
        keys: plan.keys,
        valueBytesMax: plan.valueBytesMax,
      });
    });
  }

  open(manager: LogManager): void {
    const { topic, partition, topicId, plan } = this.#options;
    this.#log = manager.openPartition(topic, partition, { topicId, config: plan.config });
  }

  append(now: number): void {
    this.#options.random.pick(this.#producers).step(this.#log!, now);
  }

  crashed(crash: Crash, keeps: Crash): void {
    this.checker.crashed(crash, keeps);
    this.#visible = this.checker.visibleEnd;
  }

  /** After a new process has opened the log. */
  started(isForgotten: boolean): void {
    for (const producer of this.#producers) producer.restarted(isForgotten);
    const log = this.#log!;
    const { logStartOffset, highWatermark, logEndOffset, offlineReason } = log;
    this.#options.trace.add(
      `${this.checker.name}: from ${logStartOffset} to ${highWatermark} of ${logEndOffset}`,
    );
    if (offlineReason !== undefined) throw new Violation(`offline after start: ${offlineReason}`);
    this.checker.sawStart(logStartOffset);
    if (logEndOffset < this.checker.visibleEnd) {
      throw new Violation(
        `${this.checker.name} ends at ${logEndOffset}; ${this.checker.visibleEnd} was visible`,
      );
    }
  }

  /** One reader continues from its position, or from a random one. */
  read(): void {
    const { random, trace } = this.#options;
    const log = this.#log!;
    const reader = random.below(READERS);
    if (random.chance(0.1)) {
      const span = log.highWatermark - log.logStartOffset + 1;
      this.#positions[reader] = log.logStartOffset + random.below(Math.max(1, span));
    }
    const from = this.#positions[reader]!;
    const { result, batches } = log.read(from, 1 + random.below(3000), { minOneBatch: true });
    trace.add(
      `${this.checker.name} read at ${from}: ${result.ok ? `to ${result.nextOffset}` : result.error}`,
    );
    this.#positions[reader] = result.ok
      ? this.#take(from, batches, result.nextOffset)
      : this.#stepOver(from, result);
  }

  /** Reads everything and checks it. */
  checkAll(isSettled = false): void {
    const log = this.#log!;
    if (log.offlineReason !== undefined) return;
    const start = log.logStartOffset;
    const end = log.highWatermark;
    const all: ReadRecord[] = [];
    for (let at = start; at < end;) {
      const { result, batches } = log.read(at, 1 + this.#options.random.below(4000), {
        minOneBatch: true,
      });
      if (!result.ok) {
        if (result.error === 'storage') return;
        at = this.#stepOver(at, result);
        continue;
      }
      for (const record of readRecords(batches, at).records) all.push(record);
      const next = this.#take(at, batches, result.nextOffset);
      if (next <= at) throw new Violation(`${this.checker.name}: nothing at ${at} of ${end}`);
      at = next;
    }
    this.checker.checkAll(all, { start, end, isSettled });
    this.#checkByRecords(all, start, end);
  }

  /**
   * Checks that a reader that continues after the last record it got, as many clients do, finds all
   * records, from any offset on and however few bytes it asks for, and that at the end nothing
   * wakes it.
   */
  #checkByRecords(all: readonly ReadRecord[], start: number, end: number): void {
    const { random } = this.#options;
    const log = this.#log!;
    let at = random.chance(0.5) ? start : start + random.below(Math.max(1, end - start));
    let index = all.findIndex(({ offset }) => offset >= at);
    while (at < log.highWatermark) {
      const { result, batches } = log.read(at, 1 + random.below(500), { minOneBatch: true });
      if (!result.ok) {
        if (result.error === 'storage') return;
        at = this.#stepOver(at, result);
        index = all.findIndex(({ offset }) => offset >= at);
        continue;
      }
      const { records } = readRecords(batches, at);
      if (records.length === 0) break;
      for (const { offset } of records) {
        if (index < 0 || all[index]?.offset !== offset) this.#failByRecords(at, all[index], offset);
        index++;
      }
      at = records.at(-1)!.offset + 1;
    }
    if (index >= 0 && index < all.length) this.#failByRecords(at, all[index], -1);
    if (log.recordBytes(at) > 0) {
      throw new Violation(`${this.checker.name}: a reader at ${at} is woken for nothing`);
    }
  }

  #failByRecords(at: number, expected: ReadRecord | undefined, offset: number): never {
    const found = offset < 0 ? 'nothing' : `the record at ${offset}`;
    const { name } = this.checker;
    throw new Violation(`${name}: asked for ${at} it gives ${found}, not ${expected?.offset}`);
  }

  deleteRecords(): void {
    const { random, trace, fail } = this.#options;
    const log = this.#log!;
    const { logStartOffset, highWatermark } = log;
    const offset = logStartOffset + random.below(highWatermark - logStartOffset + 1);
    this.checker.allowStart(offset);
    trace.add(`${this.checker.name} delete records before ${offset}`);
    log.deleteRecords(offset).then(
      (start) => {
        try {
          if (start === undefined) throw new Violation(`DeleteRecords: ${offset} is out of range`);
          this.checker.acknowledgeStart(start);
        } catch (error) {
          fail(error);
        }
      },
      () => {},
    );
  }

  /** Flips a bit in a sealed segment, and notes the offsets that cannot be read any more. */
  damage(files: MemoryFiles, directory: string): void {
    const { topic, partition, random, trace } = this.#options;
    const folder = `${directory}/${topic}-${partition}/`;
    const segments = files.paths
      .filter((path) => path.startsWith(folder) && path.endsWith('.log'))
      .sort();
    // Not the last two: one is the active segment, the other may still end above the durable end.
    const path = segments[random.below(segments.length - 2)];
    if (segments.length < 3 || path === undefined || this.#isDamaged) return;
    this.#isDamaged = true;
    const bytes = files.bytesOf(path);
    const batches = [...recordBatches(bytes)];
    if (batches.length === 0) return;
    const { header, position } = random.pick(batches);
    const { baseOffset, lastOffsetDelta, byteLength } = header;
    const at = position + CHECKED_FROM + random.below(byteLength - CHECKED_FROM);
    trace.add(`${this.checker.name}: a bit of the batch at ${baseOffset} turns over`);
    files.damageBit(path, at, random.below(8));
    // Retention trusts the headers, as Kafka's does: damage can make a segment seem old.
    if (at - position < RECORD_BATCH_HEADER_BYTES) this.checker.allowStart(Infinity);
    for (let i = 0; i <= lastOffsetDelta; i++) this.checker.noteDamage(baseOffset + i);
  }

  #take(from: number, batches: Buffer, nextOffset: number): number {
    const log = this.#log!;
    const { records, next } = readRecords(batches, from);
    if (next !== nextOffset) throw new Violation(`read to ${next}, told ${nextOffset}`);
    const { highWatermark } = log;
    this.checker.sawHighWatermark(highWatermark, this.#visible);
    this.#visible = highWatermark;
    this.checker.sawStart(log.logStartOffset);
    this.checker.read({ from, records, next, highWatermark });
    return next;
  }

  /** Where a reader continues after an error; checks that the error has a reason. */
  #stepOver(from: number, failed: ReadFailed): number {
    const { logStartOffset, logEndOffset } = this.#log!;
    switch (failed.error) {
      case 'offsetOutOfRange':
        if (from >= logStartOffset && from <= logEndOffset) {
          throw new Violation(`${this.checker.name}: ${from} is said to be out of range`);
        }
        return logStartOffset;
      case 'corrupt':
        this.checker.sawDamage(from, failed.resumeOffset, failed.message);
        return failed.resumeOffset;
      default:
        return from;
    }
  }
}
