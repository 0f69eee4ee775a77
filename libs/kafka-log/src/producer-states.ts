/**
 * What a partition remembers of idempotent producers (org.apache.kafka.storage.internals.log.
 * ProducerStateManager, ProducerAppendInfo): per producer id its epoch and its last five batches.
 * Derived from the log; a snapshot only spares reading it again.
 *
 * Snapshot format, file `<offset, 20 digits>.snapshot`, version 1, big-endian:
 *
 *   magic u32 'PSLP' | version u16 | reserved u16 | offset i64 | CRC-32 u32 over all that follows
 *   epoch count u32 | (leader epoch i32, start offset i64) each
 *   producer count u32 | producers
 *   producer: id i64 | epoch i16 | batch count u8 | last seen i64 | batches
 *   batch:    first sequence i32 | last sequence i32 | base offset i64 | last offset i64 | time i64
 *
 * It holds the state made by all batches below `offset`. Migration: a file with another version is
 * ignored, and the log is read instead.
 */
import { crc32 } from 'node:zlib';
import type { RecordBatchHeader } from '@penstock/kafka-protocol';
import { readInt64, writeInt64 } from './int64.ts';
import type { Ages } from './steady-time.ts';

const MAGIC = 0x50534c50;
const VERSION = 1;
const PREFIX_SIZE = 20;
const EPOCH_SIZE = 12;
const PRODUCER_SIZE = 19;
const BATCH_SIZE = 32;
/** Kafka's ProducerStateEntry.NUM_BATCHES_TO_RETAIN: what a client may have in flight. */
const BATCHES_MAX = 5;
const SEQUENCE_MAX = 0x7fffffff;

export interface ProducerBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly timestamp: number;
}

interface Producer {
  epoch: number;
  /** Oldest first. */
  batches: ProducerBatch[];
  /** Base sequence of a first batch that could not be written: the next batch must have it. */
  awaited?: number;
  /** When it was last heard of, ms. */
  seenAt: number;
}

/** Where a leader epoch began. */
export interface EpochStart {
  readonly leaderEpoch: number;
  readonly startOffset: number;
}

export type SequenceCheck =
  | { readonly kind: 'next' }
  | { readonly kind: 'duplicate'; readonly batch: ProducerBatch }
  | { readonly kind: 'invalidProducerEpoch' | 'outOfOrderSequence'; readonly message: string };

const NEXT: SequenceCheck = { kind: 'next' };

export class ProducerStates {
  readonly #producers = new Map<number, Producer>();
  /** Leader epochs in rising order. */
  epochs: EpochStart[] = [];

  get count(): number {
    return this.#producers.size;
  }

