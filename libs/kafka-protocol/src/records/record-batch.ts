import { crc32c } from '@node-rs/crc32';
import { readInt64, writeInt64 } from '../bytes/int64.ts';
import { ProtocolError } from '../protocol-error.ts';

/**
 * Record batch, magic 2 (Kafka class `DefaultRecordBatch`), all big-endian:
 *
 *      0 int64  base offset               43 int64  producer id, -1 for none
 *      8 int32  length of what follows    51 int16  producer epoch
 *     12 int32  partition leader epoch    53 int32  base sequence
 *     16 int8   magic, 2                  57 int32  record count
 *     17 uint32 CRC-32C of byte 21 on     61 records, compressed as the attributes say
 *     21 int16  attributes: bits 0-2 compression, 3 log append time, 4 transactional,
 *               5 control, 6 base timestamp is the delete horizon
 *     23 int32  last offset delta
 *     27 int64  base timestamp, ms
 *     35 int64  max timestamp, ms
 *
 * Base offset and leader epoch lie outside the CRC: a broker sets both in place.
 */
export const RECORD_BATCH_HEADER_BYTES = 61;
/** Base offset and length: the part that `length` does not count. */
export const RECORD_BATCH_PREFIX_BYTES = 12;
export const RECORD_BATCH_MAGIC = 2;

