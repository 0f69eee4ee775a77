import {
  BATCH_ATTRIBUTES,
  BATCH_POSITIONS,
  compressionOf,
  computeRecordBatchCrc,
  hasDeleteHorizon,
  isControlBatch,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_PREFIX_BYTES,
  timestampTypeOf,
} from '@penstock/kafka-protocol';
import type { RecordBatchHeader } from '@penstock/kafka-protocol';
import { recordsOf } from '../batch-records.ts';
import { compress, DecompressionError } from '../codecs.ts';
import { writeInt64 } from '../int64.ts';
import { MalformedRecordsError, RecordCursor } from '../records.ts';
import type { Horizons } from '../steady-time.ts';

const NO_TIMESTAMP = -1;
/** Records processed between two possible pauses. */
export const RECORDS_PER_STEP = 1000;

/** What remains of a batch: all of it unchanged, a smaller batch, or no record. */
export type Cleaned = 'whole' | 'empty' | Buffer;

export interface CleaningRules {
  /** True if no record with this key is known at a later offset. */
  isLatest(bytes: Buffer, keyStart: number, keyLength: number, offset: number): boolean;
  /** Records at or after this offset stay: this pass has not read their keys. */
  readonly endOffset: number;
  readonly now: number;
  /** Also those that a clock stamped which was ahead. */
  readonly horizons: Horizons;
  /** `delete.retention.ms`. */
  readonly deleteRetentionMs: number;
  /** False keeps all tombstones: records that they delete may still be in the log. */
  readonly mayDropTombstones: boolean;
}

/**
 * Removes from a batch what compaction removes (Kafka: Cleaner.shouldRetainRecord,
 * MemoryRecords.filterTo): records without a key, records whose key has a later record, and
 * tombstones past their delete horizon. The delete horizon is written into the batch, in the place
 * of the base timestamp, when compaction first meets its tombstones.
 *
 * Batches whose records cannot be read, and control batches, stay whole. Yields now and then so
 * that the caller can pause.
 */
export function* cleanBatch(
  bytes: Buffer,
  at: number,
  batch: RecordBatchHeader,
  rules: CleaningRules,
): Generator<void, Cleaned> {
  if (isControlBatch(batch)) return 'whole';
  if (batch.recordCount === 0) return 'empty';
  try {
    return yield* clean(bytes, at, batch, rules);
  } catch (error) {
    if (error instanceof DecompressionError || error instanceof MalformedRecordsError) {
      return 'whole';
    }
    throw error;
  }
}

/** The records that stay, as stretches of the unpacked bytes. */
interface Survivors {
  readonly records: Buffer;
  readonly stretches: { readonly start: number; end: number }[];
  count: number;
  timestampFirst: number;
  timestampMin: number;
  timestampMax: number;
  hasTombstone: boolean;
}

function* clean(
  bytes: Buffer,
  at: number,
  batch: RecordBatchHeader,
  rules: CleaningRules,
): Generator<void, Cleaned> {
  const survivors = yield* selectRecords(bytes, at, batch, rules);
  const { count, records, stretches } = survivors;
  if (count === 0) return 'empty';
  const horizon = rules.now + rules.deleteRetentionMs;
  const stampsHorizon =
    survivors.hasTombstone && !hasDeleteHorizon(batch) && canShiftTo(horizon, survivors);
  if (count === batch.recordCount && !stampsHorizon) return 'whole';
  const baseTimestamp = stampsHorizon ? horizon : baseOf(batch, survivors);
  const shift = baseTimestamp - batch.baseTimestamp;
  const parts =
    shift === 0
      ? stretches.map(({ start, end }) => records.subarray(start, end))
      : shiftTimestamps(records, stretches, shift);
  return encode(bytes, at, batch, {
    records: Buffer.concat(parts),
    count,
    baseTimestamp,
    maxTimestamp:
      timestampTypeOf(batch) === 'log-append-time' ? batch.maxTimestamp : survivors.timestampMax,
    hasHorizon: stampsHorizon || hasDeleteHorizon(batch),
  });
}

