import type { Item } from '../operators/item.ts';
import type { PoisonRecord } from '../operators/operator.ts';
import type { StateBacking } from '../state/state-backing.ts';
import type { RetryLater } from '../topology/definition-error.ts';
import type { TableSource } from '../topology/nodes.ts';
import type { PipelineDefinition } from '../topology/pipeline-definition.ts';
import type { OperatorLog, RunContext, TableView } from '../topology/source-record.ts';
import type { Stage } from '../topology/stages.ts';
import type { CutOff, WorkMark } from '../watch/work-mark.ts';
import type { OutputRecord } from './task-output.ts';

/** What a task needs of its surroundings. */
export interface TaskOptions {
  readonly definition: PipelineDefinition;
  readonly stage: Stage;
  /** Number of the partition of each topic that the task reads. */
  readonly number: number;
  readonly backing: StateBacking;
  /** How often the pipeline has been started over; 0 when absent. */
  readonly epoch?: number;
  /** The definition's `stateHash` when states of other definitions are kept for it, by decision. */
  readonly keepStateFor?: string | null;
  /** Names of the tasks that write the internal topics which this one reads. */
  readonly upstreamTasks: readonly string[];
  /** Partitions of the sources that the task reads, with the offset at which a new state begins. */
  readonly partitions: ReadonlyArray<{
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
  }>;
  /** The wall clock, ms since epoch. */
  readonly now: () => number;
  /** Waits between two tries. */
  readonly pause: (ms: number) => Promise<void>;
  /** Waits because an operator asked for it; rejects to end the task. */
  readonly waitForHelp: (reason: RetryLater, attempt: number) => Promise<void>;
  readonly partitionsOf: (topic: string) => number;
  readonly tables: (source: TableSource) => TableView<unknown>;
  readonly signal: AbortSignal;
  readonly log: OperatorLog;
  /** The batch run that the outputs belong to; null in a stream. */
  readonly run: RunContext | null;
  readonly onLate?: (late: {
    readonly operator: string;
    readonly byMs: number;
    readonly item: Item;
  }) => void;
  /** Told of each record that is given up; what it throws ends the task. */
  readonly onDeadLetter?: (reason: PoisonRecord, source: OutputRecord['source']) => void;
  /** Where it is said which function is under way; nowhere when absent. */
  readonly mark?: WorkMark;
  /** Items that become dead letters without a further try. */
  readonly cutOffs?: readonly CutOff[];
  /** See `TaskPort.oneAtATime`. */
  readonly oneAtATime?: boolean;
}

/** Records, since the task began. */
export interface TaskCounts {
  consumed: number;
  produced: number;
  deadLettered: number;
  filtered: number;
  /** Once per operator that saw a record late. */
  late: number;
}
