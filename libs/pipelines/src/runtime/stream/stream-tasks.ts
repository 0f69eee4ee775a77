import { MemoryBacking } from '../../state/memory-backing.ts';
import { SqliteBacking } from '../../state/sqlite-backing.ts';
import type { StateBacking } from '../../state/state-backing.ts';
import { Task } from '../../task/task.ts';
import type { Committed } from '../../task/task-output.ts';
import { taskName } from '../../task/task-name.ts';
import type { TaskCounts, TaskOptions } from '../../task/task-options.ts';
import type { PipelineDefinition } from '../../topology/pipeline-definition.ts';
import { internalTopics } from '../../topology/pipeline-definition.ts';
import { type Stage, topicsOf } from '../../topology/stages.ts';
import type { SharedMark } from '../../watch/shared-mark.ts';
import { type FetchedPartition, keyOf, type PartitionPosition } from '../partition-reader.ts';
import type { LoggerPort } from '../runtime-ports.ts';
import type { AssignedPartition } from './group-member.ts';
import type { StateChoice } from './state-choice.ts';
import { StateFolder } from './state-folder.ts';

export interface StreamTasksOptions extends Pick<
  TaskOptions,
  'definition' | 'pause' | 'waitForHelp' | 'tables' | 'signal' | 'cutOffs' | 'oneAtATime'
> {
  readonly assigned: readonly AssignedPartition[];
  readonly partitionCounts: ReadonlyMap<string, number>;
  /** Folder of the states of this pipeline. */
  readonly stateFolder: string;
  readonly mark?: SharedMark;
  readonly choice: StateChoice;
  readonly logger: LoggerPort;
}

/** What one task committed, with the positions that it belongs to. */
export interface TaskCommit {
  readonly task: Task;
  readonly committed: Committed;
  readonly positions: readonly PartitionPosition[];
  /** What was done since the commit before. */
  readonly counts: TaskCounts;
}

/**
 * The tasks of the partitions that this worker was given: of each number one per stage. They share
 * the reader, because partition p of a topic may be read by tasks of several stages.
 */
export class StreamTasks {
  readonly #tasks: Task[] = [];
  readonly #readers = new Map<string, Task[]>();
  readonly #moved: PartitionPosition[] = [];
  readonly #states: StateFolder;
  /** Tasks that begin in this epoch. */
  readonly #beginning: Array<{ readonly stage: number; readonly number: number }> = [];
  #haveFirst = false;
  /** What was counted at the last commit of each task. */
  readonly #counted = new Map<Task, TaskCounts>();

