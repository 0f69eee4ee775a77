import { Writer } from '../bytes/writer.ts';
import { sizeOfVarint, sizeOfVarlong } from '../bytes/varint.ts';
import type { CompressionCodecs } from './compression-codecs.ts';
import {
  computeRecordBatchCrc,
  recordBatchAttributes,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
  writeRecordBatchHeader,
  type Compression,
  type TimestampType,
} from './record-batch.ts';

/** A record to be written; its offset follows from its place, unless `offset` is given. */
export interface RecordInput {
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly key?: Uint8Array | null;
  readonly value?: Uint8Array | null;
  readonly headers?: readonly { readonly key: string; readonly value: Uint8Array | null }[];
  /** Absolute; for batches with gaps, such as a compacted one. Must not decrease. */
  readonly offset?: number;
}

export interface RecordBatchInput {
  /** At least one. */
  readonly records: readonly RecordInput[];
  /** 0 when left out, as producers send it. */
  readonly baseOffset?: number;
  readonly partitionLeaderEpoch?: number;
  readonly compression?: Compression;
  readonly codecs?: CompressionCodecs;
  readonly timestampType?: TimestampType;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
}

/** Builds a whole record batch with its CRC. Throws RangeError when there is no record. */
export function encodeRecordBatch(input: RecordBatchInput): Buffer {
  const { records, baseOffset = 0, compression = 'none' } = input;
  const first = records[0];
  if (first === undefined) throw new RangeError('a record batch needs a record');

  const baseTimestamp = first.timestamp;
  let maxTimestamp = baseTimestamp;
  let offsetDelta = -1;
  const writer = new Writer();
  for (const record of records) {
    offsetDelta = record.offset === undefined ? offsetDelta + 1 : record.offset - baseOffset;
    maxTimestamp = Math.max(maxTimestamp, record.timestamp);
    writeRecord(writer, record, record.timestamp - baseTimestamp, offsetDelta);
  }
  const packed = pack(Buffer.concat(writer.finish()), compression, input.codecs);
  const batch = Buffer.allocUnsafe(RECORD_BATCH_HEADER_BYTES + packed.length);
  batch.set(packed, RECORD_BATCH_HEADER_BYTES);
  const header = {
    baseOffset,
    byteLength: batch.length,
    partitionLeaderEpoch: input.partitionLeaderEpoch ?? -1,
    magic: RECORD_BATCH_MAGIC,
    crc: 0,
    attributes: recordBatchAttributes({
      compression,
      timestampType: input.timestampType ?? 'create-time',
      isTransactional: input.isTransactional ?? false,
      isControl: input.isControl ?? false,
    }),
    lastOffsetDelta: offsetDelta,
    baseTimestamp,
    maxTimestamp,
    producerId: input.producerId ?? -1,
    producerEpoch: input.producerEpoch ?? -1,
    baseSequence: input.baseSequence ?? -1,
    recordCount: records.length,
  };
  writeRecordBatchHeader(batch, header);
  batch.writeUInt32BE(computeRecordBatchCrc(batch), 17);
  return batch;
}

function pack(data: Buffer, compression: Compression, codecs?: CompressionCodecs): Buffer {
  if (compression === 'none') return data;
  if (codecs === undefined) throw new TypeError(`no codec was given for ${compression}`);
  return codecs.compress(compression, data);
}

/**
 * A record: varint size, int8 attributes, varlong timestamp delta, varint offset delta, key and
 * value each with a varint size (-1 for null), varint count of headers, each key and value
 * likewise.
 */
function writeRecord(
  writer: Writer,
  record: RecordInput,
  timestampDelta: number,
  offsetDelta: number,
): void {
  const { key = null, value = null, headers = [] } = record;
  let size = 1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(offsetDelta);
  size += sizeOfNullableBytes(key) + sizeOfNullableBytes(value) + sizeOfVarint(headers.length);
  for (const header of headers) {
    const keySize = Buffer.byteLength(header.key);
    size += sizeOfVarint(keySize) + keySize + sizeOfNullableBytes(header.value);
  }
  writer.varint(size);
  writer.int8(0);
  writer.varlong(timestampDelta);
  writer.varint(offsetDelta);
  writeNullableBytes(writer, key);
  writeNullableBytes(writer, value);
  writer.varint(headers.length);
  for (const header of headers) {
    const keySize = Buffer.byteLength(header.key);
    writer.varint(keySize);
    writer.text(header.key, keySize);
    writeNullableBytes(writer, header.value);
  }
}

function sizeOfNullableBytes(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : sizeOfVarint(bytes.length) + bytes.length;
}

function writeNullableBytes(writer: Writer, bytes: Uint8Array | null): void {
  if (bytes === null) {
    writer.varint(-1);
    return;
  }
  writer.varint(bytes.length);
  writer.bytes(bytes);
}
