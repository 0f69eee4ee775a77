import { createHash } from 'node:crypto';
import { PipelineDefinitionError } from './definition-error.ts';
import type {
  Aggregation,
  CsvColumn,
  Operator,
  PipelineDefinition,
  RetryOptions,
  Sink,
  Source,
  ValueFormat,
} from './pipeline-definition.ts';
import { type ScheduleOptions, toSchedule } from './schedule-options.ts';
import { type Schema, toParse } from './schema.ts';
import type { OperatorContext } from './source-record.ts';

export interface PipelineOptions {
  /** One sentence for people. */
  readonly description?: string;
  /** Consumer group of the stream processor; the pipeline's name when absent. */
  readonly groupId?: string;
  /** Where records go that cannot be processed; `<name>.dlt` when absent. */
  readonly deadLetterTopic?: string;
  /** When the batch job runs by itself; when absent it runs on request only. */
  readonly schedule?: ScheduleOptions;
  readonly retry?: RetryOptions;
  /** Tries of one batch run before it counts as failed; 3 when absent. */
  readonly batchAttempts?: number;
  /**
   * How a pipeline without an aggregate runs: continuously (`stream`, when absent), over bounded
   * windows (`batch`), or either. One with an aggregate runs as `batch`.
   */
  readonly runsAs?: 'stream' | 'batch' | 'both';
}

export interface SourceOptions<Value> {
  readonly schema: Schema<Value>;
  /** How the record's bytes are read before the schema sees them; `json` when absent. */
  readonly format?: ValueFormat;
  /** When the event happened, ms since epoch; the record's own time when absent. */
  readonly eventTime?: (value: Value) => number;
}

export interface AggregateOptions<Value, Accumulator, Row> {
  readonly label?: string;
  /** Which group a value belongs to. */
  readonly key: (value: Value, context: OperatorContext) => string;
  /** An empty accumulator. It, and all that comes of it, must survive JSON. */
  readonly init: (key: string) => Accumulator;
  readonly add: (accumulator: Accumulator, value: Value, context: OperatorContext) => Accumulator;
  /** Joins the accumulators of two partitions; the order must not matter. */
  readonly merge: (left: Accumulator, right: Accumulator) => Accumulator;
  /** The row of one key in the result. */
  readonly result: (key: string, accumulator: Accumulator) => Row;
}

/** Names of the row's fields, or headers with a function of the row. */
export type CsvColumns<Row> =
  ReadonlyArray<keyof Row & string> | Readonly<Record<string, (row: Row) => unknown>>;

/** Begins the definition of a pipeline. Throws {@link PipelineDefinitionError} on a bad option. */
export function pipeline(name: string, options: PipelineOptions = {}): PipelineStart {
  return new PipelineStart(name, options);
}

export class PipelineStart {
  readonly #name: string;
  readonly #options: PipelineOptions;

  constructor(name: string, options: PipelineOptions) {
    checkName(name, name, 'its name');
    this.#name = name;
    this.#options = options;
  }

