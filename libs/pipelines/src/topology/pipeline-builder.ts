import type { Duration } from '../time/duration.ts';
import type { WindowSpec } from '../time/windows.ts';
import { PipelineDefinitionError } from './definition-error.ts';
import { type AggregateOptions, type RowOf, toFold, type WindowRow } from './aggregate-options.ts';
import { partitionedAlike, partitionedByKey } from './keys.ts';
import {
  type CsvColumns,
  type CsvOptions,
  type EndedStream,
  StreamEnd,
  type TopicOptions,
} from './ended-stream.ts';
import type { Node, SourceNode, TableSource, ValueNode } from './nodes.ts';
import type { PipelineOptions, Plan } from './pipeline-options.ts';
import { toParse } from './schema.ts';
import type { OperatorContext, Table } from './source-record.ts';
import type {
  JoinOptions,
  ProcessOptions,
  SourceOptions,
  WindowOptions,
} from './stream-options.ts';
import { sourceOf } from './table.ts';
import { atLeastOne, checkFunction, checkName, duration, oneOf } from './validation.ts';

/** Begins the definition of a pipeline. Throws {@link PipelineDefinitionError} on a bad option. */
export function pipeline(name: string, options: PipelineOptions = {}): PipelineStart {
  return new PipelineStart(name, options);
}

export class PipelineStart {
  readonly #plan: Plan;

  constructor(name: string, options: PipelineOptions) {
    checkName(name, name, 'its name');
    this.#plan = { name, options, internalNames: new Set() };
  }

  /** Reads one topic or several, whose values all have the same schema. */
  from<Value>(
    topics: string | readonly string[],
    options: SourceOptions<Value>,
  ): RecordStream<Value> {
    const { name } = this.#plan;
    const list = typeof topics === 'string' ? [topics] : [...topics];
    if (list.length === 0) {
      throw new PipelineDefinitionError(name, 'from() needs at least one topic');
    }
    list.forEach((topic) => checkName(name, topic, 'source topic'));
    const parse = toParse(options.schema);
    if (parse === null) {
      throw new PipelineDefinitionError(
        name,
        'the schema must be a Standard Schema (zod, …), an object with parse(), or a function',
      );
    }
    const source: SourceNode = {
      kind: 'source',
      label: list.join(', '),
      inputs: [],
      topics: list,
      format: oneOf(name, 'format', options.format ?? 'json', ['json', 'text', 'bytes']),
      parse,
      eventTime: (options.eventTime as SourceNode['eventTime'] | undefined) ?? null,
      latenessMs: duration(name, 'lateness', options.lateness ?? 0),
      idleAfterMs: duration(name, 'idleAfter', options.idleAfter ?? '30s'),
      idle: oneOf(name, 'idle', options.idle ?? 'advance', ['advance', 'wait']),
      futureMaxMs: duration(name, 'futureMax', options.futureMax ?? '1h'),
    };
    return new RecordStream<Value>(this.#plan, source);
  }
}

type Labelled<Apply> = [label: string, apply: Apply] | [apply: Apply];
type Maybe<Value> = Value | Promise<Value>;

/** Records on their way through the operators; each call returns a new one. */
export class RecordStream<Value> {
  readonly #plan: Plan;
  readonly #node: Node;

  constructor(plan: Plan, node: Node) {
    this.#plan = plan;
    this.#node = node;
  }

  /** Lets through the values for which `test` is true. A label says so to people. */
  filter(
    ...args: Labelled<(value: Value, context: OperatorContext) => Maybe<boolean>>
  ): RecordStream<Value> {
    return this.#value('filter', args);
  }

  /** Turns each value into another. */
  map<Next>(
    ...args: Labelled<(value: Value, context: OperatorContext) => Maybe<Next>>
  ): RecordStream<Next> {
    return this.#value('map', args);
  }

