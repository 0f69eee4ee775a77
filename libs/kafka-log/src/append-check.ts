import type { Compression, RecordBatchHeader } from '@penstock/kafka-protocol';
import {
  compressionOf,
  isTransactionalBatch,
  RECORD_BATCH_HEADER_BYTES,
  timestampTypeOf,
  validateProducedRecords,
} from '@penstock/kafka-protocol';
import { setMaxTimestamp } from './batch-header.ts';
import { decompressBriefly, DecompressionError } from './codecs.ts';
import type { LogConfig } from './log-config.ts';
import { RecordCursor, walkRecords } from './records.ts';
import type { AppendError, RecordError } from './results.ts';

/** Most bytes that any batch may decompress to, when it is produced and when it is read. */
export const DECOMPRESSED_BYTES_MAX = 128 * 1024 * 1024;
/** Every batch may decompress to this many bytes, however small it is. */
const DECOMPRESSED_BYTES_MIN = 32 * 1024 * 1024;
/** A larger batch may decompress to this multiple of its size. */
const EXPANSION_MAX = 128;
/** A response names at most this many records. */
const RECORD_ERRORS_MAX = 1000;
/** Kafka's RecordBatch.NO_TIMESTAMP. */
const NO_TIMESTAMP = -1;

/** The newest Produce version. The Produce handler checks what older versions may not carry. */
const PRODUCE_VERSION_LATEST = 13;

export interface Refusal {
  readonly error: AppendError;
  readonly message: string;
  readonly recordErrors: readonly RecordError[];
}

export type BatchCheck =
  | { readonly ok: true; readonly header: RecordBatchHeader }
  | { readonly ok: false; readonly refusal: Refusal };

export interface BatchCheckOptions {
  readonly config: LogConfig;
  /** Wall clock, ms. */
  readonly now: number;
  /** `<topic>-<partition>`, for messages. */
  readonly partition: string;
}

/**
 * Judges a produced batch before anything is written (Kafka: UnifiedLog.analyzeAndValidateRecords,
 * LogValidator): header and CRC, then every record, decompressed if need be. Kafka's messages are
 * used where clients show them to people.
 *
 * Deviations: offset deltas that are not consecutive are refused in uncompressed batches too. A
 * batch that cannot be decompressed is INVALID_RECORD, where Kafka answers UNKNOWN_SERVER_ERROR. So
 * is one that would become more than 128 MiB, or more than the larger of 32 MiB and 128 times its
 * size, where Kafka decompresses all of it.
 *
 * A wrong largest timestamp in the header is corrected in `batch`, and with it the timestamp type.
 */
export function checkBatch(batch: Buffer, options: BatchCheckOptions): BatchCheck {
  const { config } = options;
  const limits = { batchBytesMax: config.maxMessageBytes, apiVersion: PRODUCE_VERSION_LATEST };
  const check = validateProducedRecords(batch, limits);
  if (!check.ok) return refuse(ERRORS[check.error], check.message);
  const { header } = check;
  if (isTransactionalBatch(header)) {
    return refuse('invalidTransactionState', 'there are no transactions on this broker');
  }
  if (batch.length > config.segmentBytes) {
    const message = `the batch has ${batch.length} bytes, a segment ${config.segmentBytes}`;
    return refuse('recordListTooLarge', message);
  }
  const compression = compressionOf(header) ?? 'none';
  if (compression === 'none') {
    return checkRecords(batch, RECORD_BATCH_HEADER_BYTES, batch, header, options);
  }
  try {
    return checkRecords(unpack(compression, batch), 0, batch, header, options);
  } catch (error) {
    if (!(error instanceof DecompressionError)) throw error;
    return refuse('invalidRecord', error.message);
  }
}

const ERRORS = {
  CORRUPT_MESSAGE: 'corruptMessage',
  INVALID_RECORD: 'invalidRecord',
  MESSAGE_TOO_LARGE: 'messageTooLarge',
  UNSUPPORTED_COMPRESSION_TYPE: 'unsupportedCompressionType',
} as const satisfies Record<string, AppendError>;

