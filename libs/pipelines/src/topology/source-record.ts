/** One record of a source topic, as it is on the log. */
export interface SourceRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since epoch: the record's own time (CreateTime or LogAppendTime). */
  readonly timestamp: number;
  readonly key: Buffer | null;
  /** Null is a tombstone. */
  readonly value: Buffer | null;
  /** In the order of the record; a name may come more than once. */
  readonly headers: ReadonlyArray<readonly [Buffer, Buffer | null]>;
}

/**
 * What an operator may know besides the value. There is no wall clock in it, on purpose: the same
 * records give the same result whenever they are read. For a row of a window or what a timer wrote,
 * `topic` is the pipeline's name and `offset` −1.
 */
export interface OperatorContext {
  /** Where the record lies; the pipeline's name for what no single record made. */
  readonly topic: string;
  /** Where the record lies. */
  readonly partition: number;
  /** Where the record lies; −1 for what no single record made. */
  readonly offset: number;
  /** Milliseconds since epoch: the record's own time. */
  readonly timestamp: number;
  /** Milliseconds since epoch: what `eventTime` says, else the record's own time. */
  readonly eventTime: number;
  /** The key that `keyBy` gave, else the source record's key as text; null when there is none. */
  readonly key: string | null;
  /** 1 at the first try of this record. */
  readonly attempt: number;
  /** Aborted when the handler's time is over or the processor stops. */
  readonly signal: AbortSignal;
  /** Writes to the log of the worker, with the pipeline's name; in batch, to that of the run. */
  readonly log: OperatorLog;
  /** The batch run that the record is read in; null in a stream. */
  readonly run: RunContext | null;
  /**
   * The time that records have brought, ms since epoch: the event time, or later for a late one.
   */
  now(): number;
}

/** What the operators of a batch run may know of it. */
export interface RunContext {
  readonly id: string;
  /** The time that the run stands for, ms since epoch. */
  readonly nominalAt: number;
  /** Parameters given by who started it. */
  readonly params: Readonly<Record<string, unknown>>;
}

export interface OperatorLog {
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
}

/** What the handlers of `process()` can do besides. */
export interface ProcessContext<State, Output> extends OperatorContext {
  /** The key that the state belongs to. */
  readonly key: string;
  /** The key's state. It may be changed in place or replaced; undefined removes it. */
  state: State;
  /** Whether the record came too late to be in order (`late: 'apply'`). */
  readonly late: boolean;
  /**
   * Puts a late record that is being handled (`late: 'apply'`) into the late topic, because it came
   * too late to be applied. Does nothing for another.
   */
  tooLate(): void;
  /** Sends a value on. Outputs keep the order of the calls. */
  emit(value: Output): void;
  /**
   * Calls `onTimer` with a value, for this key, when event time has passed `at` (ms since epoch).
   * With `keepRecord` the timer keeps the record that is being handled: when `onTimer` throws, it
   * goes to the dead-letter topic as it came.
   */
  schedule(at: number, value?: unknown, options?: { readonly keepRecord?: boolean }): void;
  /** A row of one of the tables that `process()` names, or all of them. */
  table<Row>(table: Table<Row>): TableView<Row>;
}

export interface TableView<Row> {
  get(key: string): Row | undefined;
  entries(): Iterable<readonly [key: string, row: Row]>;
}

/** A compacted topic as a table, made by `table()`. The type tells what its rows are. */
export interface Table<Row> {
  readonly topic: string;
  readonly row?: Row;
}