  /** Turns each value into none, one or several. */
  flatMap<Next>(
    ...args: Labelled<(value: Value, context: OperatorContext) => Maybe<readonly Next[]>>
  ): RecordStream<Next> {
    return this.#value('flatMap', args);
  }

  /**
   * Turns each value into another by something that takes time. Up to `concurrency` calls (8 when
   * absent) are under way; those of one key follow each other.
   */
  mapAsync<Next>(
    ...args:
      | [label: string, apply: MapAsync<Value, Next>, options?: { readonly concurrency?: number }]
      | [apply: MapAsync<Value, Next>, options?: { readonly concurrency?: number }]
  ): RecordStream<Next> {
    const [label, apply, options] =
      typeof args[0] === 'string' ? [args[0], args[1], args[2]] : [null, args[0], args[1]];
    const concurrency = (options as { concurrency?: number } | undefined)?.concurrency ?? 8;
    const made = label === null ? [apply] : [label, apply];
    return this.#value('mapAsync', made, atLeastOne(this.#plan.name, 'concurrency', concurrency));
  }

  /** Sets the key: of the output, and of the operators behind it that work per key. */
  keyBy(
    ...args: Labelled<(value: Value, context: OperatorContext) => Maybe<string | null>>
  ): RecordStream<Value> {
    const [label, key] = this.#labelled('keyBy', args);
    return this.#then({ kind: 'keyBy', label, inputs: [this.#node], key });
  }

  /** States that the records are keyed already, and partitioned by that key as Kafka does. */
  byRecordKey(): RecordStream<Value> {
    return this.#then({ kind: 'keyBy', label: 'record key', inputs: [this.#node], key: null });
  }

  /** Takes the records of another stream of the same pipeline in as well. */
  merge<Other>(other: RecordStream<Other>): RecordStream<Value | Other> {
    this.#checkSame(other, 'merge()');
    return this.#then({ kind: 'merge', label: 'merge', inputs: [this.#node, other.#node] });
  }

