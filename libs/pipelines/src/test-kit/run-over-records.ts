import type { PipelineDefinition } from '../definition/pipeline-definition.ts';
import type { SourceRecord } from '../definition/source-record.ts';
import { accumulate, type Accumulators, resultRows } from '../execution/aggregate.ts';
import { toCsv } from '../execution/csv.ts';
import { encode, processChunk } from '../runtime/chunk-processor.ts';

/** A record to feed a pipeline with; what is left out has a fixed value. */
export interface TestRecord {
  /** A Buffer or null as it is; anything else is written as JSON. */
  readonly value: unknown;
  readonly key?: string | null;
  /** Milliseconds since epoch. */
  readonly timestamp?: number;
  readonly topic?: string;
  readonly partition?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestOutput {
  readonly topic: string;
  readonly key: string | null;
  /** The JSON of the value; null for a tombstone. */
  readonly value: unknown;
}

export interface TestDeadLetter {
  readonly value: Buffer | null;
  /** All headers as text, the reason's `penstock.errors.*` among them. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface TestRun {
  readonly outputs: TestOutput[];
  readonly deadLetters: TestDeadLetter[];
  /** Rows of an aggregate, sorted by key. */
  readonly rows: unknown[];
  /** Files by name. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Runs a pipeline over records without a broker, exactly as the runtime would: same decoding, same
 * retries, same dead letters. Offsets count from 0 per partition, timestamps are 0 unless given.
 */
export async function runOverRecords(
  definition: PipelineDefinition,
  records: Iterable<TestRecord>,
): Promise<TestRun> {
  const { aggregation } = definition;
  const partitions = new Map<number, Accumulators>();
  const outputs: TestOutput[] = [];
  const deadLetters: TestDeadLetter[] = [];
  for (const record of toSourceRecords(definition, records)) {
    const accumulators: Accumulators = partitions.get(record.partition) ?? new Map();
    partitions.set(record.partition, accumulators);
    const { messages } = await processChunk(
      definition,
      [record],
      aggregation === null ? null : (emission) => accumulate(aggregation, accumulators, emission),
    );
    for (const { topic, key, value, headers } of messages) {
      if (topic === definition.deadLetterTopic) {
        deadLetters.push({ value, headers: toText(headers) });
      } else {
        outputs.push({ topic, key: key?.toString() ?? null, value: parse(value) });
      }
    }
  }
  const keyed = aggregation === null ? [] : resultRows(aggregation, [...partitions.values()]);
  const rows = keyed.map(({ row }) => row);
  const files: Record<string, string> = {};
  for (const sink of definition.sinks) {
    if (sink.kind === 'csv') {
      files[sink.fileName] = toCsv(sink.columns, rows);
    } else if (aggregation !== null) {
      outputs.push(...keyed.map(({ key, row }) => ({ topic: sink.topic, key, value: row })));
    }
  }
  return { outputs, deadLetters, rows, files };
}

function* toSourceRecords(
  definition: PipelineDefinition,
  records: Iterable<TestRecord>,
): Generator<SourceRecord> {
  const offsets = new Map<number, number>();
  for (const record of records) {
    const partition = record.partition ?? 0;
    const offset = offsets.get(partition) ?? 0;
    offsets.set(partition, offset + 1);
    yield {
      topic: record.topic ?? definition.source.topics[0] ?? '',
      partition,
      offset,
      timestamp: record.timestamp ?? 0,
      key: record.key == null ? null : Buffer.from(record.key),
      value: encode(record.value),
      headers: Object.entries(record.headers ?? {}).map(
        ([name, value]) => [Buffer.from(name), Buffer.from(value)] as const,
      ),
    };
  }
}

function parse(value: Buffer | null): unknown {
  return value === null ? null : (JSON.parse(value.toString()) as unknown);
}

function toText(headers: ReadonlyMap<Buffer, Buffer | null>): Record<string, string> {
  return Object.fromEntries(
    [...headers].map(([name, value]) => [name.toString(), value?.toString() ?? '']),
  );
}
