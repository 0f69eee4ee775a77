/**
 * Single fields of a record batch's header (the layout is described in kafka-protocol's
 * `record-batch.ts`), for walking over thousands of batches without building an object for each.
 * All functions take the position of the batch in the buffer.
 */
import {
  BATCH_ATTRIBUTES,
  BATCH_POSITIONS,
  computeRecordBatchCrc,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_PREFIX_BYTES,
} from '@penstock/kafka-protocol';
import { readInt64, writeInt64 } from './int64.ts';

const {
  length: LENGTH,
  leaderEpoch: LEADER_EPOCH,
  crc: CRC,
  attributes: ATTRIBUTES,
  lastOffsetDelta: LAST_OFFSET_DELTA,
  maxTimestamp: MAX_TIMESTAMP,
  producerId: PRODUCER_ID,
  recordCount: RECORD_COUNT,
} = BATCH_POSITIONS;
/** Position of the magic byte in a batch. */
export const MAGIC_POSITION = BATCH_POSITIONS.magic;

export function baseOffsetAt(bytes: Buffer, position: number): number {
  return readInt64(bytes, position);
}
/** Size of the whole batch in bytes; not checked. */
export function batchSizeAt(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position + LENGTH) + RECORD_BATCH_PREFIX_BYTES;
}
export function leaderEpochAt(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position + LEADER_EPOCH);
}
export function magicAt(bytes: Buffer, position: number): number {
  return bytes[position + MAGIC_POSITION]!;
}
export function lastOffsetDeltaAt(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position + LAST_OFFSET_DELTA);
}
export function lastOffsetAt(bytes: Buffer, position: number): number {
  return baseOffsetAt(bytes, position) + lastOffsetDeltaAt(bytes, position);
}
export function maxTimestampAt(bytes: Buffer, position: number): number {
  return readInt64(bytes, position + MAX_TIMESTAMP);
}
export function recordCountAt(bytes: Buffer, position: number): number {
  return bytes.readInt32BE(position + RECORD_COUNT);
}
export function producerIdAt(bytes: Buffer, position: number): number {
  return readInt64(bytes, position + PRODUCER_ID);
}
/**
 * Replaces the largest timestamp of a whole batch, sets its timestamp type to CreateTime, and
 * computes the CRC again (Kafka: DefaultRecordBatch.setMaxTimestamp).
 */
export function setMaxTimestamp(batch: Buffer, timestamp: number): void {
  batch.writeInt16BE(batch.readInt16BE(ATTRIBUTES) & ~BATCH_ATTRIBUTES.logAppendTime, ATTRIBUTES);
  writeInt64(batch, MAX_TIMESTAMP, timestamp);
  batch.writeUInt32BE(computeRecordBatchCrc(batch), CRC);
}

/**
 * Whether the header at `position` can be that of a stored batch: enough bytes for the header,
 * magic 2, a length of at least a header, a last offset that is not below the base offset, and a
 * base offset of at least `offsetMin`.
 */
export function isPlausible(bytes: Buffer, position: number, offsetMin: number): boolean {
  if (
    position + RECORD_BATCH_HEADER_BYTES > bytes.length ||
    magicAt(bytes, position) !== RECORD_BATCH_MAGIC
  ) {
    return false;
  }
  return (
    batchSizeAt(bytes, position) >= RECORD_BATCH_HEADER_BYTES &&
    lastOffsetDeltaAt(bytes, position) >= 0 &&
    baseOffsetAt(bytes, position) >= offsetMin
  );
}
