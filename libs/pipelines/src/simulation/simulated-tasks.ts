import { MemoryBacking } from '../state/memory-backing.ts';
import type { StateBacking } from '../state/state-backing.ts';
import type { TaskOptions } from '../task/task-options.ts';
import { Task } from '../task/task.ts';
import type { Committed, TaskOutput } from '../task/task-output.ts';
import { TestTables } from '../test-kit/test-tables.ts';
import type { PipelineDefinition } from '../topology/pipeline-definition.ts';
import { type Stage, topicsOf } from '../topology/stages.ts';
import type { SourceRecord } from '../topology/source-record.ts';
import { SimulatedLog } from './simulated-log.ts';

export interface SimulatedTasksOptions {
  readonly definition: PipelineDefinition;
  readonly partitions: number;
  readonly log: SimulatedLog;
  /** What the wall clock shows, ms since epoch. */
  readonly now: () => number;
  readonly onLate: NonNullable<TaskOptions['onLate']>;
  readonly makeBacking?: () => StateBacking;
}

interface Partition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A task with what survives its process: its state, and what it has still to deliver. */
export interface SimulatedTask {
  readonly stage: Stage;
  readonly number: number;
  task: Task;
  backing: StateBacking;
  /** Commits whose outputs are not all delivered, the oldest first. */
  deliveries: Array<{
    readonly committed: Committed;
    next: number;
    readonly positions: readonly Partition[];
  }>;
  /** Where a task that keeps no state goes on after a crash: behind what was delivered. */
  deliveredPositions: readonly Partition[];
}

/**
 * All tasks of a pipeline with the topics between them, each at its own pace: a schedule says which
 * task reads, commits, delivers or crashes next. What it delivered is in `outputs`.
 */
export class SimulatedTasks {
  readonly outputs: TaskOutput[] = [];
  readonly all: readonly SimulatedTask[];
  readonly #options: SimulatedTasksOptions;
  readonly #internal = new SimulatedLog();
  readonly #tables: TestTables;

  constructor(options: SimulatedTasksOptions) {
    this.#options = options;
    this.#tables = new TestTables(options.definition);
    this.all = options.definition.stages.flatMap((stage) =>
      Array.from({ length: options.partitions }, (_, number) => this.#start(stage, number)),
    );
  }

  /** Partitions of the task with the offset of the next record of each and their ends. */
  partitionsOf({ task }: SimulatedTask): Array<Partition & { readonly end: number }> {
    return task.positions.map((position) => ({
      ...position,
      end: this.#logOf(position.topic).end(position.topic, position.partition),
    }));
  }

  /** Reads the next record of a partition; one that was read before is offered again. */
  async read(
    { task }: SimulatedTask,
    topic: string,
    partition: number,
    offset: number,
  ): Promise<void> {
    const record = this.#logOf(topic).read(topic, partition, offset);
    if (record === undefined) throw new RangeError(`${topic}/${partition} ends before ${offset}`);
    await task.room();
    await task.process(record);
  }

  async takeTableRecord(record: SourceRecord): Promise<void> {
    const { keys } = await this.#tables.take(record);
    for (const { task } of this.all) await task.tableChanged(record.topic, keys);
  }

  async commit(simulated: SimulatedTask): Promise<void> {
    const committed = await simulated.task.commit();
    simulated.deliveries.push({ committed, next: 0, positions: simulated.task.positions });
  }

  /** Delivers up to so many outputs of the oldest commit; says whether anything is left. */
  deliver(simulated: SimulatedTask, most = Infinity): boolean {
    const first = simulated.deliveries[0];
    if (first === undefined) return false;
    const { outputs } = first.committed;
    const until = Math.min(outputs.length, first.next + most);
    for (; first.next < until; first.next++) this.#write(outputs[first.next] as TaskOutput);
    if (first.next === outputs.length) {
      simulated.task.delivered(first.committed);
      simulated.deliveredPositions = first.positions;
      simulated.deliveries.shift();
    }
    return simulated.deliveries.length > 0;
  }

  deliverAll(simulated: SimulatedTask): void {
    while (this.deliver(simulated)) {
      // Until nothing is left.
    }
  }

  /** Ends a task as `kill -9` does, and starts it from what it committed last. */
  crash(simulated: SimulatedTask): void {
    const { stage, number } = simulated;
    if (stage.stateful) {
      simulated.task = this.#createTask(stage, number, simulated.backing, []);
    } else {
      simulated.backing = new MemoryBacking();
      const from = simulated.deliveredPositions;
      simulated.task = this.#createTask(stage, number, simulated.backing, from);
    }
    simulated.deliveries = simulated.task
      .undelivered()
      .map((committed) => ({ committed, next: 0, positions: simulated.task.positions }));
  }

  #start(stage: Stage, number: number): SimulatedTask {
    const backing = this.#options.makeBacking?.() ?? new MemoryBacking();
    const task = this.#createTask(stage, number, backing, []);
    return { stage, number, task, backing, deliveries: [], deliveredPositions: [] };
  }

  #createTask(
    stage: Stage,
    number: number,
    backing: StateBacking,
    from: readonly Partition[],
  ): Task {
    const { definition, partitions, now, onLate } = this.#options;
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
        offset: from.find((position) => position.topic === topic)?.offset ?? 0,
      })),
      now,
      pause: () => Promise.resolve(),
      waitForHelp: (reason) => Promise.reject(reason),
      partitionsOf: () => partitions,
      tables: (source) => this.#tables.rowsOf(source),
      signal: new AbortController().signal,
      log: { info: () => {}, warn: () => {} },
      run: null,
      onLate,
    });
  }

  #write(output: TaskOutput): void {
    if (output.kind === 'row' || output.purpose !== 'repartition') {
      this.outputs.push(output);
      return;
    }
    const { topic, key, value } = output;
    this.#internal.append({
      topic,
      partition: output.partition ?? partitionOf(key ?? new Uint8Array(), this.#options.partitions),
      timestamp: this.#options.now(),
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      headers: [],
    });
  }

  #logOf(topic: string): SimulatedLog {
    return this.#options.definition.stages.some(({ entries }) =>
      entries.some((entry) => entry.kind === 'source' && entry.topics.includes(topic)),
    )
      ? this.#options.log
      : this.#internal;
  }
}

/** Any function of the key alone would do: only the embedded tasks read what it spreads. */
function partitionOf(key: Uint8Array, partitions: number): number {
  return key.reduce((hash, byte) => (hash * 31 + byte) >>> 0, 7) % partitions;
}