  /**
   * Opens the states and makes the tasks.
   *
   * @throws StateMismatch, StateLost before anything is read; StateFileError when a state is locked
   */
  constructor(options: StreamTasksOptions) {
    this.#states = new StateFolder(options.stateFolder, options);
    try {
      for (const stage of options.definition.stages) {
        const topics = topicsOf(stage, options.definition.name);
        const parts = options.assigned.filter(({ topic }) => topics.includes(topic));
        for (const number of new Set(parts.map(({ partition }) => partition))) {
          this.#open(
            options,
            stage,
            parts.filter(({ partition }) => partition === number),
          );
        }
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Where each partition is to be read on. */
  get positions(): PartitionPosition[] {
    const least = new Map<string, PartitionPosition>();
    for (const position of this.#tasks.flatMap((task) => task.positions)) {
      const other = least.get(keyOf(position));
      if (other === undefined || position.offset < other.offset) {
        least.set(keyOf(position), position);
      }
    }
    return [...least.values()];
  }

  /** Positions that their logs do not hold any more, which were moved to the log start. */
  get moved(): readonly PartitionPosition[] {
    return this.#moved;
  }

  /** Whether some begin anew: their positions have to be committed before they read. */
  get areBeginning(): boolean {
    return this.#beginning.length > 0;
  }

  /** The positions of those that began are committed, in their states and in the group. */
  markBegun(): void {
    this.#states.markBegun(this.#beginning);
    this.#states.removeOld();
  }

  /** Whether the task that tells what concerns the pipeline as a whole is among them. */
  get haveFirst(): boolean {
    return this.#haveFirst;
  }

  /** Records that wait in operators: for their time, for a table's row, for an answer. */
  get pending(): number {
    return this.#tasks.reduce((sum, task) => sum + task.counts.pending, 0);
  }

  /** Outputs that wait for a commit. */
  get outputsWaiting(): number {
    return this.#tasks.reduce((sum, task) => sum + task.outputsWaiting, 0);
  }

  /** The tasks that read a partition. */
  readersOf(partition: { readonly topic: string; readonly partition: number }): readonly Task[] {
    return this.#readers.get(keyOf(partition)) ?? [];
  }

  /** Outputs that an earlier worker committed and may not have delivered. */
  undelivered(): TaskCommit[] {
    return this.#tasks.flatMap((task) =>
      task.undelivered().map((committed) => ({ task, committed, positions: [], counts: NOTHING })),
    );
  }

  /** All of a poll has been processed: passes over what is not a record, and notes the ends. */
  passed({ topic, partition, nextOffset, atEnd }: FetchedPartition): void {
    for (const task of this.readersOf({ topic, partition })) {
      task.moveTo(topic, partition, nextOffset);
      if (atEnd) task.atEnd(topic, partition);
    }
  }

  async advance(): Promise<void> {
    for (const task of this.#tasks) {
      const outcome = task.advance();
      if (outcome !== undefined) await outcome;
    }
  }

  async tableChanged(topic: string, keys: readonly string[]): Promise<void> {
    for (const task of this.#tasks) {
      await task.tableChanged(topic, keys);
    }
  }

  /** Commits the tasks that have something to commit. */
  async commit(): Promise<TaskCommit[]> {
    const commits: TaskCommit[] = [];
    for (const task of this.#tasks) {
      if (!task.hasUncommitted) continue;
      const committed = await task.commit();
      const before = this.#counted.get(task) ?? NOTHING;
      const now: TaskCounts = { ...task.counts };
      this.#counted.set(task, now);
      commits.push({ task, committed, positions: task.positions, counts: less(now, before) });
    }
    return commits;
  }

  /** Work since the last commit is given up. */
  close(): void {
    this.#tasks.forEach((task) => task.close());
  }

  #open(options: StreamTasksOptions, stage: Stage, parts: readonly AssignedPartition[]): void {
    const { definition, logger, partitionCounts } = options;
    const { choice } = options;
    const number = parts[0]?.partition ?? 0;
    const id = { stage: stage.index, number };
    if (stage.index === 0 && number === 0) this.#haveFirst = true;
    const internal = new Set(internalTopics(definition));
    const partitions = parts.map((part) => ({
      topic: part.topic,
      partition: part.partition,
      offset: internal.has(part.topic)
        ? part.startOffset
        : this.#states.startOf(id, part, stage.stateful),
    }));
    const { epoch } = this.#states;
    const { mark, ...given } = options;
    const task = new Task({
      ...given,
      ...(mark !== undefined && { mark: mark.of(definition.name, stage.index) }),
      stage,
      number,
      backing: this.#openState(stage, number),
      epoch,
      keepStateFor: choice.keepFor,
      upstreamTasks: upstreamsOf(definition, stage, partitionCounts, epoch),
      partitions,
      now: Date.now,
      partitionsOf: (topic) => partitionCounts.get(topic) ?? 1,
      log: {
        info: (message, fields) => logger.info({ pipeline: definition.name, ...fields }, message),
        warn: (message, fields) => logger.warn({ pipeline: definition.name, ...fields }, message),
      },
      run: null,
    });
    this.#tasks.push(task);
    if (!this.#states.hasBegun(id)) {
      this.#beginning.push(id);
      // There is something to commit: where it begins.
      partitions.forEach(({ topic, partition, offset }) =>
        task.restartAt(topic, partition, offset),
      );
    }
    for (const part of parts) {
      const readers = this.#readers.get(keyOf(part)) ?? [];
      this.#readers.set(keyOf(part), readers);
      readers.push(task);
      this.#checkBounds(task, part);
    }
  }

  #openState(stage: Stage, number: number): StateBacking {
    if (!stage.stateful) {
      return new MemoryBacking();
    }
    // What is sent to the next stage, or read from it and then deleted, must not be forgotten.
    const synced =
      stage.exits.length > 0 || stage.entries.some(({ kind }) => kind === 'repartition');
    return new SqliteBacking(this.#states.fileOf({ stage: stage.index, number }), { synced });
  }

  /** Records at the position are gone, or the topic was made anew: goes on at the log start. */
  #checkBounds(task: Task, { topic, partition, startOffset, endOffset }: AssignedPartition): void {
    const at = task.positions.find((each) => each.topic === topic && each.partition === partition);
    const offset = at?.offset ?? startOffset;
    if (offset >= startOffset && offset <= endOffset) return;
    this.#moved.push({ topic, partition, offset });
    task.restartAt(topic, partition, startOffset);
  }
}

export const NOTHING: TaskCounts = {
  consumed: 0,
  produced: 0,
  deadLettered: 0,
  filtered: 0,
  late: 0,
};

function less(now: TaskCounts, before: TaskCounts): TaskCounts {
  return {
    consumed: now.consumed - before.consumed,
    produced: now.produced - before.produced,
    deadLettered: now.deadLettered - before.deadLettered,
    filtered: now.filtered - before.filtered,
    late: now.late - before.late,
  };
}

/** Names of the tasks that write what a stage reads. */
export function upstreamsOf(
  definition: PipelineDefinition,
  stage: Stage,
  partitionCounts: ReadonlyMap<string, number>,
  epoch = 0,
): string[] {
  const writers = definition.stages.filter(({ exits }) =>
    exits.some((exit) => stage.entries.includes(exit)),
  );
  return writers.flatMap((writer) => {
    const counts = topicsOf(writer, definition.name).map(
      (topic) => partitionCounts.get(topic) ?? 0,
    );
    return Array.from({ length: Math.max(0, ...counts) }, (_, number) =>
      taskName({ stage: writer.index, number, epoch }),
    );
  });
}
