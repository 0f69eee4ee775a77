import { murmur2 } from '@platformatic/kafka';
import { csvLine, totalsOf } from '../../task/csv.ts';
import type { OutputRecord, OutputRow, TaskOutput } from '../../task/task-output.ts';
import type { CsvSink } from '../../topology/nodes.ts';
import type { PipelineDefinition } from '../../topology/pipeline-definition.ts';
import { deliver } from '../output-delivery.ts';
import type { OutputWriter } from '../output-writer.ts';
import type { MadeUnit, ResultLine, StageMessage } from './made-outputs.ts';

/** What became of records that were to go to topics. */
interface Delivered {
  readonly written: number;
  readonly deadLettered: number;
  /** Lines that stand for them in files. */
  readonly lines: readonly ResultLine[];
}

/** Where records for topics go. */
export interface RecordSink {
  /** Resolves when all are acknowledged. */
  deliver(records: readonly OutputRecord[]): Promise<Delivered>;
}

/** The topics themselves. */
export class TopicSink implements RecordSink {
  readonly #definition: PipelineDefinition;
  readonly #writer: OutputWriter;

  constructor(definition: PipelineDefinition, writer: OutputWriter) {
    this.#definition = definition;
    this.#writer = writer;
  }

  async deliver(records: readonly OutputRecord[]): Promise<Delivered> {
    if (records.length === 0) {
      return { written: 0, deadLettered: 0, lines: [] };
    }
    const { refused, letters } = await deliver(this.#definition, this.#writer, records);
    return {
      written: countOf(records, 'sink') - refused,
      deadLettered: countOf(records, 'deadLetter') + letters.length,
      lines: [],
    };
  }
}

/** A file per topic, for a detached run: it writes to no topic. */
export class FileSink implements RecordSink {
  deliver(records: readonly OutputRecord[]): Promise<Delivered> {
    return Promise.resolve({
      written: countOf(records, 'sink'),
      deadLettered: countOf(records, 'deadLetter'),
      lines: records.map(toLine),
    });
  }
}

/** Name of the file that has what a detached run would have written to a topic. */
export function detachedFile(topic: string): string {
  return `${topic}.ndjson`;
}

/**
 * Delivers what a task committed: records to their topics first, then what goes to files and to the
 * next stage is returned, to be kept as one unit.
 *
 * @param partitionsOf partitions of an internal topic
 */
export async function deliverOutputs(
  definition: PipelineDefinition,
  outputs: readonly TaskOutput[],
  to: {
    readonly name: string;
    readonly sink: RecordSink;
    readonly partitionsOf: (topic: string) => number;
  },
): Promise<MadeUnit> {
  const records: OutputRecord[] = [];
  const messages: StageMessage[] = [];
  const rows: OutputRow[] = [];
  for (const output of outputs) {
    if (output.kind === 'row') rows.push(output);
    else if (output.purpose === 'repartition') messages.push(toMessage(output, to.partitionsOf));
    else records.push(output);
  }
  const { lines, written, deadLettered } = await to.sink.deliver(records);
  const all = [...lines, ...rows.map((row) => toCsvLine(definition, row))];
  return { name: to.name, lines: all, messages, written, deadLettered };
}

function countOf(records: readonly OutputRecord[], purpose: OutputRecord['purpose']): number {
  return records.filter((record) => record.purpose === purpose).length;
}

/** By the key, as Kafka's producers do. */
function toMessage(
  { topic, partition, key, value }: OutputRecord,
  partitionsOf: (topic: string) => number,
): StageMessage {
  const hash = murmur2(Buffer.from(key ?? [])) & 0x7fffffff;
  return {
    topic,
    partition: partition ?? hash % partitionsOf(topic),
    value: value ?? Buffer.alloc(0),
  };
}

function toCsvLine(definition: PipelineDefinition, row: OutputRow): ResultLine {
  const { fileName: file, id, order } = row;
  const sink = definition.sinks.find(
    (each): each is CsvSink => each.kind === 'csv' && each.fileName === file,
  );
  const totals = sink === undefined ? '' : totalsOf(sink, row.value).join(' ');
  return { file, id, order, text: csvLine(sink?.columns ?? [], row.value), totals };
}

function toLine(record: OutputRecord): ResultLine {
  const { topic, key, value, source, purpose } = record;
  const header = record.headers.findLast(
    ([name]) => Buffer.from(name).toString() === 'penstock.id',
  );
  const position =
    source === null
      ? ''
      : `${source.topic}\u0000${pad(source.partition)}\u0000${pad(source.offset)}`;
  const id = header?.[1] == null ? `${purpose} ${position}` : Buffer.from(header[1]).toString();
  const text = `${JSON.stringify({ key: textOf(key), value: readable(value) })}\n`;
  return {
    file: detachedFile(topic),
    id,
    order: position === '' ? id : position,
    text,
    totals: '',
  };
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString();
}

/** JSON stays JSON; other bytes are text. */
function readable(bytes: Uint8Array | null): unknown {
  const text = textOf(bytes);
  if (text === null) {
    return null;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function pad(number: number): string {
  return String(number).padStart(16, '0');
}
