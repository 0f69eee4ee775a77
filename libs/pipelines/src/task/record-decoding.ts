import type { SourceNode, TableSource } from '../topology/nodes.ts';
import type { SourceRecord } from '../topology/source-record.ts';
import { PoisonRecord } from '../operators/operator.ts';

/**
 * The value of a record as its schema gives it; a promise when the schema does. Throws, or rejects
 * with, PoisonRecord of the stage `decode` or `schema`.
 */
export function decode(
  source: Pick<SourceNode | TableSource, 'format' | 'parse'>,
  record: SourceRecord,
): unknown {
  const input = read(source, record);
  let value: unknown;
  try {
    value = source.parse(input);
  } catch (cause) {
    throw new PoisonRecord('schema', cause);
  }
  return value instanceof Promise
    ? value.catch((cause: unknown) => {
        throw new PoisonRecord('schema', cause);
      })
    : value;
}

function read({ format }: Pick<SourceNode, 'format'>, { value }: SourceRecord): unknown {
  if (value === null || format === 'bytes') {
    return value;
  }
  const text = value.toString('utf8');
  try {
    return format === 'text' ? text : (JSON.parse(text) as unknown);
  } catch (cause) {
    throw new PoisonRecord('decode', cause);
  }
}

/** When the event of a record happened, ms since epoch. Throws PoisonRecord. */
export function eventTimeOf(
  { eventTime }: Pick<SourceNode, 'eventTime'>,
  record: SourceRecord,
  value: unknown,
): number {
  if (eventTime === null) {
    return record.timestamp;
  }
  try {
    const time = eventTime(value);
    if (!Number.isFinite(time)) {
      throw new TypeError(`the event time is ${String(time)}, not ms since epoch`);
    }
    return time;
  } catch (cause) {
    throw new PoisonRecord('eventTime', cause);
  }
}
