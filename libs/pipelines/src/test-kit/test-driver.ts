import { durationMs, type Duration } from '../time/duration.ts';
import type { PipelineDefinition } from '../topology/pipeline-definition.ts';
import { sourceTopics, tableTopics } from '../topology/pipeline-definition.ts';
import { type TaskOutput } from '../task/task-output.ts';
import { TestClock } from './test-clock.ts';
import { TestLog, type TestRecord } from './test-log.ts';
import { lastOfEach, toDeadLetter, toLate, toOutput } from './test-outputs.ts';
import type { TestDeadLetter, TestLate, TestOutput } from './test-outputs.ts';
import { TestTables } from './test-tables.ts';
import { TestTasks } from './test-tasks.ts';

export interface TestDriverOptions {
  /** Partitions of every topic; 1 when absent. */
  readonly partitions?: number;
  /** What the clock shows at first, ms since epoch; it never lags behind the records. */
  readonly now?: number;
}

/** Where a batch run ends. */
export interface TestCut {
  /** How many of the piped records the run and those before it read. */
  readonly after: number;
  /** The run's nominal time, ms since epoch. */
  readonly at: number;
}

/**
 * Runs a pipeline over records without a broker and without waiting: the same tasks as a worker
 * runs, on a clock that the test sets.
 *
 * ```ts
 * const driver = testDriver(overheating);
 * await driver.pipe([{ value: { device: 'a', celsius: 90, at: 1_000 } }]);
 * await driver.advanceTime('1m');
 * driver.outputs; // [{ topic: 'alerts', key: 'a', value: { … }, id: 'readings/0/0' }]
 * ```
 */
export function testDriver(
  definition: PipelineDefinition,
  options: TestDriverOptions = {},
): TestDriver {
  return new TestDriver(definition, options);
}

export class TestDriver {
  readonly #definition: PipelineDefinition;
  readonly #options: TestDriverOptions;
  readonly #clock: TestClock;
  readonly #log: TestLog;
  readonly #tables: TestTables;
  readonly #tasks: TestTasks;
  readonly #made: TaskOutput[] = [];
  readonly #late: TestLate[] = [];

  constructor(definition: PipelineDefinition, options: TestDriverOptions) {
    this.#definition = definition;
    this.#options = options;
    this.#clock = new TestClock(options.now ?? 0);
    this.#log = new TestLog(definition, options.partitions ?? 1);
    this.#tables = new TestTables(definition);
    this.#tasks = new TestTasks({
      definition,
      partitions: options.partitions ?? 1,
      clock: this.#clock,
      tables: this.#tables,
      onLate: (late) => this.#late.push(toLate(late)),
    });
  }

  /** What the topics and files of the pipeline got, in the order of delivery. */
  get outputs(): TestOutput[] {
    return this.#made.flatMap((output) => toOutput(output));
  }

  /** Outputs of one identity as the last one: what is left when each replaces those before it. */
  get results(): TestOutput[] {
    return lastOfEach(this.outputs);
  }

  /** The records that were given up, with the reason in their headers. */
  get deadLetters(): TestDeadLetter[] {
    return this.#made.flatMap((output) => toDeadLetter(output));
  }

  /** Every record that an operator saw late, once per operator. */
  get late(): readonly TestLate[] {
    return this.#late;
  }

  /** What the clock shows, ms since epoch. */
  get now(): number {
    return this.#clock.now;
  }

  /** Reads records, each behind those of its partition, and commits unless told not to. */
  async pipe(
    records: Iterable<TestRecord>,
    options: { readonly commit?: boolean } = {},
  ): Promise<void> {
    for (const record of records) {
      const made = this.#log.append(record);
      if (this.#tables.has(made.topic)) {
        this.#made.push(...(await this.#tasks.tableChanged(made)));
      } else {
        this.#clock.follow(this.#log.timeOf(made));
        await this.#tasks.process(made);
      }
    }
    if (options.commit ?? true) this.#made.push(...(await this.#tasks.commit()));
  }

  /** Lets time go on, to ms since epoch or by a duration: partitions become idle, windows close. */
  async advanceTime(to: number | Duration): Promise<void> {
    const by = typeof to === 'string' ? durationMs(to) : null;
    if (typeof to === 'string' && by === null) {
      throw new RangeError(`"${to}" is not a duration such as '30s'`);
    }
    this.#tasks.atEnd();
    this.#clock.set(by === null ? (to as number) : this.#clock.now + by);
    this.#made.push(...(await this.#tasks.advance()));
  }

  /**
   * Ends all tasks without a commit and starts them from what they committed last, as after
   * `kill -9`; then reads again what was not committed.
   */
  async crash(): Promise<void> {
    this.#made.push(...(await this.#tasks.restart()));
    for (const record of this.#log.records) {
      if (!this.#tables.has(record.topic)) await this.#tasks.process(record);
    }
  }

  /** What the pipeline keeps under a key, by operator. */
  state(key: string): Record<string, unknown> {
    return this.#tasks.state(key);
  }

  /**
   * What batch runs over the piped records give, with state carried from run to run: outputs of one
   * identity as the last one.
   */
  async asBatch(cuts: readonly TestCut[]): Promise<TestOutput[]> {
    const other = new TestDriver(this.#definition, this.#options);
    const records = this.#log.records;
    let from = 0;
    for (const { after, at } of cuts) {
      other.#clock.set(Math.max(at, other.#clock.now));
      for (const record of records.slice(from, after)) {
        if (other.#tables.has(record.topic)) {
          other.#made.push(...(await other.#tasks.tableChanged(record)));
        } else {
          await other.#tasks.process(record);
        }
      }
      other.#made.push(...(await other.#tasks.finish(at)));
      from = Math.max(from, after);
    }
    return other.results;
  }

  /** Topics that `pipe` takes records for. */
  get topics(): string[] {
    return [...sourceTopics(this.#definition), ...tableTopics(this.#definition)];
  }
}
