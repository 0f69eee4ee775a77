import { Reader } from '../bytes/reader.ts';
import { ProtocolError } from '../protocol-error.ts';
import type { CompressionCodecs } from './compression-codecs.ts';
import {
  compressionOf,
  RECORD_BATCH_HEADER_BYTES,
  timestampTypeOf,
  type RecordBatchHeader,
  type RecordBatchSlice,
} from './record-batch.ts';

/** One record. Key, value and header values are views of the batch (or of what it unpacks to). */
export interface LogRecord {
  readonly offset: number;
  /** Milliseconds since 1970, -1 for none. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/** Most bytes that a batch may unpack to when the caller sets no limit of its own. */
const UNPACKED_BYTES_MAX = 128 * 1024 * 1024;

/** A record has at least: length, attributes, two deltas, two lengths, header count. */
const RECORD_BYTES_MIN = 7;
const HEADER_BYTES_MIN = 2;

/**
 * The records of one whole batch, in order. Decompresses through `codecs` where needed. Throws
 * ProtocolError when the bytes are not what the header announces, or the codec's own error.
 */
export function* decodeRecords(
  buffer: Buffer,
  slice: RecordBatchSlice,
  codecs?: CompressionCodecs,
  unpackedBytesMax: number = UNPACKED_BYTES_MAX,
): Generator<LogRecord> {
  const { header } = slice;
  const reader = new Reader(unpackRecords(buffer, slice, codecs, unpackedBytesMax));
  const { recordCount } = header;
  if (recordCount < 0 || recordCount * RECORD_BYTES_MIN > reader.remaining) {
    reader.fail(`${recordCount} records of at least ${RECORD_BYTES_MIN} bytes`);
  }
  const appendTime =
    timestampTypeOf(header) === 'log-append-time' ? header.maxTimestamp : undefined;
  for (let index = 0; index < recordCount; index++) {
    yield decodeRecord(reader, header, appendTime);
  }
  if (reader.remaining > 0) reader.fail(`end of batch, ${reader.remaining} bytes remain`);
}

/** The bytes of a batch's records, decompressed. */
function unpackRecords(
  buffer: Buffer,
  { header, position }: RecordBatchSlice,
  codecs: CompressionCodecs | undefined,
  unpackedBytesMax: number,
): Buffer {
  const end = position + header.byteLength;
  if (header.byteLength < RECORD_BATCH_HEADER_BYTES || end > buffer.length) {
    throw new ProtocolError(position, `${header.byteLength} bytes of record batch`);
  }
  const packed = buffer.subarray(position + RECORD_BATCH_HEADER_BYTES, end);
  const compression = compressionOf(header);
  if (compression === 'none') return packed;
  if (compression === undefined) throw new ProtocolError(position + 21, 'a known compression');
  if (codecs === undefined) throw new TypeError(`no codec was given for ${compression}`);
  return codecs.decompress(compression, packed, unpackedBytesMax);
}

function decodeRecord(
  reader: Reader,
  header: RecordBatchHeader,
  appendTime: number | undefined,
): LogRecord {
  const size = reader.varint();
  if (size < 0 || size > reader.remaining) reader.fail(`record of ${size} bytes`);
  const end = reader.position + size;
  reader.int8(); // Attributes of a record are not in use.
  const timestampDelta = reader.varlong();
  const offsetDelta = reader.varint();
  const key = decodeNullableBytes(reader, 'key');
  const value = decodeNullableBytes(reader, 'value');
  const headers = decodeHeaders(reader);
  if (reader.position !== end) reader.fail(`record to end at byte ${end}`);
  return {
    offset: header.baseOffset + offsetDelta,
    timestamp: appendTime ?? header.baseTimestamp + timestampDelta,
    key,
    value,
    headers,
  };
}

const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);

function decodeHeaders(reader: Reader): readonly RecordHeader[] {
  const count = reader.varint();
  if (count === 0) return NO_HEADERS;
  if (count < 0 || count * HEADER_BYTES_MIN > reader.remaining) reader.fail(`${count} headers`);
  const headers: RecordHeader[] = [];
  for (let index = 0; index < count; index++) {
    const keySize = reader.varint();
    if (keySize < 0) reader.fail('key of a header');
    headers.push({ key: reader.text(keySize), value: decodeNullableBytes(reader, 'header') });
  }
  return headers;
}

function decodeNullableBytes(reader: Reader, what: string): Buffer | null {
  const size = reader.varint();
  if (size < -1) reader.fail(`length of ${what}`);
  return size === -1 ? null : reader.view(size, what);
}
