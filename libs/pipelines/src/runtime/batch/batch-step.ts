import { OutputWriter } from '../output-writer.ts';
import type { PartitionPosition } from '../partition-reader.ts';
import { RefusedRows } from '../refused-rows.ts';
import { TableFollower } from '../table-follower.ts';
import { sourceTopics } from '../../topology/pipeline-definition.ts';
import { FileSink, TopicSink } from './batch-outputs.ts';
import {
  type BatchPart,
  type BatchRun,
  firstStages,
  internalPartitions,
  sourcesOf,
} from './batch-run.ts';
import { BatchTask, type BatchTaskContext } from './batch-task.ts';
import type { Claim, ClaimEnd } from './claim.ts';
import { Pace } from './pace.ts';
import { SkipLimit } from './skip-limit.ts';
import { SourceReading } from './source-reading.ts';

/** Where a step stands: what comes of everything before the positions is made and delivered. */
export interface StepCheckpoint {
  readonly positions: ReadonlyArray<{ readonly topic: string; readonly nextOffset: number }>;
  /** Dead letters of the step since its beginning. */
  readonly deadLettered: number;
  readonly done: boolean;
}

export interface BatchStepOptions {
  readonly run: BatchRun;
  /** Number of the partition that it reads of each source topic. */
  readonly partition: number;
  readonly claim: Claim;
  /** Dead letters of the run, the step's own included, as of the step's last checkpoint. */
  readonly deadLettered: number;
  /** Saves a checkpoint; returns the dead letters of the run, null when the claim is lost. */
  readonly checkpoint: (checkpoint: StepCheckpoint) => Promise<number | null>;
}

export type BatchStepOutcome = 'done' | ClaimEnd;

/**
 * Runs the tasks of one number over the run's parts of these partitions, to the ends of the parts,
 * then brings event time to the run's end.
 *
 * The order of a commit: the state with its outputs (1), the outputs to where they go (2), the
 * ledger's checkpoint (3). A worker that is killed after (1) leaves outputs that the next one
 * delivers first; after (2), they may be delivered twice, under the same ids; after (3), nothing is
 * left to do. A task with state goes on from where the state says, others from the ledger.
 *
 * While there is an obstacle it waits for ever, then goes on from its last commit. Rejects when the
 * window can no longer be read, a broker refuses for good, or the run has more dead letters than
 * its pipeline allows.
 */
export function runBatchStep(options: BatchStepOptions): Promise<BatchStepOutcome> {
  const { run, partition, claim } = options;
  const limit = new SkipLimit(run.deadLettersMax, options.deadLettered);
  // An attempt after an obstacle goes on from the checkpoints that the one before has saved.
  const parts = run.parts.filter((part) => part.partition === partition);
  const step = { ...options, limit, parts: new Map(parts.map((part) => [part.topic, part])) };
  return claim.keepTrying(() => attempt(step));
}

interface Step extends BatchStepOptions {
  readonly limit: SkipLimit;
  /** By topic. */
  readonly parts: Map<string, BatchPart>;
}

async function attempt(step: Step): Promise<BatchStepOutcome> {
  const { run, claim, limit } = step;
  const { kafka, definition, logger } = run;
  limit.forget();
  await run.folder.prepare();
  const writer = new OutputWriter(kafka, sourceTopics(definition));
  const tables = new TableFollower(kafka, definition, logger);
  const tasks: BatchTask[] = [];
  try {
    await tables.load(claim.signal, run.tableEnds);
    if (isFirst(step) && !run.detached) {
      await new RefusedRows(definition, writer, run.refusedRowsFile).deliver(tables.refused);
    }
    const context: BatchTaskContext = {
      run,
      claim,
      sink: run.detached ? new FileSink() : new TopicSink(definition, writer),
      tables: (source) => tables.rowsOf(source),
      partitions: await internalPartitions(run),
      onDeadLetter: (reason, source) => limit.add(reason, source),
    };
    for (const stage of firstStages(definition)) {
      const topics = sourcesOf(stage);
      const read = [...step.parts.values()].filter(({ topic }) => topics.includes(topic));
      if (read.length > 0) {
        tasks.push(await BatchTask.open(context, stage, step.partition, read.map(toPosition)));
      }
    }
    return await work(step, tasks);
  } finally {
    tasks.forEach((task) => task.close());
    await Promise.all([writer.close(), tables.close()]);
  }
}

/** Whether it is the step that tells what concerns the run as a whole. */
function isFirst({ run, partition }: Step): boolean {
  return run.parts.every((part) => part.partition >= partition);
}

async function work(step: Step, tasks: BatchTask[]): Promise<BatchStepOutcome> {
  const { run, claim } = step;
  const parts = [...step.parts.values()];
  const keep = async (done: boolean): Promise<void> => {
    const positions = reading.positions();
    const deadLettered = tasks.reduce((sum, task) => sum + task.deadLettered, 0);
    // A state that is done is read by the next run: it is closed, and so on the disk as a whole.
    if (done) tasks.splice(0).forEach((task) => task.close());
    await save(step, { positions, deadLettered, done });
  };
  // What a task without state has done counts when the ledger says so.
  const allKeepState = tasks.every(({ task }) => task.isStateful);
  const commit = async (said: 'said' | 'unsaid'): Promise<void> => {
    for (const task of tasks) await task.commit();
    if (said === 'said' || !allKeepState) await keep(false);
  };
  const pace = new Pace({ claim, tasks, commit, commitEveryMs: run.commitEveryMs });
  const reading = new SourceReading({ run, parts, tasks, claim, pace });
  if (!(await reading.read())) {
    // The worker ends: what is done is kept. A claim that is lost has nothing to say any more.
    if (!claim.isLost) await commit('said');
    return claim.end;
  }
  for (const task of tasks) await task.end();
  await keep(true);
  return claim.isLost ? 'lost' : 'done';
}

async function save(
  step: Step,
  {
    positions,
    deadLettered,
    done,
  }: {
    readonly positions: readonly PartitionPosition[];
    readonly deadLettered: number;
    readonly done: boolean;
  },
): Promise<void> {
  const { claim, limit } = step;
  const inRun = await step.checkpoint({
    positions: positions.map(({ topic, offset }) => ({ topic, nextOffset: offset })),
    deadLettered,
    done,
  });
  if (inRun === null) {
    claim.lose();
    return;
  }
  limit.settle(inRun);
  claim.progressed();
  for (const { topic, offset } of positions) {
    const part = step.parts.get(topic);
    if (part !== undefined) step.parts.set(topic, { ...part, nextOffset: offset });
  }
}

function toPosition({ topic, partition, nextOffset }: BatchPart): PartitionPosition {
  return { topic, partition, offset: nextOffset };
}