  /** -1 if there is none. */
  get idMax(): number {
    let max = -1;
    for (const id of this.#producers.keys()) max = Math.max(max, id);
    return max;
  }

  /** Checks a batch of an idempotent producer (producer id of at least 0) before it is appended. */
  check(header: RecordBatchHeader): SequenceCheck {
    const producer = this.#producers.get(header.producerId);
    // Retention may have removed its state: then any first sequence is accepted.
    if (producer === undefined) return NEXT;
    const { producerEpoch: epoch, baseSequence: first } = header;
    if (epoch === producer.epoch) {
      const last = lastSequence(first, header.lastOffsetDelta);
      const known = producer.batches.find(
        (candidate) => candidate.firstSequence === first && candidate.lastSequence === last,
      );
      if (known !== undefined) return { kind: 'duplicate', batch: known };
    }
    if (epoch < producer.epoch) {
      return {
        kind: 'invalidProducerEpoch',
        message: `producer epoch ${epoch} is older than ${producer.epoch}`,
      };
    }
    const previous = producer.batches.at(-1);
    const expected = epoch > producer.epoch || previous === undefined ? 0 : after(previous);
    // An epoch without batches yet: any first sequence is accepted, unless one is awaited.
    const isBeginning = epoch === producer.epoch && previous === undefined;
    if (first === expected || (isBeginning && first === (producer.awaited ?? first))) return NEXT;
    return {
      kind: 'outOfOrderSequence',
      message: `sequence ${first} of epoch ${epoch} does not follow: expected ${expected}`,
    };
  }

  /**
   * Takes an appended batch into account.
   * @param baseOffset the assigned one; the header may still hold the one that the client sent
   */
  note(header: RecordBatchHeader, baseOffset: number, seenAt: number): void {
    const { producerId, producerEpoch: epoch, baseSequence: firstSequence } = header;
    if (producerId < 0) return;
    let producer = this.#producers.get(producerId);
    if (producer === undefined) {
      producer = { epoch, batches: [], seenAt };
      this.#producers.set(producerId, producer);
    } else if (producer.epoch !== epoch) {
      producer.epoch = epoch;
      producer.batches = [];
    }
    producer.seenAt = seenAt;
    if (firstSequence < 0) return;
    if (producer.batches.length === BATCHES_MAX) producer.batches.shift();
    producer.batches.push({
      firstSequence,
      lastSequence: lastSequence(firstSequence, header.lastOffsetDelta),
      baseOffset,
      lastOffset: baseOffset + header.lastOffsetDelta,
      timestamp: header.maxTimestamp,
    });
  }

  /** True if the last batch of this producer, as far as is remembered, ends at `lastOffset`. */
  isLastBatch(producerId: number, lastOffset: number): boolean {
    return this.#producers.get(producerId)?.batches.at(-1)?.lastOffset === lastOffset;
  }

  /**
   * Notes that a batch with a valid sequence could not be written. Batches that the client sent
   * after it must not be accepted as the first: the client sends them again, after this one.
   */
  await({ producerId, producerEpoch: epoch, baseSequence }: RecordBatchHeader, now: number): void {
    if (producerId < 0 || this.#producers.has(producerId)) return;
    this.#producers.set(producerId, { epoch, batches: [], seenAt: now, awaited: baseSequence });
  }

  /** Takes into account under which leader epoch a batch was appended. */
  noteEpoch(leaderEpoch: number, startOffset: number): void {
    const last = this.epochs.at(-1);
    if (last !== undefined && leaderEpoch <= last.leaderEpoch) return;
    this.epochs.push({ leaderEpoch, startOffset });
  }

  /** Forgets producers not heard of for `idleMs`. */
  expire(ages: Ages, now: number, idleMs: number): void {
    for (const [id, producer] of this.#producers) {
      if (ages.ageMs(producer, producer.seenAt, now) > idleMs) this.#producers.delete(id);
    }
  }

  /** The epoch at or below the one asked for, and the offset at which it ended. */
  endOffsetForEpoch(
    leaderEpoch: number,
    logEndOffset: number,
  ): { leaderEpoch: number; endOffset: number } {
    const index = this.epochs.findLastIndex((epoch) => epoch.leaderEpoch <= leaderEpoch);
    if (index < 0) return { leaderEpoch: -1, endOffset: -1 };
    const next = this.epochs[index + 1];
    return {
      leaderEpoch: this.epochs[index]!.leaderEpoch,
      endOffset: next === undefined ? logEndOffset : next.startOffset,
    };
  }

  encode(offset: number): Buffer {
    const producers = [...this.#producers];
    const batchCount = producers.reduce((sum, [, { batches }]) => sum + batches.length, 0);
    const bytes = Buffer.alloc(
      PREFIX_SIZE +
        8 +
        this.epochs.length * EPOCH_SIZE +
        producers.length * PRODUCER_SIZE +
        batchCount * BATCH_SIZE,
    );
    bytes.writeUInt32BE(MAGIC, 0);
    bytes.writeUInt16BE(VERSION, 4);
    writeInt64(bytes, 8, offset);
    const writer = new SnapshotWriter(bytes, PREFIX_SIZE);
    writer.int32(this.epochs.length);
    for (const { leaderEpoch, startOffset } of this.epochs) {
      writer.int32(leaderEpoch);
      writer.int64(startOffset);
    }
    writer.int32(producers.length);
    for (const [id, { epoch, batches, seenAt }] of producers) {
      writer.int64(id);
      writer.int16(epoch);
      writer.int8(batches.length);
      writer.int64(seenAt);
      for (const batch of batches) {
        writer.int32(batch.firstSequence);
        writer.int32(batch.lastSequence);
        writer.int64(batch.baseOffset);
        writer.int64(batch.lastOffset);
        writer.int64(batch.timestamp);
      }
    }
    bytes.writeUInt32BE(crc32(bytes.subarray(PREFIX_SIZE)), 16);
    return bytes;
  }

  /** Reads a snapshot; undefined if it is damaged, of another version, or not for `offset`. */
  static decode(bytes: Buffer, offset: number): ProducerStates | undefined {
    if (bytes.length < PREFIX_SIZE + 8 || bytes.readUInt32BE(0) !== MAGIC) return undefined;
    if (bytes.readUInt16BE(4) !== VERSION || readInt64(bytes, 8) !== offset) {
      return undefined;
    }
    if (bytes.readUInt32BE(16) !== crc32(bytes.subarray(PREFIX_SIZE))) return undefined;
    const reader = new SnapshotReader(bytes, PREFIX_SIZE);
    const states = new ProducerStates();
    for (let count = reader.int32(); count > 0; count--) {
      states.epochs.push({ leaderEpoch: reader.int32(), startOffset: reader.int64() });
    }
    for (let count = reader.int32(); count > 0; count--) {
      const id = reader.int64();
      const producer: Producer = { epoch: reader.int16(), batches: [], seenAt: 0 };
      let batches = reader.int8();
      producer.seenAt = reader.int64();
      for (; batches > 0; batches--) {
        producer.batches.push({
          firstSequence: reader.int32(),
          lastSequence: reader.int32(),
          baseOffset: reader.int64(),
          lastOffset: reader.int64(),
          timestamp: reader.int64(),
        });
      }
      states.#producers.set(id, producer);
    }
    return states;
  }
}

/** Sequences run to 2^31 - 1 and begin again at 0. */
function lastSequence(firstSequence: number, lastOffsetDelta: number): number {
  const last = firstSequence + lastOffsetDelta;
  return last > SEQUENCE_MAX ? last - SEQUENCE_MAX - 1 : last;
}

function after(batch: ProducerBatch): number {
  return batch.lastSequence === SEQUENCE_MAX ? 0 : batch.lastSequence + 1;
}

class SnapshotWriter {
  readonly #bytes: Buffer;
  #position: number;

  constructor(bytes: Buffer, position: number) {
    this.#bytes = bytes;
    this.#position = position;
  }
  int8(value: number): void {
    this.#position = this.#bytes.writeUInt8(value, this.#position);
  }
  int16(value: number): void {
    this.#position = this.#bytes.writeInt16BE(value, this.#position);
  }
  int32(value: number): void {
    this.#position = this.#bytes.writeInt32BE(value, this.#position);
  }
  int64(value: number): void {
    this.#position = writeInt64(this.#bytes, this.#position, value);
  }
}

class SnapshotReader {
  readonly #bytes: Buffer;
  #position: number;

  constructor(bytes: Buffer, position: number) {
    this.#bytes = bytes;
    this.#position = position;
  }
  int8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }
  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }
  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }
  int64(): number {
    return readInt64(this.#bytes, this.#take(8));
  }
  #take(size: number): number {
    const position = this.#position;
    this.#position += size;
    return position;
  }
}