function unpack(compression: Compression, batch: Buffer): Buffer {
  const packed = batch.subarray(RECORD_BATCH_HEADER_BYTES);
  const expanded = Math.max(packed.length * EXPANSION_MAX, DECOMPRESSED_BYTES_MIN);
  return decompressBriefly(compression, packed, Math.min(expanded, DECOMPRESSED_BYTES_MAX));
}

function checkRecords(
  records: Buffer,
  start: number,
  batch: Buffer,
  header: RecordBatchHeader,
  options: BatchCheckOptions,
): BatchCheck {
  const walk = walkRecords(records, start, header.recordCount);
  if (walk.problem !== undefined) return refuse('invalidRecord', walk.problem);
  const earliest = header.baseTimestamp + walk.timestampDeltaMin;
  const latest = header.baseTimestamp + walk.timestampDeltaMax;
  const { config } = options;
  if (
    (walk.countWithoutKey > 0 && config.cleanupPolicy.includes('compact')) ||
    isOutOfRange(latest, options) ||
    isOutOfRange(earliest, options)
  ) {
    const refusal = refuseRecords(records, start, header, options);
    if (refusal !== undefined) return refusal;
  }
  const isRight = latest === header.maxTimestamp && timestampTypeOf(header) === 'create-time';
  // With LogAppendTime the append replaces both.
  if (isRight || config.messageTimestampType === 'LogAppendTime') return { ok: true, header };
  setMaxTimestamp(batch, latest);
  return { ok: true, header: { ...header, maxTimestamp: latest } };
}

/** Applies even without a limit on age: Kafka too refuses a difference that does not fit a long. */
const LONG_MAX = 2 ** 63;

/** A record without a timestamp is never too early. */
function isOutOfRange(timestamp: number, { config, now }: BatchCheckOptions): boolean {
  if (config.messageTimestampType === 'LogAppendTime' || timestamp === NO_TIMESTAMP) return false;
  return (
    timestamp - now > config.messageTimestampAfterMaxMs ||
    now - timestamp > Math.min(config.messageTimestampBeforeMaxMs, LONG_MAX)
  );
}

/** The refusal, which names the invalid records; undefined if there are none. */
function refuseRecords(
  records: Buffer,
  start: number,
  header: RecordBatchHeader,
  options: BatchCheckOptions,
): BatchCheck | undefined {
  const { config, partition } = options;
  const isCompacted = config.cleanupPolicy.includes('compact');
  const recordErrors: RecordError[] = [];
  let error: AppendError = 'invalidRecord';
  const cursor = new RecordCursor(records, start);
  for (let batchIndex = 0; batchIndex < header.recordCount; batchIndex++) {
    cursor.next();
    const timestamp = header.baseTimestamp + cursor.timestampDelta;
    let message: string;
    if (isCompacted && cursor.keyLength < 0) {
      message = `Compacted topic cannot accept message without key in topic partition ${partition}`;
    } else if (isOutOfRange(timestamp, options)) {
      error = 'invalidTimestamp';
      message = rangeMessage(timestamp, batchIndex, options);
    } else continue;
    if (recordErrors.length < RECORD_ERRORS_MAX) recordErrors.push({ batchIndex, message });
  }
  if (recordErrors.length === 0) return undefined;
  const message =
    error === 'invalidTimestamp'
      ? 'One or more records have been rejected due to invalid timestamp'
      : `One or more records have been rejected due to ${recordErrors.length} record errors in total, ` +
        `and only showing the first three errors at most: [${recordErrors
          .slice(0, 3)
          .map((one) => `RecordError(batchIndex=${one.batchIndex}, message='${one.message}')`)
          .join(', ')}]`;
  return { ok: false, refusal: { error, message, recordErrors } };
}

function rangeMessage(
  timestamp: number,
  offset: number,
  { config, now }: BatchCheckOptions,
): string {
  const earliest = now - config.messageTimestampBeforeMaxMs;
  const latest = now + config.messageTimestampAfterMaxMs;
  return (
    `Timestamp ${timestamp} of message with offset ${offset} is out of range. ` +
    `The timestamp should be within [${earliest}, ${latest}]`
  );
}

function refuse(error: AppendError, message: string): BatchCheck {
  return { ok: false, refusal: { error, message, recordErrors: [] } };
}
