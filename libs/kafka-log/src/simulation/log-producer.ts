import { encodeRecordBatch } from '@penstock/kafka-protocol';
import { compressionCodecs } from '../codecs.ts';
import type { Attempt, PartitionChecker, Promised } from '../faults/checker.ts';
import type { Random } from '../faults/random.ts';
import { recordOf } from '../faults/simulated-records.ts';
import type { Trace } from '../faults/trace.ts';
import { Violation } from '../faults/trace.ts';
import type { PartitionLog } from '../partition-log.ts';
import type { AppendResult } from '../results.ts';

/** What an idempotent client has in flight at most. */
const PENDING_MAX = 5;
/** Mostly none: setting up a codec costs more than all else. */
const COMPRESSIONS = [...Array<'none'>(16).fill('none'), 'gzip', 'snappy', 'lz4', 'zstd'] as const;

interface Batch {
  readonly attempts: readonly Attempt[];
  readonly bytes: Buffer;
  readonly baseSequence: number;
  readonly epoch: number;
}

export interface LogProducerOptions {
  readonly name: string;
  readonly random: Random;
  readonly trace: Trace;
  readonly checker: PartitionChecker;
  readonly isIdempotent: boolean;
  readonly promised: Promised;
  readonly nextProducerId: () => number;
  /** Number of keys to draw from; 0: records have none. */
  readonly keys: number;
  readonly valueBytesMax: number;
  /** Reports an error that happens later and so cannot be thrown to the schedule. */
  readonly fail: (error: unknown) => void;
}

/** A producer that calls the log directly, as the broker would for a client. */
export class LogProducer {
  readonly #options: LogProducerOptions;
  #producerId = -1;
  #epoch = 0;
  #nextSequence = 0;
  #written = 0;
  /** Not acknowledged yet, oldest first. */
  #pending: Batch[] = [];
  /** The last acknowledged batches, for sending them again. */
  #acknowledged: Batch[] = [];
  /** Whether what is pending must be sent again before anything new. */
  #mustRetry = false;

  constructor(options: LogProducerOptions) {
    this.#options = options;
    if (options.isIdempotent) this.#producerId = options.nextProducerId();
  }

