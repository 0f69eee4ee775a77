import type { Sink } from '../topology/nodes.ts';
import type { SourceRecord } from '../topology/source-record.ts';
import type { Item } from '../operators/item.ts';
import { isoTime } from '../time/iso.ts';
import { PoisonRecord } from '../operators/operator.ts';

/** What a task made, to be delivered after its commit. */
export type TaskOutput = OutputRecord | OutputRow;

/** What a commit made durable, and what has to be delivered for it. */
export interface Committed {
  /** For `delivered`. */
  readonly sequence: number;
  readonly outputs: readonly TaskOutput[];
}

/** A record for a topic. */
export interface OutputRecord {
  readonly kind: 'record';
  readonly topic: string;
  /** Null: by the key, as Kafka's producers do. */
  readonly partition: number | null;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: ReadonlyArray<readonly [name: Uint8Array, value: Uint8Array | null]>;
  /** Milliseconds since epoch; undefined leaves it to the time of writing. */
  readonly timestamp: number | undefined;
  /** Position of the record that it comes from; null for rows and what timers write. */
  readonly source: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
  } | null;
  readonly purpose: 'sink' | 'repartition' | 'deadLetter' | 'late';
}

/** A row for the result file of a batch run. */
export interface OutputRow {
  readonly kind: 'row';
  readonly fileName: string;
  /** Rows of the same identity stand for each other, the last one counts. */
  readonly id: string;
  /** Where the row stands in the file: by its source's position, or by its identity. */
  readonly order: string;
  readonly value: unknown;
}

/** Names of the headers that each output gets. */
const OUR_HEADERS = {
  id: Buffer.from('penstock.id'),
  pipeline: Buffer.from('penstock.pipeline'),
  windowStart: Buffer.from('penstock.window.start'),
  windowEnd: Buffer.from('penstock.window.end'),
  run: Buffer.from('penstock.run'),
} as const;
const OUR_NAMES = Object.values(OUR_HEADERS);

/** The output of an item in a sink. Throws PoisonRecord when the value cannot be written. */
export function toOutput(
  sink: Sink,
  item: Item,
  names: { readonly pipeline: string; readonly id: string; readonly run: string | null },
): TaskOutput {
  if (sink.kind === 'csv') {
    const order = item.origin.offset < 0 ? numbered(names.id) : item.order;
    return { kind: 'row', fileName: sink.fileName, id: names.id, order, value: item.value };
  }
  const { record } = item.origin;
  const headers: Array<readonly [Buffer, Buffer | null]> = (record?.headers ?? []).filter(
    ([name]) => !isOurs(name),
  );
  headers.push([OUR_HEADERS.id, Buffer.from(names.id)]);
  headers.push([OUR_HEADERS.pipeline, Buffer.from(names.pipeline)]);
  if (item.window !== null) {
    headers.push([OUR_HEADERS.windowStart, Buffer.from(isoTime(item.window[0]))]);
    headers.push([OUR_HEADERS.windowEnd, Buffer.from(isoTime(item.window[1]))]);
  }
  if (names.run !== null) headers.push([OUR_HEADERS.run, Buffer.from(names.run)]);
  const key = item.effectiveKey;
  return {
    kind: 'record',
    topic: sink.topic,
    partition: null,
    key: item.key === undefined ? (record?.key ?? null) : key === null ? null : Buffer.from(key),
    value: item.changed || record === null ? encode(item.value) : record.value,
    headers,
    timestamp: item.origin.timestamp,
    source: positionOf(record),
    purpose: 'sink',
  };
}

/** What one call sends on is numbered behind its identity: the tenth comes behind the second. */
function numbered(id: string): string {
  return id.replace(/\/(\d+)$/, (_, number: string) => `/${number.padStart(9, '0')}`);
}

/** Bytes stay bytes; null is a tombstone; anything else, text included, is written as JSON. */
export function encode(value: unknown): Buffer | null {
  if (value === null || Buffer.isBuffer(value)) {
    return value;
  }
  let text: string | undefined;
  try {
    text = JSON.stringify(value) as string | undefined;
  } catch (cause) {
    throw new PoisonRecord('output', cause);
  }
  if (text === undefined) {
    const cause = new TypeError(`a value of type ${typeof value} cannot be written as JSON`);
    throw new PoisonRecord('output', cause);
  }
  return Buffer.from(text);
}

export function positionOf(record: SourceRecord | null): OutputRecord['source'] {
  return record === null
    ? null
    : { topic: record.topic, partition: record.partition, offset: record.offset };
}

function isOurs(name: Buffer): boolean {
  return OUR_NAMES.some((own) => own.equals(name));
}
