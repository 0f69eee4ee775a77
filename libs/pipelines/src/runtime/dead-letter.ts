import type { SourceRecord } from '../definition/source-record.ts';
import { PoisonRecord } from '../execution/record-processing.ts';
import type { OutputMessage } from './output-writer.ts';

/**
 * A record that a pipeline gave up on, as it goes to the dead-letter topic: key, value and headers
 * as they were, and these headers behind them, all text:
 *
 * | header | content |
 * |---|---|
 * | penstock.errors.class | class of the error |
 * | penstock.errors.message | its message, at most 1,000 characters |
 * | penstock.errors.stage | decode, schema, eventTime, output, or the operator |
 * | penstock.errors.topic / .partition / .offset | where the record lies |
 * | penstock.errors.timestamp | its own time, ms since epoch |
 * | penstock.errors.pipeline | the pipeline that gave up |
 * | penstock.errors.attempt | tries that were made |
 *
 * Its timestamp is the time of giving up, so that the topic's retention counts from there.
 */
const MESSAGE_LENGTH_MAX = 1_000;
const PREFIX = 'penstock.errors.';

export function toDeadLetter(options: {
  readonly topic: string;
  readonly pipeline: string;
  readonly record: SourceRecord;
  readonly error: PoisonRecord;
  readonly attempt: number;
}): OutputMessage {
  const { record, error } = options;
  const cause = error.cause ?? error;
  const reason: Record<string, string> = {
    class: cause instanceof Error ? cause.name : typeof cause,
    message: error.message.slice(0, MESSAGE_LENGTH_MAX),
    stage: error.stage,
    topic: record.topic,
    partition: String(record.partition),
    offset: String(record.offset),
    timestamp: String(record.timestamp),
    pipeline: options.pipeline,
    attempt: String(options.attempt),
  };
  const headers = new Map<Buffer, Buffer | null>(
    // A record that comes back from a dead-letter topic carries its newest reason only.
    record.headers.filter(([name]) => !name.toString('utf8').startsWith(PREFIX)),
  );
  for (const [name, value] of Object.entries(reason)) {
    headers.set(Buffer.from(PREFIX + name), Buffer.from(value));
  }
  return { topic: options.topic, key: record.key, value: record.value, headers, source: record };
}
