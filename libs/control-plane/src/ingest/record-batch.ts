import { crc32c } from '@platformatic/kafka';
import type { IncomingRecord } from './record.ts';

/** The records of a batch and what only the moment of sending knows. */
export interface BatchOptions {
  readonly records: readonly IncomingRecord[];
  /** ms since epoch for records without a timestamp of their own. */
  readonly now: number;
  /** -1n, -1, -1 for a producer without idempotence. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** Bytes of a batch before its first record. */
export const BATCH_HEADER_BYTES = 61;

/** Bytes of a batch that the CRC does not cover. */
const CRC_START = 21;
/** From here on `batchLength` counts. */
const LENGTH_START = 12;

/**
 * Bytes that a record adds to a batch at most: offset delta and timestamp delta, which depend on
 * its place in the batch, are counted with their greatest size.
 */
export function recordBytesMax(record: IncomingRecord): number {
  const body = 1 + 9 + 5 + contentBytes(record);
  return varintBytes(body) + body;
}

/**
 * A record batch of version 2, uncompressed, as a producer sends it:
 *
 *     0 baseOffset i64 = 0 · 8 batchLength i32 · 12 partitionLeaderEpoch i32 = -1 · 16 magic i8 = 2
 *     17 crc u32 (CRC-32C from byte 21) · 21 attributes i16 = 0 · 23 lastOffsetDelta i32
 *     27 baseTimestamp i64 · 35 maxTimestamp i64 · 43 producerId i64 · 51 producerEpoch i16
 *     53 baseSequence i32 · 57 count i32 · 61 records
 *     record: length varint · attributes i8 = 0 · timestampDelta varlong · offsetDelta varint
 *             key · value (varint length, -1 for null, then bytes) · header count varint · headers
 *
 * (org.apache.kafka.common.record.DefaultRecordBatch and DefaultRecord). The client's own encoder
 * makes a dozen small buffers per record; this one writes into a single buffer of the right size.
 */
export function encodeBatch(options: BatchOptions): Buffer {
  const { records, now } = options;
  const baseTimestamp = records[0]?.timestamp ?? now;
  const sizes = new Array<number>(records.length);
  let total = BATCH_HEADER_BYTES;
  let maxTimestamp = baseTimestamp;
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as IncomingRecord;
    const timestamp = record.timestamp ?? now;
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    const body = 1 + varintBytes(timestamp - baseTimestamp) + varintBytes(i) + contentBytes(record);
    sizes[i] = body;
    total += varintBytes(body) + body;
  }
  const batch = Buffer.allocUnsafe(total);
  writeHeader(batch, { ...options, baseTimestamp, maxTimestamp });
  let at = BATCH_HEADER_BYTES;
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as IncomingRecord;
    at = writeVarint(batch, at, sizes[i] as number);
    batch[at++] = 0;
    at = writeVarint(batch, at, (record.timestamp ?? now) - baseTimestamp);
    at = writeVarint(batch, at, i);
    at = writeContent(batch, at, record);
  }
  batch.writeUInt32BE(crc32c(batch.subarray(CRC_START)), 17);
  return batch;
}

function writeHeader(
  batch: Buffer,
  options: BatchOptions & { readonly baseTimestamp: number; readonly maxTimestamp: number },
): void {
  const count = options.records.length;
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(batch.length - LENGTH_START, 8);
  batch.writeInt32BE(-1, 12);
  batch[16] = 2;
  batch.writeInt16BE(0, 21);
  batch.writeInt32BE(count - 1, 23);
  batch.writeBigInt64BE(BigInt(options.baseTimestamp), 27);
  batch.writeBigInt64BE(BigInt(options.maxTimestamp), 35);
  batch.writeBigInt64BE(options.producerId, 43);
  batch.writeInt16BE(options.producerEpoch, 51);
  batch.writeInt32BE(options.baseSequence, 53);
  batch.writeInt32BE(count, 57);
}

/** Key, value and headers with their lengths. */
function contentBytes({ key, value, headers }: IncomingRecord): number {
  let bytes = fieldBytes(key) + fieldBytes(value) + varintBytes(headers.length);
  for (const header of headers) bytes += fieldBytes(header.name) + fieldBytes(header.value);
  return bytes;
}

function fieldBytes(field: Buffer | null): number {
  return field === null ? 1 : varintBytes(field.length) + field.length;
}

function writeContent(
  batch: Buffer,
  start: number,
  { key, value, headers }: IncomingRecord,
): number {
  let at = writeField(batch, start, key);
  at = writeField(batch, at, value);
  at = writeVarint(batch, at, headers.length);
  for (const header of headers) {
    at = writeField(batch, at, header.name);
    at = writeField(batch, at, header.value);
  }
  return at;
}

function writeField(batch: Buffer, at: number, field: Buffer | null): number {
  if (field === null) return writeVarint(batch, at, -1);
  const start = writeVarint(batch, at, field.length);
  batch.set(field, start);
  return start + field.length;
}

/**
 * Zigzag of a whole number below 2^52 in size, which holds every length, delta and timestamp here.
 * Not by shifts: those would cut a timestamp delta to 32 bits.
 */
function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}

function varintBytes(value: number): number {
  let rest = zigzag(value);
  let bytes = 1;
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80);
    bytes++;
  }
  return bytes;
}

function writeVarint(batch: Buffer, start: number, value: number): number {
  let rest = zigzag(value);
  let at = start;
  while (rest >= 0x80) {
    batch[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  batch[at++] = rest;
  return at;
}