function* selectRecords(
  bytes: Buffer,
  at: number,
  batch: RecordBatchHeader,
  rules: CleaningRules,
): Generator<void, Survivors> {
  const { bytes: records, start } = recordsOf(bytes, at, batch);
  const stretches: { start: number; end: number }[] = [];
  const survivors: Survivors = {
    records,
    stretches,
    count: 0,
    timestampFirst: NO_TIMESTAMP,
    timestampMin: Infinity,
    timestampMax: NO_TIMESTAMP,
    hasTombstone: false,
  };
  const horizonHasPassed =
    rules.mayDropTombstones &&
    hasDeleteHorizon(batch) &&
    rules.horizons.hasPassed(batch.baseTimestamp, rules.now, rules.deleteRetentionMs);
  const cursor = new RecordCursor(records, start);
  for (let i = 0; i < batch.recordCount; i++) {
    if (i % RECORDS_PER_STEP === RECORDS_PER_STEP - 1) yield;
    cursor.next();
    const offset = batch.baseOffset + cursor.offsetDelta;
    const isTombstone = cursor.valueLength < 0;
    if (offset < rules.endOffset) {
      if (cursor.keyLength < 0) continue;
      if (!rules.isLatest(records, cursor.keyStart, cursor.keyLength, offset)) continue;
      if (isTombstone && horizonHasPassed) continue;
    }
    const timestamp = batch.baseTimestamp + cursor.timestampDelta;
    if (survivors.count === 0) survivors.timestampFirst = timestamp;
    survivors.count++;
    survivors.hasTombstone ||= isTombstone;
    if (timestamp < survivors.timestampMin) survivors.timestampMin = timestamp;
    if (timestamp > survivors.timestampMax) survivors.timestampMax = timestamp;
    const last = stretches.at(-1);
    if (last?.end === cursor.start) last.end = cursor.end;
    else stretches.push({ start: cursor.start, end: cursor.end });
  }
  return survivors;
}

/**
 * The new base timestamp: as in Kafka, that of the first record that stays. A batch with a delete
 * horizon or with LogAppendTime keeps its own.
 */
function baseOf(batch: RecordBatchHeader, survivors: Survivors): number {
  const keeps = hasDeleteHorizon(batch) || timestampTypeOf(batch) === 'log-append-time';
  const first = survivors.timestampFirst;
  return keeps || !canShiftTo(first, survivors) ? batch.baseTimestamp : first;
}

/** False if a number cannot hold the new timestamp deltas exactly: then the timestamps stay. */
function canShiftTo(base: number, { timestampMin, timestampMax }: Survivors): boolean {
  return [timestampMin, timestampMax].every((timestamp) =>
    Number.isSafeInteger(2 * (timestamp - base)),
  );
}

/** The same records for a base timestamp that is later by `shift`. */
function shiftTimestamps(
  records: Buffer,
  stretches: readonly { readonly start: number; readonly end: number }[],
  shift: number,
): Buffer[] {
  const parts: Buffer[] = [];
  for (const { start, end } of stretches) {
    const cursor = new RecordCursor(records, start);
    while (cursor.end < end) {
      cursor.next();
      const delta = varint(cursor.timestampDelta - shift);
      const rest = cursor.end - cursor.offsetDeltaStart;
      parts.push(
        varint(1 + delta.length + rest),
        records.subarray(cursor.bodyStart, cursor.bodyStart + 1),
        delta,
        records.subarray(cursor.offsetDeltaStart, cursor.end),
      );
    }
  }
  return parts;
}

/** A zigzag varint of an exact integer. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

function encode(
  bytes: Buffer,
  at: number,
  batch: RecordBatchHeader,
  content: {
    records: Buffer;
    count: number;
    baseTimestamp: number;
    maxTimestamp: number;
    hasHorizon: boolean;
  },
): Buffer {
  const compression = compressionOf(batch) ?? 'none';
  const packed = compression === 'none' ? content.records : compress(compression, content.records);
  const cleaned = Buffer.allocUnsafe(RECORD_BATCH_HEADER_BYTES + packed.length);
  bytes.copy(cleaned, 0, at, at + RECORD_BATCH_HEADER_BYTES);
  packed.copy(cleaned, RECORD_BATCH_HEADER_BYTES);
  const horizon = content.hasHorizon ? BATCH_ATTRIBUTES.deleteHorizon : 0;
  cleaned.writeInt16BE(
    (batch.attributes & ~BATCH_ATTRIBUTES.deleteHorizon) | horizon,
    BATCH_POSITIONS.attributes,
  );
  writeInt64(cleaned, BATCH_POSITIONS.baseTimestamp, content.baseTimestamp);
  writeInt64(cleaned, BATCH_POSITIONS.maxTimestamp, content.maxTimestamp);
  return seal(cleaned, content.count);
}

/**
 * A batch without records that keeps the offsets and sequences of the original (Kafka:
 * DefaultRecordBatch.writeEmptyHeader).
 */
export function emptyBatch(bytes: Buffer, at: number, batch: RecordBatchHeader): Buffer {
  const empty = Buffer.from(bytes.subarray(at, at + RECORD_BATCH_HEADER_BYTES));
  const cleared = BATCH_ATTRIBUTES.compression | BATCH_ATTRIBUTES.deleteHorizon;
  empty.writeInt16BE(batch.attributes & ~cleared, BATCH_POSITIONS.attributes);
  writeInt64(empty, BATCH_POSITIONS.baseTimestamp, NO_TIMESTAMP);
  return seal(empty, 0);
}

function seal(batch: Buffer, recordCount: number): Buffer {
  batch.writeInt32BE(batch.length - RECORD_BATCH_PREFIX_BYTES, BATCH_POSITIONS.length);
  batch.writeInt32BE(recordCount, BATCH_POSITIONS.recordCount);
  batch.writeUInt32BE(computeRecordBatchCrc(batch), BATCH_POSITIONS.crc);
  return batch;
}
