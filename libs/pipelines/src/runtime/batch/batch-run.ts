import type { RunContext } from '../../topology/source-record.ts';
import type { PipelineDefinition } from '../../topology/pipeline-definition.ts';
import type { Stage } from '../../topology/stages.ts';
import type { KafkaPort, LoggerPort } from '../runtime-ports.ts';
import type { RunFolder } from './run-folder.ts';

/** Times outside of which a run leaves records out, ms since epoch: [from, to); null is open. */
export interface TimeBounds {
  readonly from: number | null;
  readonly to: number | null;
}

/** A run's part of one partition. */
export interface BatchPart {
  readonly topic: string;
  readonly partition: number;
  readonly startOffset: number;
  /** Everything before it was read, as far as the ledger knows. */
  readonly nextOffset: number;
  readonly endOffset: number;
  /** Offsets whose records are left out by decision. */
  readonly skips: readonly number[];
}

/** Where a partition of a table's topic ends for a run. */
export interface TableEnd {
  readonly topic: string;
  readonly partition: number;
  readonly endOffset: number;
}

/** A batch run, as all who work on it know it. */
export interface BatchRun extends RunContext {
  readonly definition: PipelineDefinition;
  readonly kafka: KafkaPort;
  readonly logger: LoggerPort;
  readonly folder: RunFolder;
  /** See refusedRowsFile(). */
  readonly refusedRowsFile: string;
  /** Its records go to files instead of topics. */
  readonly detached: boolean;
  /** Where event time comes to when all is read, ms since epoch; Infinity ends every window. */
  readonly end: number;
  readonly bounds: TimeBounds;
  /** How often what was done is made durable, in ms. */
  readonly commitEveryMs: number;
  /** All parts of the run. */
  readonly parts: readonly BatchPart[];
  /** Up to where it reads its tables; one that is not named is read as it is now. */
  readonly tableEnds: readonly TableEnd[];
  /** Dead letters that the run may have; one more ends it. */
  readonly deadLettersMax: number;
}

/** Stages that read nothing but sources: the steps run them. Those behind are part of finishing. */
export function firstStages({ stages }: Pick<PipelineDefinition, 'stages'>): Stage[] {
  return stages.filter(({ entries }) => entries.every(({ kind }) => kind === 'source'));
}

export function laterStages({ stages }: Pick<PipelineDefinition, 'stages'>): Stage[] {
  return stages.filter(({ entries }) => entries.some(({ kind }) => kind === 'repartition'));
}

/** Source topics that a stage reads. */
export function sourcesOf({ entries }: Stage): string[] {
  return entries.flatMap((entry) => (entry.kind === 'source' ? entry.topics : []));
}

/**
 * Partitions of the run's internal topics. Their keys must stay where their state is: a run that
 * goes on from another keeps its number.
 */
export async function internalPartitions({
  definition,
  folder,
  parts,
}: Pick<BatchRun, 'definition' | 'folder' | 'parts'>): Promise<number> {
  const inBase = await folder.tasksInBase(laterStages(definition));
  const most = Math.max(0, ...parts.map(({ partition }) => partition)) + 1;
  return inBase > 0 ? inBase : (definition.partitions ?? most);
}

/** The tasks before a stage, as `stage/number`. */
export function upstreamTasks(run: BatchRun, stage: Stage, partitions: number): string[] {
  return run.definition.stages
    .filter(({ exits }) => exits.some((exit) => stage.entries.includes(exit)))
    .flatMap((writer) =>
      taskNumbers(run, writer, partitions).map((number) => `${writer.index}/${number}`),
    );
}

/** Numbers of a stage's tasks in a run. */
export function taskNumbers(run: BatchRun, stage: Stage, partitions: number): number[] {
  if (laterStages(run.definition).includes(stage)) {
    return Array.from({ length: partitions }, (_, number) => number);
  }
  const topics = sourcesOf(stage);
  const read = run.parts.filter(({ topic }) => topics.includes(topic));
  return [...new Set(read.map(({ partition }) => partition))].sort((left, right) => left - right);
}
