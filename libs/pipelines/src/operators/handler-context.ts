import type {
  OperatorContext,
  OperatorLog,
  ProcessContext,
  RunContext,
  Table,
  TableView,
} from '../topology/source-record.ts';

interface HandlerParts {
  readonly key: string;
  readonly late: boolean;
  readonly loadState: () => unknown;
  readonly table: (table: Table<unknown>) => TableView<unknown>;
}

export interface ScheduledTimer {
  readonly at: number;
  readonly value: unknown;
  readonly keepRecord: boolean;
}

/** What the handlers of `process()` are given. It gathers what they ask for until they return. */
export class HandlerContext implements ProcessContext<unknown, unknown> {
  readonly #item: OperatorContext;
  readonly #parts: HandlerParts;
  readonly emitted: unknown[] = [];
  readonly timers: ScheduledTimer[] = [];
  #state: unknown;
  #usedState = false;

  constructor(item: OperatorContext, parts: HandlerParts) {
    this.#item = item;
    this.#parts = parts;
  }

  /** Whether the handler read or replaced the state, and may so have changed it. */
  get usedState(): boolean {
    return this.#usedState;
  }

  get topic(): string {
    return this.#item.topic;
  }

  get partition(): number {
    return this.#item.partition;
  }

  get offset(): number {
    return this.#item.offset;
  }

  get timestamp(): number {
    return this.#item.timestamp;
  }

  get eventTime(): number {
    return this.#item.eventTime;
  }

  get attempt(): number {
    return this.#item.attempt;
  }

  get signal(): AbortSignal {
    return this.#item.signal;
  }

  get log(): OperatorLog {
    return this.#item.log;
  }

  get run(): RunContext | null {
    return this.#item.run;
  }

  get key(): string {
    return this.#parts.key;
  }

  get late(): boolean {
    return this.#parts.late;
  }

  get state(): unknown {
    if (!this.#usedState) {
      this.#usedState = true;
      this.#state = this.#parts.loadState();
    }
    return this.#state;
  }

  set state(state: unknown) {
    this.#usedState = true;
    this.#state = state;
  }

  // Arrow functions, so that handlers may take them apart: `onRecord(value, { emit, schedule })`.

  readonly now = (): number => this.#item.now();

  /** Whether the handler refused its late record. */
  wasTooLate = false;

  readonly tooLate = (): void => {
    this.wasTooLate = this.#parts.late;
  };

  readonly emit = (value: unknown): void => {
    this.emitted.push(value);
  };

  readonly schedule = (
    at: number,
    value: unknown = null,
    { keepRecord = false }: { readonly keepRecord?: boolean } = {},
  ): void => {
    if (!Number.isFinite(at)) {
      throw new TypeError(`schedule() needs ms since epoch, not ${String(at)}`);
    }
    this.timers.push({ at, value, keepRecord });
  };

  readonly table = <Row>(table: Table<Row>): TableView<Row> =>
    this.#parts.table(table as Table<unknown>) as TableView<Row>;
}
