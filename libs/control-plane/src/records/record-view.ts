import type { KafkaRecord, RecordsBatch } from '@platformatic/kafka';

/** Bytes of a key or value that are kept for showing; what is longer is cut and says so. */
export const SHOWN_BYTES_MAX = 64 * 1024;

const IS_CONTROL = 1 << 5;
const IS_LOG_APPEND_TIME = 1 << 3;

/** Bytes as they are on the log, possibly cut. */
export interface ShownBytes {
  readonly bytes: Buffer;
  /** Of the whole. */
  readonly sizeBytes: number;
  readonly truncated: boolean;
}

export interface RecordView {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** ms since epoch */
  readonly timestamp: number;
  readonly key: ShownBytes | null;
  readonly value: ShownBytes | null;
  readonly headers: readonly { readonly key: string; readonly value: ShownBytes | null }[];
}

/** Whether a batch holds markers of transactions instead of records. */
export function isControlBatch(batch: RecordsBatch): boolean {
  return (batch.attributes & IS_CONTROL) !== 0;
}

/**
 * The offset after a batch: its own end, wherever its last record lies (it may be compacted away).
 */
export function offsetAfter(batch: RecordsBatch): number {
  return Number(batch.firstOffset) + batch.lastOffsetDelta + 1;
}

export function recordOffset(batch: RecordsBatch, record: KafkaRecord): number {
  return Number(batch.firstOffset) + record.offsetDelta;
}

/** Copies what is shown out of the answer's buffer, so that the rest of it can be freed. */
export function toRecordView(
  place: { readonly topic: string; readonly partition: number },
  batch: RecordsBatch,
  record: KafkaRecord,
): RecordView {
  const appendTime = (batch.attributes & IS_LOG_APPEND_TIME) !== 0;
  const timestamp = appendTime ? batch.maxTimestamp : batch.firstTimestamp + record.timestampDelta;
  return {
    topic: place.topic,
    partition: place.partition,
    offset: recordOffset(batch, record),
    timestamp: Number(timestamp),
    key: shown(record.key),
    value: shown(record.value),
    headers: record.headers.map(([key, value]) => ({
      key: key?.toString('utf8') ?? '',
      value: shown(value),
    })),
  };
}

export function shownBytes(record: RecordView): number {
  const headers = record.headers.reduce((sum, { value }) => sum + (value?.bytes.length ?? 0), 0);
  return (record.key?.bytes.length ?? 0) + (record.value?.bytes.length ?? 0) + headers;
}

/** The bytes as text when they are valid UTF-8, else null. */
export function textOf(shownPart: ShownBytes): string | null {
  try {
    // As a stream, because a cut may have split the last character, which is not a fault of the
    // data.
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return decoder.decode(shownPart.bytes, { stream: shownPart.truncated });
  } catch {
    return null;
  }
}

function shown(bytes: Buffer | null | undefined): ShownBytes | null {
  if (bytes == null) {
    return null;
  }
  return {
    bytes: Buffer.from(bytes.subarray(0, SHOWN_BYTES_MAX)),
    sizeBytes: bytes.length,
    truncated: bytes.length > SHOWN_BYTES_MAX,
  };
}