  /** Reads one topic or several, whose values all have the same schema. */
  from<Value>(
    topics: string | readonly string[],
    options: SourceOptions<Value>,
  ): RecordStream<Value> {
    const list = typeof topics === 'string' ? [topics] : [...topics];
    if (list.length === 0) {
      throw new PipelineDefinitionError(this.#name, 'from() needs at least one topic');
    }
    list.forEach((topic) => checkName(this.#name, topic, 'source topic'));
    const parse = toParse(options.schema);
    if (parse === null) {
      throw new PipelineDefinitionError(
        this.#name,
        'the schema must be a Standard Schema (zod, …), an object with parse(), or a function',
      );
    }
    const source: Source = {
      topics: list,
      format: options.format ?? 'json',
      parse,
      eventTime: (options.eventTime as Source['eventTime'] | undefined) ?? null,
    };
    return new RecordStream<Value>(this.#name, this.#options, source, []);
  }
}

type Labelled<Apply> = [label: string, apply: Apply] | [apply: Apply];

/** Records on their way through the operators; each call returns a new one. */
export class RecordStream<Value> {
  readonly #name: string;
  readonly #options: PipelineOptions;
  readonly #source: Source;
  readonly #operators: readonly Operator[];

  constructor(
    name: string,
    options: PipelineOptions,
    source: Source,
    operators: readonly Operator[],
  ) {
    this.#name = name;
    this.#options = options;
    this.#source = source;
    this.#operators = operators;
  }

  /** Lets through the values for which `test` is true. A label says so to people. */
  filter(
    ...[first, second]: Labelled<
      (value: Value, context: OperatorContext) => boolean | Promise<boolean>
    >
  ): RecordStream<Value> {
    return this.#with<Value>('filter', first, second);
  }

  /** Turns each value into another. */
  map<Next>(
    ...[first, second]: Labelled<(value: Value, context: OperatorContext) => Next | Promise<Next>>
  ): RecordStream<Next> {
    return this.#with<Next>('map', first, second);
  }

  /** Turns each value into none, one or several. */
  flatMap<Next>(
    ...[first, second]: Labelled<
      (value: Value, context: OperatorContext) => readonly Next[] | Promise<readonly Next[]>
    >
  ): RecordStream<Next> {
    return this.#with<Next>('flatMap', first, second);
  }

  /** Sets the key of the output record; without it the source record's key is kept. */
  keyBy(
    ...[first, second]: Labelled<
      (value: Value, context: OperatorContext) => string | null | Promise<string | null>
    >
  ): RecordStream<Value> {
    return this.#with<Value>('keyBy', first, second);
  }

  /** Ends the pipeline in a topic. */
  to(topic: string): PipelineDefinition {
    checkSinkTopic(this.#name, topic, this.#source);
    return define({
      name: this.#name,
      options: this.#options,
      source: this.#source,
      operators: this.#operators,
      aggregation: null,
      sinks: [{ kind: 'topic', topic }],
    });
  }

  /** Folds the values of a bounded window into one row per key. */
  aggregate<Accumulator, Row>(
    options: AggregateOptions<Value, Accumulator, Row>,
  ): AggregateStream<Row> {
    for (const part of ['key', 'init', 'add', 'merge', 'result'] as const) {
      if (typeof options[part] !== 'function') {
        throw new PipelineDefinitionError(this.#name, `aggregate() needs the function ${part}`);
      }
    }
    const aggregation = {
      label: options.label ?? 'aggregate',
      ...options,
    } as unknown as Aggregation;
    return new AggregateStream<Row>({
      name: this.#name,
      options: this.#options,
      source: this.#source,
      operators: this.#operators,
      aggregation,
      sinks: [],
    });
  }

  #with<Next>(kind: Operator['kind'], first: unknown, second: unknown): RecordStream<Next> {
    const apply = typeof first === 'string' ? second : first;
    if (typeof apply !== 'function') {
      throw new PipelineDefinitionError(this.#name, `${kind}() needs a function`);
    }
    const label = typeof first === 'string' ? first : apply.name || kind;
    const operator = { kind, label, apply } as Operator;
    return new RecordStream<Next>(this.#name, this.#options, this.#source, [
      ...this.#operators,
      operator,
    ]);
  }
}

interface Parts {
  readonly name: string;
  readonly options: PipelineOptions;
  readonly source: Source;
  readonly operators: readonly Operator[];
  readonly aggregation: Aggregation | null;
  readonly sinks: readonly Sink[];
}

/** One row per key, on its way into a file, a topic, or both. */
export class AggregateStream<Row> {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Writes the rows, sorted by key, to a file that can be downloaded. */
  toCsv(fileName: string, columns: CsvColumns<Row>): AggregateDefinition<Row> {
    return this.#end(csvSink(this.#parts.name, fileName, columns as CsvColumns<never>));
  }

  /** Writes each row as a record: the aggregate's key, the row as JSON. */
  to(topic: string): AggregateDefinition<Row> {
    checkSinkTopic(this.#parts.name, topic, this.#parts.source);
    return this.#end({ kind: 'topic', topic });
  }

  #end(sink: Sink): AggregateDefinition<Row> {
    const parts = { ...this.#parts, sinks: [...this.#parts.sinks, sink] };
    if (parts.sinks.filter(({ kind }) => kind === sink.kind).length > 1) {
      throw new PipelineDefinitionError(parts.name, `it can end in one ${sink.kind} only`);
    }
    const further = new AggregateStream<Row>(parts);
    return Object.freeze({
      ...define(parts),
      toCsv: (fileName: string, columns: CsvColumns<Row>) => further.toCsv(fileName, columns),
      to: (topic: string) => further.to(topic),
    });
  }
}

/** A finished definition that can be given a second sink. */
export interface AggregateDefinition<Row> extends PipelineDefinition {
  toCsv(fileName: string, columns: CsvColumns<Row>): AggregateDefinition<Row>;
  to(topic: string): AggregateDefinition<Row>;
}

function define(parts: Parts): PipelineDefinition {
  const { name, options, aggregation } = parts;
  const mode = options.runsAs ?? (aggregation === null ? 'stream' : 'batch');
  if (aggregation !== null && mode !== 'batch') {
    throw new PipelineDefinitionError(
      name,
      'an aggregate without a window needs bounded input: it runs as batch',
    );
  }
  if (options.schedule !== undefined && mode === 'stream') {
    throw new PipelineDefinitionError(name, 'a schedule needs runsAs "batch" or "both"');
  }
  const deadLetterTopic = options.deadLetterTopic ?? `${name}.dlt`;
  const groupId = options.groupId ?? name;
  checkName(name, deadLetterTopic, 'dead-letter topic');
  checkName(name, groupId, 'group id');
  if (parts.source.topics.includes(deadLetterTopic)) {
    throw new PipelineDefinitionError(name, 'it cannot read its own dead-letter topic');
  }
  return Object.freeze({
    name,
    description: options.description ?? '',
    runsAs: Object.freeze({ stream: mode !== 'batch', batch: mode !== 'stream' }),
    source: Object.freeze(parts.source),
    operators: Object.freeze([...parts.operators]),
    aggregation,
    sinks: Object.freeze([...parts.sinks]),
    groupId,
    deadLetterTopic,
    schedule: toSchedule(name, options.schedule),
    retry: toRetry(name, options.retry),
    batchAttempts: atLeastOne(name, 'batchAttempts', options.batchAttempts ?? 3),
    hash: hashOf(parts),
  });
}

function toRetry(name: string, retry: RetryOptions | undefined): Required<RetryOptions> {
  return {
    attempts: atLeastOne(name, 'retry.attempts', retry?.attempts ?? 1),
    backoffMs: atLeastOne(name, 'retry.backoffMs', retry?.backoffMs ?? 100),
  };
}

function atLeastOne(name: string, option: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) {
    throw new PipelineDefinitionError(
      name,
      `${option} must be a whole number from 1, not ${value}`,
    );
  }
  return value;
}

/** A sink must not feed its own source: the pipeline would never end. */
function checkSinkTopic(name: string, topic: string, source: Source): void {
  checkName(name, topic, 'sink topic');
  if (source.topics.includes(topic)) {
    throw new PipelineDefinitionError(name, `it cannot write to "${topic}", which it reads`);
  }
}

/** Kafka's rule for topic names (org.apache.kafka.common.internals.Topic). */
function checkName(name: string, value: string, what: string): void {
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(value) || value === '.' || value === '..') {
    throw new PipelineDefinitionError(
      name,
      `${what} "${value}" must be 1 to 249 letters, digits, dots, underscores or hyphens`,
    );
  }
}

function csvSink(name: string, fileName: string, columns: CsvColumns<never>): Sink {
  if (!/^[\w][\w.-]{0,99}$/.test(fileName)) {
    throw new PipelineDefinitionError(name, `"${fileName}" is not a plain file name`);
  }
  const list: CsvColumn[] = Array.isArray(columns)
    ? (columns as readonly string[]).map((header) => ({
        header,
        value: (row) => (row as Record<string, unknown>)[header],
      }))
    : Object.entries(columns).map(([header, value]) => ({
        header,
        value: value as CsvColumn['value'],
      }));
  if (list.length === 0) {
    throw new PipelineDefinitionError(name, 'toCsv() needs at least one column');
  }
  return { kind: 'csv', fileName, columns: list };
}

/** The source text of a function stands for what it does. */
function hashOf(parts: Parts): string {
  const text = JSON.stringify({ ...parts, options: undefined }, (_, value: unknown) =>
    typeof value === 'function' ? String(value) : value,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