  /**
   * After the process ended: unacknowledged batches are sent again, or given up.
   * @param isForgotten the log may have lost this producer's state, so it begins again
   */
  restarted(isForgotten: boolean): void {
    if (!this.#options.isIdempotent || isForgotten) this.#pending = [];
    this.#mustRetry = this.#pending.length > 0;
    if (!isForgotten) return;
    this.#acknowledged = [];
    this.#producerId = this.#options.nextProducerId();
    this.#epoch = 0;
    this.#nextSequence = 0;
  }

  /** One step: sends a new batch, the pending batches again, or a stale batch. */
  step(log: PartitionLog, now: number): void {
    const { random, isIdempotent } = this.#options;
    if (this.#mustRetry) {
      this.#mustRetry = false;
      for (const batch of [...this.#pending]) {
        if (this.#mustRetry || !this.#pending.includes(batch)) break;
        this.#send(log, batch, now);
      }
      return;
    }
    if (isIdempotent && random.chance(0.15)) {
      this.#sendStale(log, now);
      return;
    }
    if (this.#pending.length >= PENDING_MAX) return;
    if (isIdempotent && this.#pending.length === 0 && random.chance(0.03)) {
      this.#epoch++;
      this.#nextSequence = 0;
      this.#acknowledged = [];
    }
    const batch = this.#newBatch(now);
    this.#pending.push(batch);
    this.#send(log, batch, now);
  }

  #newBatch(now: number): Batch {
    const { name, random, checker, isIdempotent, keys, valueBytesMax } = this.#options;
    const attempts = Array.from({ length: 1 + random.below(4) }, () => {
      const sequence = this.#written++;
      const id = `${name}/${sequence}`;
      const key = keys === 0 ? null : `key-${random.below(keys)}`;
      const isTombstone = key !== null && random.chance(0.1);
      const value = isTombstone ? null : `${id}:${'v'.repeat(random.below(valueBytesMax))}`;
      const order = { producer: name, sequence };
      return { id, key, value, order, isIdempotent };
    });
    for (const attempt of attempts) checker.attempt(attempt);
    const baseSequence = this.#nextSequence;
    if (isIdempotent) this.#nextSequence += attempts.length;
    const bytes = this.#encode(attempts, baseSequence, this.#epoch, now);
    return { attempts, bytes, baseSequence, epoch: this.#epoch };
  }

  #encode(attempts: readonly Attempt[], baseSequence: number, epoch: number, now: number): Buffer {
    const { isIdempotent, random } = this.#options;
    return encodeRecordBatch({
      records: attempts.map((attempt) => recordOf(attempt, now)),
      compression: random.pick(COMPRESSIONS),
      codecs: compressionCodecs,
      ...(isIdempotent && {
        producerId: this.#producerId,
        producerEpoch: epoch,
        baseSequence,
      }),
    });
  }

  #send(log: PartitionLog, batch: Batch, now: number): void {
    const { trace } = this.#options;
    const result = log.append(Buffer.from(batch.bytes), { leaderEpoch: 0, now });
    trace.add(`${batch.attempts[0]!.id} x${batch.attempts.length}: ${shown(result)}`);
    if (!result.ok) {
      this.#refused(batch, result.error, result.message);
      return;
    }
    this.#taken(log, batch, result.baseOffset);
  }

  #refused(batch: Batch, error: string, message: string): void {
    const { isIdempotent } = this.#options;
    if (error === 'storage') {
      // The disk is full or the partition offline: the batch may be there or not. A producer that
      // is not idempotent gives it up and goes on.
      if (isIdempotent) this.#mustRetry = true;
      else this.#drop(batch);
      return;
    }
    // The producer's state may have come from the batches that are damaged.
    if (error === 'outOfOrderSequence' && this.#options.checker.isDamaged) {
      this.restarted(true);
      return;
    }
    throw new Violation(`${batch.attempts[0]!.id} was refused: ${error}, ${message}`);
  }

  #taken(log: PartitionLog, batch: Batch, baseOffset: number): void {
    const { checker, promised, fail } = this.#options;
    const acknowledge = (): void => {
      if (!this.#drop(batch)) return;
      this.#acknowledged.push(batch);
      if (this.#acknowledged.length > PENDING_MAX) this.#acknowledged.shift();
      for (const [i, { id }] of batch.attempts.entries()) {
        checker.acknowledge(id, baseOffset + i, promised);
      }
    };
    if (promised === 'kill' && !this.#options.isIdempotent) {
      acknowledge();
      return;
    }
    log.whenDurable(baseOffset + batch.attempts.length).then(
      () => {
        try {
          acknowledge();
        } catch (error) {
          fail(error);
        }
      },
      () => {
        if (this.#options.isIdempotent) this.#mustRetry = true;
        else this.#drop(batch);
      },
    );
  }

  #drop(batch: Batch): boolean {
    const isPending = this.#pending.includes(batch);
    this.#pending = this.#pending.filter((other) => other !== batch);
    return isPending;
  }

  /** Sends a batch that a broken network might deliver: it must not be appended. */
  #sendStale(log: PartitionLog, now: number): void {
    const { random, trace } = this.#options;
    const old = this.#acknowledged.length > 0 ? random.pick(this.#acknowledged) : undefined;
    const before = log.logEndOffset;
    const what = random.pick(['again', 'gap', 'old epoch'] as const);
    let result: AppendResult;
    if (what === 'again') {
      if (old === undefined) return;
      result = log.append(Buffer.from(old.bytes), { leaderEpoch: 0, now });
    } else if (this.#pending.length > 0 || old === undefined) {
      return;
    } else {
      const isGap = what === 'gap';
      if (!isGap && this.#epoch === 0) return;
      const sequence = isGap ? this.#nextSequence + 1 + random.below(9) : this.#nextSequence;
      const epoch = isGap ? this.#epoch : this.#epoch - 1;
      const attempts = [{ ...old.attempts[0]!, id: 'stale' }];
      const bytes = this.#encode(attempts, sequence, epoch, now);
      result = log.append(bytes, { leaderEpoch: 0, now });
    }
    trace.add(`${this.#options.name} sends ${what}: ${shown(result)}`);
    const isNew = result.ok && !result.duplicate;
    if (isNew) {
      throw new Violation(`${this.#options.name}: a stale batch (${what}) was appended`);
    }
    if (!isNew && log.logEndOffset !== before) {
      throw new Violation(`${this.#options.name}: a refused batch moved the log end`);
    }
  }
}

export function shown(result: AppendResult): string {
  if (!result.ok) return `${result.error} (${result.message})`;
  return `${result.baseOffset}${result.duplicate ? ', a duplicate' : ''}`;
}
