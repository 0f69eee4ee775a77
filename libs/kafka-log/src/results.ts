/**
 * What the log is asked and what it answers. Expected outcomes are values: a refused batch or an
 * offset out of range is part of normal work and never thrown.
 */

export interface AppendOptions {
  readonly leaderEpoch: number;
  /** Wall clock in ms, read once per request. */
  readonly now: number;
}

export interface ReadOptions {
  /** Stop before the batch that begins at or after this offset; default: the high watermark. */
  readonly endOffset?: number;
  /** Give the first batch even if it is longer than `maxBytes` (KIP-74). */
  readonly minOneBatch?: boolean;
}

/** Reasons for which a batch is refused, with Kafka's error code for each. */
export const APPEND_ERROR_CODES = {
  corruptMessage: 2,
  messageTooLarge: 10,
  recordListTooLarge: 18,
  invalidTimestamp: 32,
  outOfOrderSequence: 45,
  invalidProducerEpoch: 47,
  invalidTransactionState: 48,
  /** Disk full (retriable, recovers by itself) or the partition is offline. */
  storage: 56,
  unsupportedCompressionType: 76,
  invalidRecord: 87,
} as const;

export type AppendError = keyof typeof APPEND_ERROR_CODES;

/** A record for which its whole batch was refused. */
export interface RecordError {
  /** Index of the record in its batch. */
  readonly batchIndex: number;
  readonly message: string;
}

export type AppendResult = AppendAccepted | AppendRefused;

export interface AppendAccepted {
  readonly ok: true;
  /** True if this batch had been appended before; the offsets are those of the first time. */
  readonly duplicate: boolean;
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** Milliseconds, or -1 unless the topic uses LogAppendTime. */
  readonly logAppendTime: number;
  readonly logStartOffset: number;
}

export interface AppendRefused {
  readonly ok: false;
  readonly error: AppendError;
  /** Kafka's number for `error`. */
  readonly errorCode: number;
  readonly message: string;
  readonly recordErrors: readonly RecordError[];
  readonly logStartOffset: number;
}

export type ReadResult = ReadBatches | ReadFailed;

export interface ReadBatches {
  readonly ok: true;
  /** Bytes of whole batches written from `position` on; 0 at the end of what may be read. */
  readonly bytes: number;
  /** Where a reader goes on; `offset` itself if nothing was read. */
  readonly nextOffset: number;
}

/**
 * - `offsetOutOfRange` (1): below the log start or above the log end.
 * - `corrupt` (2): the bytes at this offset are damaged; `resumeOffset` is the next readable one.
 * - `storage` (56): the partition is offline or the file cannot be read.
 * - `bufferTooSmall`: the first batch has `neededBytes`; read again with a buffer that holds it.
 */
export type ReadFailed =
  | { readonly ok: false; readonly error: 'offsetOutOfRange'; readonly errorCode: 1 }
  | {
      readonly ok: false;
      readonly error: 'corrupt';
      readonly errorCode: 2;
      readonly resumeOffset: number;
      readonly message: string;
    }
  | {
      readonly ok: false;
      readonly error: 'storage';
      readonly errorCode: 56;
      readonly message: string;
    }
  | {
      readonly ok: false;
      readonly error: 'bufferTooSmall';
      readonly errorCode: 0;
      readonly neededBytes: number;
    };

/** Where a record lies, and its timestamp; both -1 when no record qualifies. */
export interface TimestampAndOffset {
  readonly offset: number;
  readonly timestamp: number;
}

/** A stretch of a log that is below the durable watermark and cannot be read. */
export interface Damage {
  readonly topic: string;
  readonly partition: number;
  /** First offset that cannot be read. */
  readonly fromOffset: number;
  /** First offset after it that can. */
  readonly toOffset: number;
  readonly file: string;
  readonly reason: string;
}

/** The partition takes no more writes, and waits for durability reject with this error. */
export class PartitionOfflineError extends Error {
  override readonly name = 'PartitionOfflineError';
}
