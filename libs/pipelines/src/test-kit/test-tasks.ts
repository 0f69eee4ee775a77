import { MemoryBacking } from '../state/memory-backing.ts';
import { toDeadLetter } from '../task/dead-letter.ts';
import { Task } from '../task/task.ts';
import type { TaskOptions } from '../task/task-options.ts';
import type { Committed, OutputRecord, TaskOutput } from '../task/task-output.ts';
import type { PipelineDefinition } from '../topology/pipeline-definition.ts';
import { type Stage, topicsOf } from '../topology/stages.ts';
import type { SourceRecord } from '../topology/source-record.ts';
import type { TestClock } from './test-clock.ts';
import type { TestTables } from './test-tables.ts';

interface TestTasksOptions {
  readonly definition: PipelineDefinition;
  readonly partitions: number;
  readonly clock: TestClock;
  readonly tables: TestTables;
  readonly onLate: NonNullable<TaskOptions['onLate']>;
}

/** All tasks of a pipeline, a partition each, with the internal topics between them in memory. */
export class TestTasks {
  readonly #options: TestTasksOptions;
  #tasks: ReadonlyArray<readonly Task[]>;
  readonly #backings = new Map<string, MemoryBacking>();
  /** What the internal topics hold. */
  readonly #internal: SourceRecord[] = [];
  readonly #nextOffsets = new Map<string, number>();

  constructor(options: TestTasksOptions) {
    this.#options = options;
    this.#tasks = this.#createAll();
  }

  /** Starts all tasks anew from their last commits; returns the outputs that they deliver again. */
  async restart(): Promise<TaskOutput[]> {
    this.#tasks = this.#createAll();
    for (const record of [...this.#internal]) {
      await this.process(record);
    }
    const made: TaskOutput[] = [];
    for (const task of this.#tasks.flat()) {
      for (const committed of task.undelivered()) {
        made.push(...(await this.#deliver(task, committed)));
      }
    }
    return made;
  }

  async process(record: SourceRecord): Promise<void> {
    const { stages } = this.#options.definition;
    for (const stage of stages) {
      if (topicsOf(stage, this.#options.definition.name).includes(record.topic)) {
        const task = this.#tasks[stage.index]?.[record.partition] as Task;
        await task.room();
        await task.process(record);
      }
    }
  }

  async tableChanged(record: SourceRecord): Promise<TaskOutput[]> {
    const { definition, tables } = this.#options;
    const { keys, refusal } = await tables.take(record);
    for (const task of this.#tasks.flat()) {
      await task.tableChanged(record.topic, keys);
    }
    const made = await this.commit();
    if (refusal !== null) {
      const { name: pipeline, deadLetterTopic: topic } = definition;
      made.push(toDeadLetter({ topic, pipeline, record, error: refusal, attempt: 1 }));
    }
    return made;
  }

  /** All partitions have been read to their end. */
  atEnd(): void {
    for (const stage of this.#options.definition.stages) {
      for (const task of this.#tasks[stage.index] ?? []) {
        for (const { topic, partition } of task.positions) {
          task.atEnd(topic, partition);
        }
      }
    }
  }

  async advance(): Promise<TaskOutput[]> {
    for (const task of this.#tasks.flat()) {
      await task.advance();
    }
    return this.commit();
  }

  /** The end of a batch run. */
  async finish(nominal: number): Promise<TaskOutput[]> {
    const made: TaskOutput[] = [];
    for (const tasks of this.#tasks) {
      for (const task of tasks) {
        await task.finish(nominal);
        made.push(...(await this.#commit(task)));
      }
    }
    return made;
  }

  /** Commits the stages in their order, so that what one sends on is read by the next. */
  async commit(): Promise<TaskOutput[]> {
    const made: TaskOutput[] = [];
    for (const task of this.#tasks.flat()) {
      made.push(...(await this.#commit(task)));
    }
    return made;
  }

  state(key: string): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    for (const task of this.#tasks.flat()) {
      for (const [space, name, value] of task.state.inspect()) {
        if (name === key || name.endsWith(` ${key}`)) {
          found[name === key ? space : `${space} ${name}`] = value;
        }
      }
    }
    return found;
  }

  async #commit(task: Task): Promise<TaskOutput[]> {
    return this.#deliver(task, await task.commit());
  }

  async #deliver(task: Task, committed: Committed): Promise<TaskOutput[]> {
    const made: TaskOutput[] = [];
    for (const output of committed.outputs) {
      if (output.kind === 'record' && output.purpose === 'repartition') {
        await this.process(this.#append(output));
      } else {
        made.push(output);
      }
    }
    task.delivered(committed);
    return made;
  }

  #append(output: OutputRecord): SourceRecord {
    const { topic, key } = output;
    const partition =
      output.partition ?? partitionOf(key ?? new Uint8Array(), this.#options.partitions);
    const name = `${topic}/${partition}`;
    const offset = this.#nextOffsets.get(name) ?? 0;
    this.#nextOffsets.set(name, offset + 1);
    const record: SourceRecord = {
      topic,
      partition,
      offset,
      timestamp: this.#options.clock.now,
      key: key === null ? null : Buffer.from(key),
      value: output.value === null ? null : Buffer.from(output.value),
      headers: [],
    };
    this.#internal.push(record);
    return record;
  }

  #createAll(): Task[][] {
    const { definition, partitions } = this.#options;
    return definition.stages.map((stage) =>
      Array.from({ length: partitions }, (_, number) => this.#create(stage, number)),
    );
  }

  #create(stage: Stage, number: number): Task {
    const { definition, partitions, clock, tables, onLate } = this.#options;
    const name = `${stage.index}/${number}`;
    const backing = this.#backings.get(name) ?? new MemoryBacking();
    this.#backings.set(name, backing);
    const writers = definition.stages.filter((other) =>
      other.exits.some((exit) => stage.entries.includes(exit)),
    );
    return new Task({
      definition,
      stage,
      number,
      backing,
      upstreamTasks: writers.flatMap(({ index }) =>
        Array.from({ length: partitions }, (_, upstream) => `${index}/${upstream}`),
      ),
      partitions: topicsOf(stage, definition.name).map((topic) => ({
        topic,
        partition: number,
        offset: 0,
      })),
      now: () => clock.now,
      pause: () => Promise.resolve(),
      waitForHelp: (reason) => Promise.reject(reason),
      partitionsOf: () => partitions,
      tables: (source) => tables.rowsOf(source),
      signal: new AbortController().signal,
      log: { info: () => {}, warn: () => {} },
      run: null,
      onLate,
    });
  }
}

/** Any function of the key alone would do: only the embedded tasks read what it spreads. */
function partitionOf(key: Uint8Array, partitions: number): number {
  return key.reduce((hash, byte) => (hash * 31 + byte) >>> 0, 7) % partitions;
}
