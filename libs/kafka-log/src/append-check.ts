import type { RecordBatchHeader } from '@penstock/kafka-protocol';
import {
  compressionOf,
  RECORD_BATCH_HEADER_BYTES,
  validateProducedRecords,
} from '@penstock/kafka-protocol';
import { setMaxTimestamp } from './batch-header.ts';
import { decompress, DecompressionError } from './codecs.ts';
import type { LogConfig } from './log-config.ts';
import { walkRecords } from './records.ts';
import type { AppendError, RecordError } from './results.ts';

/** What a batch may decompress to where its records must be looked at. */
export const DECOMPRESSED_BYTES_MAX = 128 * 1024 * 1024;

/** The newest Produce version, for callers that have no request. */
const PRODUCE_VERSION_LATEST = 13;

export interface Refusal {
  readonly error: AppendError;
  readonly message: string;
  readonly recordErrors: readonly RecordError[];
}

export type BatchCheck =
  | { readonly ok: true; readonly header: RecordBatchHeader }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * Judges a produced batch before anything is written (Kafka: UnifiedLog.analyzeAndValidateRecords,
 * LogValidator). Header and CRC always; the records of an uncompressed batch are walked, which
 * costs some 20 ns a record; those of a compressed one only where a rule of the topic is about
 * records: keys of a compacted topic, a bound on how old a record may be, or a header whose
 * timestamps contradict each other. A hostile client can therefore store garbage inside a valid
 * compressed batch, which readers then fail on.
 *
 * A wrong largest timestamp in the header of a batch that was walked is corrected in `batch`.
 */
export function checkBatch(
  batch: Buffer,
  config: LogConfig,
  now: number,
  apiVersion: number = PRODUCE_VERSION_LATEST,
): BatchCheck {
  const limits = { batchBytesMax: config.maxMessageBytes, apiVersion };
  const check = validateProducedRecords(batch, limits);
  if (!check.ok) return refuse(ERRORS[check.error], check.message);
  const { header } = check;
  if (batch.length > config.segmentBytes) {
    const message = `the batch has ${batch.length} bytes, a segment ${config.segmentBytes}`;
    return refuse('recordListTooLarge', message);
  }
  if (mustDecompress(header, config)) return checkRecords(batch, header, config, now);
  return (
    tooLate(header.maxTimestamp, config, now) ??
    (compressionOf(header) === 'none' ? checkRecords(batch, header, config, now) : check)
  );
}

const ERRORS = {
  CORRUPT_MESSAGE: 'corruptMessage',
  INVALID_RECORD: 'invalidRecord',
  INVALID_TIMESTAMP: 'invalidTimestamp',
  MESSAGE_TOO_LARGE: 'messageTooLarge',
  UNSUPPORTED_COMPRESSION_TYPE: 'unsupportedCompressionType',
} as const satisfies Record<string, AppendError>;

function mustDecompress(header: RecordBatchHeader, config: LogConfig): boolean {
  return (
    config.cleanupPolicy.includes('compact') ||
    config.messageTimestampBeforeMaxMs !== Infinity ||
    header.baseTimestamp > header.maxTimestamp
  );
}

function checkRecords(
  batch: Buffer,
  header: RecordBatchHeader,
  config: LogConfig,
  now: number,
): BatchCheck {
  const compression = compressionOf(header) ?? 'none';
  let records = batch;
  let start = RECORD_BATCH_HEADER_BYTES;
  if (compression !== 'none') {
    try {
      records = decompress(compression, batch.subarray(start), DECOMPRESSED_BYTES_MAX);
      start = 0;
    } catch (error) {
      if (!(error instanceof DecompressionError)) throw error;
      return refuse('corruptMessage', error.message);
    }
  }
  const walk = walkRecords(records, start, header.recordCount);
  if (walk.problem !== undefined) return refuse('invalidRecord', walk.problem);
  if (walk.firstWithoutKey >= 0 && config.cleanupPolicy.includes('compact')) {
    const message = 'a compacted topic takes no record without a key';
    const recordErrors = [{ batchIndex: walk.firstWithoutKey, message }];
    return { ok: false, refusal: { error: 'invalidRecord', message, recordErrors } };
  }
  const earliest = header.baseTimestamp + walk.timestampDeltaMin;
  const latest = header.baseTimestamp + walk.timestampDeltaMax;
  const outside = tooLate(latest, config, now) ?? tooEarly(earliest, config, now);
  if (outside !== undefined) return outside;
  if (latest === header.maxTimestamp) return { ok: true, header };
  setMaxTimestamp(batch, latest);
  return { ok: true, header: { ...header, maxTimestamp: latest } };
}

function tooLate(timestamp: number, config: LogConfig, now: number): BatchCheck | undefined {
  if (config.messageTimestampType === 'LogAppendTime') return undefined;
  if (timestamp - now <= config.messageTimestampAfterMaxMs) return undefined;
  const message = `timestamp ${timestamp} is more than ${config.messageTimestampAfterMaxMs} ms ahead`;
  return refuse('invalidTimestamp', message);
}

/** A record without a timestamp (-1) is never too early. */
function tooEarly(timestamp: number, config: LogConfig, now: number): BatchCheck | undefined {
  if (config.messageTimestampType === 'LogAppendTime' || timestamp === -1) return undefined;
  if (now - timestamp <= config.messageTimestampBeforeMaxMs) return undefined;
  const message = `timestamp ${timestamp} is more than ${config.messageTimestampBeforeMaxMs} ms old`;
  return refuse('invalidTimestamp', message);
}

function refuse(error: AppendError, message: string): BatchCheck {
  return { ok: false, refusal: { error, message, recordErrors: [] } };
}