  /** A stream per name, of the values that its test takes. A value may go into several, or none. */
  branch<Name extends string>(
    tests: Readonly<Record<Name, (value: Value, context: OperatorContext) => boolean>>,
  ): Readonly<Record<Name, RecordStream<Value>>> {
    const branches = Object.entries(tests).map(([name, test]) => {
      checkFunction(this.#plan.name, test, `the test of branch ${name}`);
      const node: Node = {
        kind: 'branch',
        label: name,
        inputs: [this.#node],
        name,
        test: test as () => boolean,
      };
      return [name, new RecordStream<Value>(this.#plan, node)] as const;
    });
    if (branches.length === 0) {
      throw new PipelineDefinitionError(this.#plan.name, 'branch() needs at least one test');
    }
    return Object.freeze(Object.fromEntries(branches)) as Record<Name, RecordStream<Value>>;
  }

  /** Cuts the records of each key into windows of event time. */
  window(spec: WindowSpec, options: WindowOptions = {}): WindowedStream<Value> {
    const input = partitionedByKey(this.#plan, this.#node, 'window()');
    return new WindowedStream<Value>(this.#plan, input, spec, options);
  }

  /** One aggregate per key over everything; its row is written whenever a commit changed it. */
  aggregate<Accumulator, Row extends object>(
    options: AggregateOptions<Value, Accumulator, Row>,
  ): RecordStream<RowOf<Row>> {
    const { name } = this.#plan;
    const input = partitionedByKey(this.#plan, this.#node, 'aggregate()');
    const fold = toFold(name, options as AggregateOptions<unknown, unknown, object>);
    return this.#then({ kind: 'aggregate', inputs: [input], ...fold });
  }

  /** Handles the records of each key in the order of event time, with state and timers. */
  process<State, Output, Timer = unknown>(
    ...args:
      | [label: string, options: ProcessOptions<Value, State, Output, Timer>]
      | [options: ProcessOptions<Value, State, Output, Timer>]
  ): RecordStream<Output> {
    const { name } = this.#plan;
    const options = (args.length === 1 ? args[0] : args[1]) as ProcessOptions<
      never,
      unknown,
      unknown,
      never
    >;
    checkFunction(name, options.state, 'process() needs state, which');
    checkFunction(name, options.onRecord, 'process() needs onRecord, which');
    if (options.onTimer !== undefined) checkFunction(name, options.onTimer, 'onTimer');
    return this.#then({
      kind: 'process',
      label: typeof args[0] === 'string' ? args[0] : 'process',
      inputs: [partitionedByKey(this.#plan, this.#node, 'process()')],
      state: options.state,
      onRecord: options.onRecord as () => unknown,
      onTimer: (options.onTimer as (() => unknown) | undefined) ?? null,
      late: oneOf(name, 'late', options.late ?? 'drop', ['drop', 'deadLetter', 'apply']),
      tables: (options.tables ?? []).map((made) => sourceOf(name, made)),
    });
  }

  /**
   * Adds the row of a table to each value. The row's key is the stream's: what `keyBy` gave, else
   * the record's own. Without a row the value is skipped, waits for one, or meets null.
   */
  joinTable<Row, Next>(
    table: Table<Row>,
    join: (value: Value, row: Row, context: OperatorContext) => Next,
    options?: { readonly missing?: 'skip' | 'wait' },
  ): RecordStream<Next>;
  joinTable<Row, Next>(
    table: Table<Row>,
    join: (value: Value, row: Row | null, context: OperatorContext) => Next,
    options: { readonly missing: 'null' },
  ): RecordStream<Next>;
  joinTable<Row, Next>(
    table: Table<Row>,
    join: (value: Value, row: never, context: OperatorContext) => Next,
    options: { readonly missing?: 'skip' | 'wait' | 'null' } = {},
  ): RecordStream<Next> {
    const { name } = this.#plan;
    checkFunction(name, join, 'the second argument of joinTable()');
    const source: TableSource = sourceOf(name, table as Table<unknown>);
    return this.#then({
      kind: 'joinTable',
      label: table.topic,
      inputs: [this.#node],
      table: source,
      join: join as () => unknown,
      missing: oneOf(name, 'missing', options.missing ?? 'skip', ['skip', 'wait', 'null']),
    });
  }

  /**
   * Pairs each value with those of another stream that have the same key and are near in event
   * time. With `left`, a value that finds no partner is paired with null once that is certain.
   */
  join<Other, Next>(
    other: RecordStream<Other>,
    options: JoinOptions & { readonly kind?: 'inner' },
    join: (left: Value, right: Other, context: OperatorContext) => Next,
  ): RecordStream<Next>;
  join<Other, Next>(
    other: RecordStream<Other>,
    options: JoinOptions & { readonly kind: 'left' },
    join: (left: Value, right: Other | null, context: OperatorContext) => Next,
  ): RecordStream<Next>;
  join<Other, Next>(
    other: RecordStream<Other>,
    options: JoinOptions,
    join: (left: Value, right: never, context: OperatorContext) => Next,
  ): RecordStream<Next> {
    const { name } = this.#plan;
    this.#checkSame(other, 'join()');
    checkFunction(name, join, 'the third argument of join()');
    return this.#then({
      kind: 'join',
      label: 'join',
      inputs: partitionedAlike(this.#plan, this.#node, other.#node, 'join()'),
      withinMs: duration(name, 'within', options.within),
      side: oneOf(name, 'kind', options.kind ?? 'inner', ['inner', 'left']),
      late: oneOf(name, 'late', options.late ?? 'drop', ['drop', 'deadLetter']),
      join: join as () => unknown,
    });
  }

  /** Lets through the first value of those that have the same identity, in event-time order. */
  dedupe(options: {
    readonly by: (value: Value, context: OperatorContext) => string;
    /** How long an identity is remembered, in event time. */
    readonly within: Duration;
  }): RecordStream<Value> {
    const { name } = this.#plan;
    checkFunction(name, options.by, 'dedupe() needs by, which');
    return this.#then({
      kind: 'dedupe',
      label: 'dedupe',
      inputs: [partitionedByKey(this.#plan, this.#node, 'dedupe()')],
      by: options.by as () => unknown,
      withinMs: duration(name, 'within', options.within),
    });
  }

  /** Ends the stream in a topic. */
  to(topic: string, options: TopicOptions<Value> = {}): EndedStream<Value> {
    return new StreamEnd<Value>(this.#plan, this.#node, []).to(topic, options);
  }

  /** Ends the stream in a file per batch run. */
  toCsv(
    fileName: string,
    columns: CsvColumns<Value>,
    options: CsvOptions = {},
  ): EndedStream<Value> {
    return new StreamEnd<Value>(this.#plan, this.#node, []).toCsv(fileName, columns, options);
  }

  #then<Next>(node: Node): RecordStream<Next> {
    return new RecordStream<Next>(this.#plan, node);
  }

  #value<Next>(
    kind: ValueNode['kind'],
    args: readonly unknown[],
    concurrency = 1,
  ): RecordStream<Next> {
    const [label, apply] = this.#labelled(kind, args);
    return this.#then({ kind, label, inputs: [this.#node], apply, concurrency });
  }

  #labelled(kind: string, [first, second]: readonly unknown[]): [string, () => unknown] {
    const apply = typeof first === 'string' ? second : first;
    if (typeof apply !== 'function') {
      throw new PipelineDefinitionError(this.#plan.name, `${kind}() needs a function`);
    }
    return [typeof first === 'string' ? first : apply.name || kind, apply as () => unknown];
  }

  #checkSame(other: RecordStream<unknown>, what: string): void {
    if (other.#plan !== this.#plan) {
      throw new PipelineDefinitionError(
        this.#plan.name,
        `${what} needs a stream of the same pipeline: begin both from one pipeline(…)`,
      );
    }
  }
}

type MapAsync<Value, Next> = (value: Value, context: OperatorContext) => Promise<Next>;

/** Records of each key in windows, on their way into an aggregate. */
export class WindowedStream<Value> {
  readonly #plan: Plan;
  readonly #input: Node;
  readonly #spec: WindowSpec;
  readonly #options: WindowOptions;

  constructor(plan: Plan, input: Node, spec: WindowSpec, options: WindowOptions) {
    this.#plan = plan;
    this.#input = input;
    this.#spec = spec;
    this.#options = options;
  }

  /** A row per key and window: `{ key, windowStart, windowEnd, …result }`. */
  aggregate<Accumulator, Row extends object>(
    options: AggregateOptions<Value, Accumulator, Row>,
  ): RecordStream<WindowRow<Row>> {
    const { name } = this.#plan;
    const spec = this.#spec;
    const { grace = 0, late = 'drop', emit = 'final', keep = '7d' } = this.#options;
    const fold = toFold(name, options as AggregateOptions<unknown, unknown, object>);
    if (spec.kind === 'session' && fold.merge === null) {
      throw new PipelineDefinitionError(
        name,
        'a session window needs merge: a record may join two sessions',
      );
    }
    if (spec.kind === 'session' && emit === 'changes') {
      throw new PipelineDefinitionError(
        name,
        'a session window needs emit "final": its start, and so its identity, may still change',
      );
    }
    return new RecordStream<WindowRow<Row>>(this.#plan, {
      kind: 'window',
      inputs: [this.#input],
      spec,
      graceMs: duration(name, 'grace', grace),
      late: oneOf(name, 'late', late, ['drop', 'update', 'deadLetter']),
      emit: oneOf(name, 'emit', emit, ['final', 'changes']),
      keepMs: duration(name, 'keep', keep),
      ...fold,
    });
  }
}