/** Where the fields of a batch's header begin. */
export const BATCH_POSITIONS = {
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const;

/** Bits of a batch's attributes. */
export const BATCH_ATTRIBUTES = {
  compression: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const;

const CRC_POSITION = BATCH_POSITIONS.crc;
const ATTRIBUTES_POSITION = BATCH_POSITIONS.attributes;
const MAX_TIMESTAMP_POSITION = BATCH_POSITIONS.maxTimestamp;
const LOG_APPEND_TIME_BIT = BATCH_ATTRIBUTES.logAppendTime;

/** Compression by the number in the attributes. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export type TimestampType = 'create-time' | 'log-append-time';

export interface RecordBatchHeader {
  readonly baseOffset: number;
  /** Whole size of the batch, its first 12 bytes included. */
  readonly byteLength: number;
  readonly partitionLeaderEpoch: number;
  readonly magic: number;
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  /** Milliseconds since 1970, as are all timestamps. */
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
}

/**
 * Reads the header at `position`. The records need not be in the buffer, and nothing is judged: see
 * `validateProducedRecords` for that. Throws ProtocolError when fewer than 61 bytes are there.
 */
export function readRecordBatchHeader(buffer: Buffer, position = 0): RecordBatchHeader {
  if (position < 0 || buffer.length - position < RECORD_BATCH_HEADER_BYTES) {
    throw new ProtocolError(position, `${RECORD_BATCH_HEADER_BYTES} bytes of record batch header`);
  }
  return {
    baseOffset: readInt64(buffer, position),
    byteLength: buffer.readInt32BE(position + BATCH_POSITIONS.length) + RECORD_BATCH_PREFIX_BYTES,
    partitionLeaderEpoch: buffer.readInt32BE(position + BATCH_POSITIONS.leaderEpoch),
    magic: buffer.readInt8(position + BATCH_POSITIONS.magic),
    crc: buffer.readUInt32BE(position + CRC_POSITION),
    attributes: buffer.readInt16BE(position + ATTRIBUTES_POSITION),
    lastOffsetDelta: buffer.readInt32BE(position + BATCH_POSITIONS.lastOffsetDelta),
    baseTimestamp: readInt64(buffer, position + BATCH_POSITIONS.baseTimestamp),
    maxTimestamp: readInt64(buffer, position + MAX_TIMESTAMP_POSITION),
    producerId: readInt64(buffer, position + BATCH_POSITIONS.producerId),
    producerEpoch: buffer.readInt16BE(position + BATCH_POSITIONS.producerEpoch),
    baseSequence: buffer.readInt32BE(position + BATCH_POSITIONS.baseSequence),
    recordCount: buffer.readInt32BE(position + BATCH_POSITIONS.recordCount),
  };
}

/** Writes a header at `position`, CRC included as given. */
export function writeRecordBatchHeader(
  buffer: Buffer,
  header: RecordBatchHeader,
  position = 0,
): void {
  writeInt64(buffer, header.baseOffset, position);
  buffer.writeInt32BE(
    header.byteLength - RECORD_BATCH_PREFIX_BYTES,
    position + BATCH_POSITIONS.length,
  );
  buffer.writeInt32BE(header.partitionLeaderEpoch, position + BATCH_POSITIONS.leaderEpoch);
  buffer.writeInt8(header.magic, position + BATCH_POSITIONS.magic);
  buffer.writeUInt32BE(header.crc, position + CRC_POSITION);
  buffer.writeInt16BE(header.attributes, position + ATTRIBUTES_POSITION);
  buffer.writeInt32BE(header.lastOffsetDelta, position + BATCH_POSITIONS.lastOffsetDelta);
  writeInt64(buffer, header.baseTimestamp, position + BATCH_POSITIONS.baseTimestamp);
  writeInt64(buffer, header.maxTimestamp, position + MAX_TIMESTAMP_POSITION);
  writeInt64(buffer, header.producerId, position + BATCH_POSITIONS.producerId);
  buffer.writeInt16BE(header.producerEpoch, position + BATCH_POSITIONS.producerEpoch);
  buffer.writeInt32BE(header.baseSequence, position + BATCH_POSITIONS.baseSequence);
  buffer.writeInt32BE(header.recordCount, position + BATCH_POSITIONS.recordCount);
}

/** The batch's compression; undefined for a number that stands for none. */
export function compressionOf(header: RecordBatchHeader): Compression | undefined {
  return COMPRESSIONS[header.attributes & 0x07];
}

export function timestampTypeOf(header: RecordBatchHeader): TimestampType {
  return (header.attributes & LOG_APPEND_TIME_BIT) === 0 ? 'create-time' : 'log-append-time';
}

export function isTransactionalBatch(header: RecordBatchHeader): boolean {
  return (header.attributes & BATCH_ATTRIBUTES.transactional) !== 0;
}

/** A control batch holds a transaction marker instead of records of users. */
export function isControlBatch(header: RecordBatchHeader): boolean {
  return (header.attributes & BATCH_ATTRIBUTES.control) !== 0;
}

/** True when the base timestamp is the time from which the cleaner may drop tombstones. */
export function hasDeleteHorizon(header: RecordBatchHeader): boolean {
  return (header.attributes & BATCH_ATTRIBUTES.deleteHorizon) !== 0;
}

/** The attributes' number for these properties. */
export function recordBatchAttributes(properties: {
  readonly compression: Compression;
  readonly timestampType: TimestampType;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
}): number {
  return (
    COMPRESSIONS.indexOf(properties.compression) |
    (properties.timestampType === 'log-append-time' ? LOG_APPEND_TIME_BIT : 0) |
    (properties.isTransactional ? BATCH_ATTRIBUTES.transactional : 0) |
    (properties.isControl ? BATCH_ATTRIBUTES.control : 0)
  );
}

/** Sets base offset and leader epoch of the batch at `position`, in place; the CRC stays valid. */
export function assignBaseOffset(
  buffer: Buffer,
  assigned: { readonly baseOffset: number; readonly partitionLeaderEpoch: number },
  position = 0,
): void {
  writeInt64(buffer, assigned.baseOffset, position);
  buffer.writeInt32BE(assigned.partitionLeaderEpoch, position + BATCH_POSITIONS.leaderEpoch);
}

/**
 * Stamps the batch at `position` with the broker's time, for topics with
 * `message.timestamp.type=LogAppendTime`: sets the attribute and the max timestamp, which readers
 * then take for every record, and computes the CRC anew.
 */
export function stampLogAppendTime(buffer: Buffer, timestamp: number, position = 0): void {
  const attributes = buffer.readInt16BE(position + ATTRIBUTES_POSITION) | LOG_APPEND_TIME_BIT;
  buffer.writeInt16BE(attributes, position + ATTRIBUTES_POSITION);
  writeInt64(buffer, timestamp, position + MAX_TIMESTAMP_POSITION);
  buffer.writeUInt32BE(computeRecordBatchCrc(buffer, position), position + CRC_POSITION);
}

/** CRC-32C of the batch at `position`, all of which is in the buffer. */
export function computeRecordBatchCrc(buffer: Buffer, position = 0): number {
  const end =
    position + RECORD_BATCH_PREFIX_BYTES + buffer.readInt32BE(position + BATCH_POSITIONS.length);
  return crc32c(buffer.subarray(position + ATTRIBUTES_POSITION, end));
}

/** True when the stored CRC is that of the batch at `position`, all of which is in the buffer. */
export function isRecordBatchIntact(buffer: Buffer, position = 0): boolean {
  return buffer.readUInt32BE(position + CRC_POSITION) === computeRecordBatchCrc(buffer, position);
}

/** A batch and where it lies. */
export interface RecordBatchSlice {
  readonly header: RecordBatchHeader;
  readonly position: number;
}

/**
 * The whole batches in `buffer`, in order, by their headers only. What follows the last whole
 * batch, a batch cut off in the middle included, is left out, as Kafka's consumers do with a
 * fetched slice. Throws ProtocolError at a batch whose length cannot be.
 */
export function* recordBatches(buffer: Buffer): Generator<RecordBatchSlice> {
  let position = 0;
  while (buffer.length - position >= RECORD_BATCH_HEADER_BYTES) {
    const header = readRecordBatchHeader(buffer, position);
    if (header.byteLength < RECORD_BATCH_HEADER_BYTES) {
      throw new ProtocolError(
        position + BATCH_POSITIONS.length,
        `length of a record batch, not ${header.byteLength}`,
      );
    }
    if (header.byteLength > buffer.length - position) return;
    yield { header, position };
    position += header.byteLength;
  }
}
