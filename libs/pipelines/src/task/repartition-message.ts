import { Item, type KeptItem } from '../operators/item.ts';
import type { SourceRecord } from '../topology/source-record.ts';
import { type OutputRecord, positionOf } from './task-output.ts';

/**
 * What goes through the internal topic between two stages, as JSON: an item, or how far event time
 * has come in the task that says so. Each carries the number that its task gave it, so that what
 * is sent again after a crash is told from what is new.
 */
interface Message {
  /** Name of the task that wrote it. */
  readonly f: string;
  readonly s: number;
  readonly item?: KeptItem;
  /** Times before all others are null. */
  readonly mark?: readonly [watermark: number | null, settled: number | null, idle: 0 | 1];
}

export interface Mark {
  readonly watermark: number;
  readonly settled: number;
  readonly isIdle: boolean;
}

export function encodeItem(
  topic: string,
  task: string,
  sequence: number,
  item: Item,
): OutputRecord {
  return {
    ...toRecord(topic, { f: task, s: sequence, item: item.toJSON() }),
    partition: null,
    key: Buffer.from(item.effectiveKey ?? ''),
    source: positionOf(item.origin.record),
  };
}

export function encodeMark(
  topic: string,
  partition: number,
  task: string,
  sequence: number,
  { watermark, settled, isIdle }: Mark,
): OutputRecord {
  const mark = [finite(watermark), finite(settled), isIdle ? 1 : 0] as const;
  return { ...toRecord(topic, { f: task, s: sequence, mark }), partition };
}

/** Throws TypeError when somebody else wrote to the internal topic. */
export function decodeMessage(
  record: SourceRecord,
): { task: string; sequence: number } & ({ item: Item; mark: null } | { item: null; mark: Mark }) {
  const { f: task, s: sequence, item, mark } = parse(record);
  if (item !== undefined) {
    return { task, sequence, item: Item.revive(item), mark: null };
  }
  const [watermark, settled, idle] = mark ?? [null, null, 0];
  return {
    task,
    sequence,
    item: null,
    mark: {
      watermark: watermark ?? -Infinity,
      settled: settled ?? -Infinity,
      isIdle: idle === 1,
    },
  };
}

function parse({ topic, partition, offset, value }: SourceRecord): Message {
  try {
    return JSON.parse(value?.toString('utf8') ?? '') as Message;
  } catch (cause) {
    throw new TypeError(
      `the internal topic ${topic} holds at ${partition}/${offset} what no task wrote`,
      { cause },
    );
  }
}

function toRecord(topic: string, message: Message): OutputRecord {
  return {
    kind: 'record',
    topic,
    partition: null,
    key: null,
    value: Buffer.from(JSON.stringify(message)),
    headers: [],
    timestamp: undefined,
    source: null,
    purpose: 'repartition',
  };
}

function finite(time: number): number | null {
  return Number.isFinite(time) ? time : null;
}
