import { decode, eventTimeOf } from '../task/record-decoding.ts';
import { encode } from '../task/task-output.ts';
import type { SourceNode } from '../topology/nodes.ts';
import type { PipelineDefinition } from '../topology/pipeline-definition.ts';
import { sourceTopics, tableTopics } from '../topology/pipeline-definition.ts';
import type { SourceRecord } from '../topology/source-record.ts';

/** A record to feed a pipeline with; what is left out has a fixed value. */
export interface TestRecord {
  /** A Buffer or null as it is; anything else is written as JSON. */
  readonly value: unknown;
  /** Null, or none, is a record without a key. */
  readonly key?: string | null;
  /** The record's own time, ms since epoch; 0 when absent. */
  readonly timestamp?: number;
  /** May be left out when the pipeline reads one topic. */
  readonly topic?: string;
  /** 0 when absent. */
  readonly partition?: number;
  /** Names with their values as text. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The records that were given, with their offsets. */
export class TestLog {
  readonly records: SourceRecord[] = [];
  readonly #definition: PipelineDefinition;
  readonly #partitions: number;
  readonly #topics: readonly string[];
  readonly #nextOffsets = new Map<string, number>();

  constructor(definition: PipelineDefinition, partitions: number) {
    this.#definition = definition;
    this.#partitions = partitions;
    this.#topics = [...sourceTopics(definition), ...tableTopics(definition)];
  }

  /** Throws RangeError for a topic that the pipeline does not read, or a partition too many. */
  append(record: TestRecord): SourceRecord {
    const { partition = 0 } = record;
    const topic = this.#topicOf(record);
    if (partition < 0 || partition >= this.#partitions) {
      throw new RangeError(
        `partition ${partition} is not one of ${this.#partitions}: set testDriver's option partitions`,
      );
    }
    const name = `${topic}/${partition}`;
    const offset = this.#nextOffsets.get(name) ?? 0;
    this.#nextOffsets.set(name, offset + 1);
    const made: SourceRecord = {
      topic,
      partition,
      offset,
      timestamp: record.timestamp ?? 0,
      key: record.key == null ? null : Buffer.from(record.key),
      value: encode(record.value),
      headers: Object.entries(record.headers ?? {}).map(
        ([header, value]) => [Buffer.from(header), Buffer.from(value)] as const,
      ),
    };
    this.records.push(made);
    return made;
  }

  /** When a record's event happened; its own time where that cannot be told. */
  timeOf(record: SourceRecord): number {
    const source = this.#definition.nodes.find(
      (node): node is SourceNode => node.kind === 'source' && node.topics.includes(record.topic),
    );
    try {
      const value = source === undefined ? null : decode(source, record);
      return source === undefined || value instanceof Promise
        ? record.timestamp
        : eventTimeOf(source, record, value);
    } catch {
      return record.timestamp;
    }
  }

  #topicOf({ topic }: TestRecord): string {
    const chosen = topic ?? (this.#topics.length === 1 ? this.#topics[0] : undefined);
    if (chosen === undefined || !this.#topics.includes(chosen)) {
      const what = topic === undefined ? 'a record without a topic' : `the topic ${topic}`;
      throw new RangeError(`${what} is not read: the pipeline reads ${this.#topics.join(', ')}`);
    }
    return chosen;
  }
}
