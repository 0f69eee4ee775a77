import { PoisonRecord } from '../operators/operator.ts';
import { TableRows } from '../task/table-rows.ts';
import type { TableSource } from '../topology/nodes.ts';
import {
  type PipelineDefinition,
  tableSources,
  tableTopics,
} from '../topology/pipeline-definition.ts';
import type { SourceRecord } from '../topology/source-record.ts';
import type { TableEnd } from './batch/batch-run.ts';
import { keyOf, PartitionReader } from './partition-reader.ts';
import type { RefusedRow } from './refused-rows.ts';
import type { BytesConsumer, KafkaPort, LoggerPort } from './runtime-ports.ts';

/** Records that are read ahead while the pipeline has no time for them. */
const WAITING_MAX = 10_000;
const POLL_MS = 1_000;

/**
 * The tables of a pipeline as this process has them: read whole before the first record, then
 * followed. Rows change only in `apply`, so that no row changes under a handler.
 */
export class TableFollower {
  readonly #definition: PipelineDefinition;
  readonly #logger: LoggerPort;
  readonly #reader: PartitionReader;
  readonly #consumer: BytesConsumer;
  readonly #kafka: KafkaPort;
  readonly #rows = new Map<TableSource, TableRows>();
  #waiting: SourceRecord[] = [];
  #refused: RefusedRow[] = [];
  #failure: unknown = null;
  #following: Promise<void> | null = null;
  #closed = false;
  #room: () => void = () => {};

  constructor(kafka: KafkaPort, definition: PipelineDefinition, logger: LoggerPort) {
    this.#kafka = kafka;
    this.#definition = definition;
    this.#logger = logger;
    const topics = tableTopics(definition);
    for (const source of tableSources(definition)) {
      this.#rows.set(source, new TableRows(source));
    }
    this.#consumer = kafka.consumer(`${definition.name}.tables`, { autocommit: false });
    this.#consumer.on('error', () => {});
    this.#reader = new PartitionReader(kafka, `${definition.name}.tables`, topics);
  }

  /** The rows of a table; `source` is one of the definition. */
  rowsOf(source: TableSource): TableRows {
    return this.#rows.get(source) as TableRows;
  }

  /**
   * Reads the tables up to where their topics end now, or before. Rejects when no broker answers.
   *
   * @param ends rows from these offsets on do not count; nor does what they removed, if compaction
   *   has removed the row before them
   */
  async load(signal: AbortSignal, ends: readonly TableEnd[] = []): Promise<void> {
    const topics = tableTopics(this.#definition);
    if (topics.length === 0) return;
    const [first, last] = await Promise.all([
      this.#consumer.listOffsets({ topics, timestamp: -2n }),
      this.#consumer.listOffsets({ topics, timestamp: -1n }),
    ]);
    const positions = topics.flatMap((topic) =>
      (first.get(topic) ?? []).map((offset, partition) => ({
        topic,
        partition,
        offset: Number(offset),
      })),
    );
    const endOf = new Map(ends.map((end) => [keyOf(end), end.endOffset]));
    const missing = new Map<string, number>();
    for (const at of positions) {
      const now = Number(last.get(at.topic)?.[at.partition] ?? 0n);
      const end = Math.min(now, endOf.get(keyOf(at)) ?? now);
      endOf.set(keyOf(at), end);
      if (at.offset < end) missing.set(keyOf(at), end);
    }
    await this.#reader.assign(positions);
    while (missing.size > 0 && !signal.aborted) {
      for (const part of await this.#reader.next()) {
        const end = endOf.get(keyOf(part)) ?? 0;
        for (const record of part.records) {
          if (record.offset < end) await this.#take(record);
        }
        if (part.nextOffset >= (missing.get(keyOf(part)) ?? 0)) missing.delete(keyOf(part));
      }
    }
  }

  /** Reads on from where `load` came to. */
  follow(): void {
    if (this.#rows.size > 0) {
      this.#following ??= this.#follow();
    }
  }

  /**
   * Takes what came since the last call; tells of each topic's keys whose row changed. Rejects when
   * the table could not be read on.
   */
  async apply(changed: (topic: string, keys: string[]) => Promise<void> | void): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#waiting.length === 0) return;
    const records = this.#waiting;
    this.#waiting = [];
    this.#room();
    const keys = new Map<string, Set<string>>();
    for (const record of records) {
      const ofTopic = keys.get(record.topic) ?? new Set<string>();
      keys.set(record.topic, ofTopic);
      for (const key of await this.#take(record)) ofTopic.add(key);
    }
    for (const [topic, ofTopic] of keys) {
      if (ofTopic.size > 0) await changed(topic, [...ofTopic]);
    }
  }

  /** The records that were no rows, each partition's in order, which nobody has dealt with yet. */
  get refused(): readonly RefusedRow[] {
    return this.#refused;
  }

  /** They are dealt with. */
  forgetRefused(): void {
    this.#refused = [];
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#room();
    await Promise.all([this.#reader.close(), this.#kafka.release(this.#consumer)]);
    await this.#following;
  }

  async #follow(): Promise<void> {
    try {
      while (!this.#closed) {
        for (const { records } of await this.#reader.next(POLL_MS)) {
          for (const record of records) this.#waiting.push(record);
        }
        if (this.#waiting.length > WAITING_MAX && !this.#closed) {
          await new Promise<void>((resolve) => (this.#room = resolve));
        }
      }
    } catch (error) {
      if (!this.#closed) this.#failure = error;
    }
  }

  /** The keys whose rows changed. A record that is no row is said and put aside. */
  async #take(record: SourceRecord): Promise<string[]> {
    const keys: string[] = [];
    let refusal: PoisonRecord | null = null;
    for (const [source, rows] of this.#rows) {
      if (source.topic !== record.topic) continue;
      try {
        keys.push(...(await rows.take(record)));
      } catch (error) {
        if (!(error instanceof PoisonRecord)) throw error;
        refusal ??= error;
      }
    }
    if (refusal !== null) {
      const { topic, partition, offset } = record;
      const fields = { pipeline: this.#definition.name, topic, partition, offset, err: refusal };
      this.#logger.warn(fields, 'a record of a table is no row of it; the row before stays');
      this.#refused.push({ record, error: refusal });
    }
    return keys;
  }
}
