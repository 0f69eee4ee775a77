import { existsSync } from 'node:fs';
import { sourceTopics } from '../../topology/pipeline-definition.ts';
import { repartitionTopic, type Stage } from '../../topology/stages.ts';
import { OutputWriter } from '../output-writer.ts';
import { TableFollower } from '../table-follower.ts';
import { FileSink, TopicSink } from './batch-outputs.ts';
import {
  type BatchRun,
  internalPartitions,
  laterStages,
  sourcesOf,
  taskNumbers,
} from './batch-run.ts';
import { BatchTask, type BatchTaskContext } from './batch-task.ts';
import type { Claim, ClaimEnd } from './claim.ts';
import { MadeOutputs } from './made-outputs.ts';
import { Pace } from './pace.ts';
import { type BatchResult, writeResultFiles } from './result-files.ts';
import { SkipLimit } from './skip-limit.ts';
import { SourceReading } from './source-reading.ts';

export interface BatchFinishOptions {
  /** All of its steps are done. */
  readonly run: BatchRun;
  readonly claim: Claim;
  /** Dead letters of the run's steps. */
  readonly deadLettered: number;
  /** Folder for the result files; made when it does not exist. */
  readonly resultFolder: string;
}

/**
 * Runs the stages behind internal topics, one task after the other in the order of the stages, over
 * what the tasks before them have made; then writes the result.
 *
 * A task that ended is passed over by a second call, one that was interrupted goes on where its
 * state stands: it is given all messages again, and drops by their numbers those that it knows.
 */
export async function finishBatchRun({
  run,
  claim,
  deadLettered,
  resultFolder,
}: BatchFinishOptions): Promise<BatchResult | ClaimEnd> {
  await run.folder.prepare();
  const stages = laterStages(run.definition);
  if (stages.length > 0) {
    const limit = new SkipLimit(run.deadLettersMax, deadLettered);
    if (!(await runStages(run, claim, stages, limit))) return claim.end;
  }
  return claim.goesOn ? writeResultFiles(run, resultFolder) : claim.end;
}

async function runStages(
  run: BatchRun,
  claim: Claim,
  stages: readonly Stage[],
  limit: SkipLimit,
): Promise<boolean> {
  const { kafka, definition, logger } = run;
  const writer = new OutputWriter(kafka, sourceTopics(definition));
  const tables = new TableFollower(kafka, definition, logger);
  try {
    await tables.load(claim.signal, run.tableEnds);
    const context: BatchTaskContext = {
      run,
      claim,
      sink: run.detached ? new FileSink() : new TopicSink(definition, writer),
      tables: (source) => tables.rowsOf(source),
      partitions: await internalPartitions(run),
      onDeadLetter: (reason, source) => limit.add(reason, source),
    };
    for (const stage of stages) {
      for (const number of taskNumbers(run, stage, context.partitions)) {
        if (!claim.goesOn || !(await runTask(context, stage, number))) return false;
      }
    }
    return true;
  } finally {
    await Promise.all([writer.close(), tables.close()]);
  }
}

/** Whether the task ended; false: the claim does not go on. */
async function runTask(context: BatchTaskContext, stage: Stage, number: number): Promise<boolean> {
  const { run, claim } = context;
  const topics = sourcesOf(stage);
  const parts = run.parts.filter(
    ({ topic, partition }) => partition === number && topics.includes(topic),
  );
  const starts = parts.map(({ topic, partition, startOffset }) => ({
    topic,
    partition,
    offset: startOffset,
  }));
  const task = await BatchTask.open(context, stage, number, starts);
  try {
    if (task.hasEnded) return true;
    const pace = new Pace({
      claim,
      tasks: [task],
      commit: () => task.commit(),
      commitEveryMs: run.commitEveryMs,
    });
    const reading = new SourceReading({ run, parts, tasks: [task], claim, pace });
    const isRead = (await reading.read()) && (await readMessages(context, stage, task, pace));
    if (isRead) await task.end();
    else if (!claim.isLost) await task.commit();
    return isRead;
  } finally {
    task.close();
  }
}

/** Gives a task what the tasks before it have sent to it. */
async function readMessages(
  { run, partitions }: BatchTaskContext,
  stage: Stage,
  task: BatchTask,
  pace: Pace,
): Promise<boolean> {
  const { definition, folder } = run;
  const partition = task.task.number;
  for (const entry of stage.entries) {
    if (entry.kind !== 'repartition') continue;
    const topic = repartitionTopic(definition.name, entry);
    for (const writer of definition.stages.filter(({ exits }) => exits.includes(entry))) {
      for (const number of taskNumbers(run, writer, partitions)) {
        const file = folder.madeFile(writer, number);
        if (existsSync(file) && !(await readFile(file, { topic, partition, task, pace }))) {
          return false;
        }
      }
    }
  }
  return true;
}

async function readFile(
  file: string,
  to: {
    readonly topic: string;
    readonly partition: number;
    readonly task: BatchTask;
    readonly pace: Pace;
  },
): Promise<boolean> {
  const { topic, partition, task, pace } = to;
  const made = new MadeOutputs(file);
  try {
    for (const value of made.messages(topic, partition)) {
      // The numbers in the messages tell what is new; their offsets say nothing.
      const offset = task.positionIn({ topic, partition }) ?? 0;
      const record = { topic, partition, offset, timestamp: 0, key: null, value, headers: [] };
      const outcome = task.process(record);
      if (outcome !== undefined) await outcome;
      const goesOn = pace.record(value.length);
      if (!(goesOn instanceof Promise ? await goesOn : goesOn)) return false;
    }
    return true;
  } finally {
    made.close();
  }
}
