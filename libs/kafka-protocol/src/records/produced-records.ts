import { ErrorCodes, type ErrorCode } from '../error-codes.ts';
import {
  compressionOf,
  isControlBatch,
  isRecordBatchIntact,
  readRecordBatchHeader,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_PREFIX_BYTES,
  type RecordBatchHeader,
} from './record-batch.ts';

/** The errors that produced records can have by header and checksum alone. */
export type ProducedRecordsError =
  'CORRUPT_MESSAGE' | 'INVALID_RECORD' | 'MESSAGE_TOO_LARGE' | 'UNSUPPORTED_COMPRESSION_TYPE';

export type ProducedRecordsCheck =
  | { readonly ok: true; readonly header: RecordBatchHeader }
  | {
      readonly ok: false;
      readonly error: ProducedRecordsError;
      readonly errorCode: ErrorCode;
      readonly message: string;
    };

export interface ProducedRecordsLimits {
  /** Largest batch, its header included: the topic's `max.message.bytes`. */
  readonly batchBytesMax: number;
  /** Version of the Produce request; zstd needs 7. */
  readonly apiVersion: number;
}

/** The least size of a message of any magic, according to Kafka. */
const MESSAGE_BYTES_MIN = RECORD_BATCH_PREFIX_BYTES + 14;
const ZSTD_PRODUCE_VERSION_MIN = 7;

/**
 * Judges the records that a Produce request carries for one partition, by the batch's header and
 * CRC-32C; the records inside are not decoded. Rules and codes are those of Kafka's
 * `ProduceRequest.validateRecords`, `UnifiedLog.analyzeAndValidateRecords` and
 * `LogValidator.validateBatch`.
 */
export function validateProducedRecords(
  records: Buffer | null,
  limits: ProducedRecordsLimits,
): ProducedRecordsCheck {
  if (records === null || records.length < RECORD_BATCH_PREFIX_BYTES + 5) {
    return refuse('INVALID_RECORD', 'a partition must have exactly one record batch');
  }
  const byteLength = records.readInt32BE(8) + RECORD_BATCH_PREFIX_BYTES;
  if (byteLength < MESSAGE_BYTES_MIN) {
    return refuse('CORRUPT_MESSAGE', `a record batch cannot have ${byteLength} bytes`);
  }
  const magic = records.readInt8(16);
  if (magic !== RECORD_BATCH_MAGIC) {
    const isKnown = magic === 0 || magic === 1;
    const message = `magic must be ${RECORD_BATCH_MAGIC}, not ${magic}`;
    return refuse(isKnown ? 'INVALID_RECORD' : 'CORRUPT_MESSAGE', message);
  }
  if (byteLength > records.length) {
    return refuse('INVALID_RECORD', `${records.length} of the batch's ${byteLength} bytes came`);
  }
  if (byteLength < RECORD_BATCH_HEADER_BYTES) {
    return refuse('CORRUPT_MESSAGE', `a record batch cannot have ${byteLength} bytes`);
  }
  if (byteLength < records.length) {
    return refuse('INVALID_RECORD', 'a partition must have exactly one record batch');
  }
  if (byteLength > limits.batchBytesMax) {
    const message = `the batch has ${byteLength} bytes, allowed are ${limits.batchBytesMax}`;
    return refuse('MESSAGE_TOO_LARGE', message);
  }
  const header = readRecordBatchHeader(records);
  if (!isRecordBatchIntact(records)) {
    return refuse('CORRUPT_MESSAGE', 'the CRC-32C of the batch does not match');
  }
  return validateHeader(header, limits);
}

function validateHeader(
  header: RecordBatchHeader,
  limits: ProducedRecordsLimits,
): ProducedRecordsCheck {
  const compression = compressionOf(header);
  if (compression === undefined) {
    return refuse('UNSUPPORTED_COMPRESSION_TYPE', 'the attributes name no known compression');
  }
  if (compression === 'zstd' && limits.apiVersion < ZSTD_PRODUCE_VERSION_MIN) {
    return refuse('UNSUPPORTED_COMPRESSION_TYPE', 'zstd needs Produce version 7');
  }
  if (header.baseOffset !== 0) {
    return refuse('INVALID_RECORD', `base offset must be 0, not ${header.baseOffset}`);
  }
  const { recordCount, lastOffsetDelta } = header;
  if (recordCount <= 0 || lastOffsetDelta + 1 !== recordCount) {
    const message = `${recordCount} records with a last offset delta of ${lastOffsetDelta}`;
    return refuse('INVALID_RECORD', message);
  }
  if (isControlBatch(header)) {
    return refuse('INVALID_RECORD', 'clients may not write control batches');
  }
  if (header.producerId >= 0 && header.baseSequence < 0) {
    return refuse('INVALID_RECORD', 'a producer id needs a base sequence of at least 0');
  }
  return { ok: true, header };
}

function refuse(error: ProducedRecordsError, message: string): ProducedRecordsCheck {
  return { ok: false, error, errorCode: ErrorCodes[error], message };
}
