import type { SourceRecord } from '../topology/source-record.ts';
import type { Item } from '../operators/item.ts';
import type { PoisonRecord } from '../operators/operator.ts';
import { encode, type OutputRecord, positionOf } from './task-output.ts';

/**
 * A record that a pipeline gave up on, as it goes to the dead-letter topic: key, value and headers
 * as they were, and these headers behind them, all text:
 *
 * | header | content |
 * |---|---|
 * | penstock.errors.class | class of the error |
 * | penstock.errors.message | its message |
 * | penstock.errors.stage | decode, schema, eventTime, output, or the operator |
 * | penstock.errors.topic / .partition / .offset | where the record lies |
 * | penstock.errors.timestamp | its own time, ms since epoch |
 * | penstock.errors.pipeline | the pipeline that gave up |
 * | penstock.errors.attempt | tries that were made |
 *
 * Each is cut to 1,000 bytes, so that a topic with room for the headers takes every record.
 *
 * Its timestamp is the time of giving up, so that the topic's retention counts from there.
 */
const HEADER_BYTES_MAX = 1_000;
const PREFIX = 'penstock.errors.';
const MESSAGE = `${PREFIX}message`;
const LATE_PREFIX = 'penstock.late.';

export function toDeadLetter(options: {
  readonly topic: string;
  readonly pipeline: string;
  readonly record: SourceRecord;
  readonly error: PoisonRecord;
  readonly attempt: number;
}): OutputRecord {
  const { record, error } = options;
  const cause = error.cause ?? error;
  const reason: Record<string, string> = {
    class: cause instanceof Error ? cause.name : typeof cause,
    message: error.message,
    stage: error.stage,
    topic: record.topic,
    partition: String(record.partition),
    offset: String(record.offset),
    timestamp: String(record.timestamp),
    pipeline: options.pipeline,
    attempt: String(options.attempt),
  };
  return {
    kind: 'record',
    topic: options.topic,
    partition: null,
    key: record.key,
    value: record.value,
    headers: [
      // A record that comes back from a dead-letter topic carries its newest reason only.
      ...record.headers.filter(([name]) => !name.toString('utf8').startsWith(PREFIX)),
      ...Object.entries(reason).map(
        ([name, value]) => [Buffer.from(PREFIX + name), cut(value)] as const,
      ),
    ],
    timestamp: undefined,
    source: record.offset < 0 ? null : positionOf(record),
    purpose: 'deadLetter',
  };
}

/** Why the pipeline gave up, as the dead letter's headers say. */
export function deadLetterReason({ headers }: OutputRecord): string {
  const found = headers.findLast(([name]) => Buffer.from(name).toString() === MESSAGE);
  return found?.[1] == null ? 'unknown reason' : Buffer.from(found[1]).toString();
}

/** A record as it came, that was too late for every operator with a notion of time. */
export function toLateLetter(
  topic: string,
  pipeline: string,
  item: Item,
  byMs: number,
): OutputRecord {
  const record = recordOf(item);
  const reason: Record<string, string> = {
    'by-ms': String(byMs),
    pipeline,
    topic: record.topic,
    partition: String(record.partition),
    offset: String(record.offset),
  };
  return {
    kind: 'record',
    topic,
    partition: null,
    key: record.key,
    value: record.value,
    headers: [
      ...record.headers.filter(([name]) => !name.toString('utf8').startsWith(LATE_PREFIX)),
      ...Object.entries(reason).map(
        ([name, value]) => [Buffer.from(LATE_PREFIX + name), cut(value)] as const,
      ),
    ],
    timestamp: record.timestamp,
    source: positionOf(item.origin.record),
    purpose: 'late',
  };
}

/** The record that an item comes from; one that stands for it when it comes from none. */
export function recordOf(item: Item): SourceRecord {
  const { topic, partition, offset, timestamp, record } = item.origin;
  const key = item.effectiveKey;
  return (
    record ?? {
      topic,
      partition,
      offset,
      timestamp,
      key: key === null ? null : Buffer.from(key),
      value: encode(item.value ?? null),
      headers: [],
    }
  );
}

/** UTF-8, cut between two characters. */
function cut(text: string): Buffer {
  // A text has at least as many bytes as characters, so characters after these cannot fit.
  const bytes = Buffer.from(text.slice(0, HEADER_BYTES_MAX));
  let length = Math.min(bytes.length, HEADER_BYTES_MAX);
  // Bytes 10xxxxxx continue a character.
  while (length < bytes.length && length > 0 && ((bytes[length] ?? 0) & 0xc0) === 0x80) {
    length -= 1;
  }
  return bytes.subarray(0, length);
}
