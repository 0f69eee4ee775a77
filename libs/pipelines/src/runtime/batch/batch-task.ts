import { type Maybe, PoisonRecord } from '../../operators/operator.ts';
import { Task } from '../../task/task.ts';
import type { Committed } from '../../task/task-output.ts';
import type { TaskOptions } from '../../task/task-options.ts';
import { StateMismatch } from '../../task/task-positions.ts';
import type { SourceRecord } from '../../topology/source-record.ts';
import type { Stage } from '../../topology/stages.ts';
import { pause } from '../back-off.ts';
import { obstacleOf } from '../obstacle.ts';
import { keyOf, type PartitionPosition } from '../partition-reader.ts';
import { deliverOutputs, type RecordSink } from './batch-outputs.ts';
import { type BatchRun, upstreamTasks } from './batch-run.ts';
import type { Claim } from './claim.ts';
import { MadeOutputs } from './made-outputs.ts';
import { FailedForGood } from './run-failure.ts';

/** What the tasks of one piece of work on a run share. */
export interface BatchTaskContext {
  readonly run: BatchRun;
  readonly claim: Claim;
  readonly sink: RecordSink;
  readonly tables: TaskOptions['tables'];
  /** Partitions of the internal topics. */
  readonly partitions: number;
  /** Counts the dead letters of the run; throws FailedForGood at one too many. */
  readonly onDeadLetter: NonNullable<TaskOptions['onDeadLetter']>;
}

/** One task of a batch run, with what it has made. */
export class BatchTask {
  readonly task: Task;
  readonly #context: BatchTaskContext;
  readonly #made: MadeOutputs;
  /** Where the task stood after its last commit. */
  #committedAt: string;

  private constructor(context: BatchTaskContext, task: Task, made: MadeOutputs) {
    this.#context = context;
    this.task = task;
    this.#made = made;
    this.#committedAt = nameOf(task);
  }

  /**
   * Opens the task's state and makes the task. What it had committed and not delivered is
   * delivered.
   *
   * @param positions where it begins to read its sources when it has no state
   * @throws FailedForGood before anything is read, when its state was made by other operators
   */
  static async open(
    context: BatchTaskContext,
    stage: Stage,
    number: number,
    positions: readonly PartitionPosition[],
  ): Promise<BatchTask> {
    const { run } = context;
    const starts = run.parts
      .filter(({ topic, partition }) =>
        positions.some((each) => each.topic === topic && each.partition === partition),
      )
      .map(({ topic, partition, startOffset }) => ({ topic, partition, offset: startOffset }));
    const backing = await run.folder.openState(stage, number, starts);
    let made: MadeOutputs | null = null;
    try {
      made = new MadeOutputs(run.folder.madeFile(stage, number));
      const task = new Task(optionsOf(context, stage, number, { backing, partitions: positions }));
      // The ledger is ahead of the state where records are gone, and the run goes on without them.
      for (const { topic, partition, offset } of positions) task.moveTo(topic, partition, offset);
      const opened = new BatchTask(context, task, made);
      for (const committed of task.undelivered()) {
        await opened.#deliver(committed);
      }
      return opened;
    } catch (error) {
      backing.close();
      made?.close();
      throw error instanceof StateMismatch ? mismatchOf(run, error) : error;
    }
  }

  /** Dead letters of its commits. */
  get deadLettered(): number {
    return this.#made.counts().deadLettered;
  }

  /** Whether `end` was called for it before. */
  get hasEnded(): boolean {
    return this.#made.has(ENDED);
  }

  positionIn(partition: { readonly topic: string; readonly partition: number }): number | null {
    const key = keyOf(partition);
    return this.task.positions.find((position) => keyOf(position) === key)?.offset ?? null;
  }

  /** Takes one record. */
  process(record: SourceRecord): Maybe {
    const room = this.task.room();
    return room === undefined
      ? this.task.process(record)
      : room.then(() => this.task.process(record));
  }

  /** Makes a record a dead letter, as somebody decided. */
  leaveOut(record: SourceRecord): void {
    const words = `left out by hand when run ${this.#context.run.id} was retried`;
    this.task.leaveOut(record, new PoisonRecord('left out by hand', new Error(words)));
  }

  /** Makes what was done durable, and delivers what came of it. */
  async commit(): Promise<void> {
    await this.#deliver(await this.task.commit());
    this.#committedAt = nameOf(this.task);
  }

  /** All records were taken: event time comes to the run's end. */
  async end(): Promise<void> {
    await this.task.finish(this.#context.run.end);
    await this.commit();
    this.#made.write({ name: ENDED, lines: [], messages: [], written: 0, deadLettered: 0 });
  }

  close(): void {
    this.task.close();
    this.#made.close();
  }

  /**
   * A commit's name is the same when it is done or delivered again: its number where there is
   * state, else where it began to read.
   */
  async #deliver(committed: Committed): Promise<void> {
    const { outputs, sequence } = committed;
    const name = this.task.isStateful ? String(sequence) : this.#committedAt;
    if (outputs.length > 0 && !(this.task.isStateful && this.#made.has(name))) {
      const { run, sink, partitions } = this.#context;
      const partitionsOf = (): number => partitions;
      this.#made.write(await deliverOutputs(run.definition, outputs, { name, sink, partitionsOf }));
    }
    this.task.delivered(committed);
  }
}

const ENDED = 'ended';

function mismatchOf({ folder }: BatchRun, error: StateMismatch): FailedForGood {
  const words = `${error.message}; the run begins without state when ${folder.base} is empty`;
  return new FailedForGood(words, { cause: error });
}

function nameOf(task: Task): string {
  return task.positions
    .map(({ topic, partition, offset }) => `${topic}/${partition}/${offset}`)
    .join();
}

function optionsOf(
  { run, claim, tables, partitions, onDeadLetter }: BatchTaskContext,
  stage: Stage,
  number: number,
  own: Pick<TaskOptions, 'backing' | 'partitions'>,
): TaskOptions {
  const { definition, logger } = run;
  return {
    ...own,
    definition,
    stage,
    number,
    upstreamTasks: upstreamTasks(run, stage, partitions),
    now: Date.now,
    pause: (ms) => pause(ms, claim.signal),
    // What the pipeline asks for is waited for in place, as long as the claim lasts.
    waitForHelp: async (reason) => {
      await claim.wait(obstacleOf(reason) ?? reason.message);
      if (!claim.goesOn) throw reason;
    },
    partitionsOf: () => partitions,
    tables,
    signal: claim.signal,
    log: {
      info: (message, fields) => logger.info({ ...fields }, message),
      warn: (message, fields) => logger.warn({ ...fields }, message),
    },
    run: { id: run.id, nominalAt: run.nominalAt, params: run.params },
    onDeadLetter,
  };
}
