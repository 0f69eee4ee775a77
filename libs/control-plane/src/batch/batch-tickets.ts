import { machineMs } from '../clock/index.ts';
import { type BatchRunRow, type BatchStepRow, toNominalAt } from './batch-run-view.ts';
import type { AskedOffsets, WindowKind } from './window-planning.ts';

/** A holder renews within this time or loses its claim. */
export const LEASE_MS = 10_000;

export interface RunTicket {
  readonly kind: 'plan' | 'finish';
  readonly runId: string;
  readonly epoch: number;
}
/** A step: the partitions of one number, each of its source topics' own. */
export interface StepTicket {
  readonly kind: 'step';
  readonly runId: string;
  readonly partition: number;
  readonly epoch: number;
}
export type Ticket = RunTicket | StepTicket;

/** Up to where a run reads one partition of a table. */
export interface TableEnd {
  readonly topic: string;
  readonly partition: number;
  readonly endOffset: number;
}

export interface ClaimedRun {
  readonly id: string;
  readonly job: string;
  readonly attempt: number;
  readonly generation: number;
  readonly definitionHash: string | null;
  readonly windowKind: WindowKind;
  /** Whether its window was frozen when it was made. */
  readonly isFrozen: boolean;
  /** Its results go to its page only. */
  readonly detached: boolean;
  /** Time bounds asked for, ms since epoch. */
  readonly from: number | null;
  readonly to: number | null;
  /** Offsets asked for; null unless the window is of that kind. */
  readonly offsets: readonly AskedOffsets[] | null;
  /** Somebody decided that it goes on without records that are gone. */
  readonly goesOnWithoutLost: boolean;
  readonly params: Readonly<Record<string, unknown>>;
  /** The time that the run stands for, ms since epoch. */
  readonly nominalAt: number;
  /** Where the topics of its tables end for it, as far as that is frozen. */
  readonly tableEnds: readonly TableEnd[];
  /** It belongs to a backfill: it begins and ends for itself. */
  readonly isBackfill: boolean;
  /** Records sent to the dead-letter topic up to the checkpoints of its steps. */
  readonly deadLettered: number;
  /** Records that were left out by decision. */
  readonly leftOut: number;
}

/** One partition of a step. */
export interface StepPart {
  readonly topic: string;
  /** Empty for a run that was frozen before topics' ids were recorded. */
  readonly topicId: string;
  readonly partition: number;
  /** Its first record that was not gone before it was read. */
  readonly startOffset: number;
  readonly nextOffset: number;
  readonly endOffset: number;
  /** Offsets whose records are to be dead-lettered, by decision. */
  readonly skips: readonly number[];
}

export interface ClaimedStep {
  readonly run: ClaimedRun;
  readonly partition: number;
  /** In the order of the topics' names. */
  readonly parts: readonly StepPart[];
  /** Records sent to the dead-letter topic up to its checkpoint. */
  readonly deadLettered: number;
}

/** Where a step stands. */
export interface Checkpoint {
  /**
   * Records sent to the dead-letter topic since the step's beginning, so that none counts twice.
   */
  readonly deadLettered: number;
  readonly positions: ReadonlyArray<{ readonly topic: string; readonly nextOffset: number }>;
  readonly done: boolean;
}

export interface RunResult {
  readonly rows: number;
  readonly file: string | null;
  readonly topic: string | null;
  /** Records of the run that were sent to the dead-letter topic. */
  readonly deadLettered: number;
  /** When the next run has to end so that the earliest timer is due, ms since epoch. */
  readonly nextDueAt?: number | null;
}

export function nextLeaseEnd(): bigint {
  return BigInt(machineMs() + LEASE_MS);
}

/** The rows that a ticket stands for: they are claimed, moved on and given back together. */
export function claimOf({ runId, partition, epoch }: StepTicket) {
  return { runId, partition, leaseEpoch: epoch };
}

type StepHead = Pick<BatchStepRow, 'runId' | 'partition' | 'leaseEpoch'>;

/** One ticket for each number of a partition. */
export function toStepTickets(steps: readonly StepHead[]): StepTicket[] {
  const tickets = new Map<number, StepTicket>();
  for (const { runId, partition, leaseEpoch } of steps) {
    tickets.set(partition, { kind: 'step', runId, partition, epoch: leaseEpoch });
  }
  return [...tickets.values()];
}

export function toTableEnds(json: string | null): TableEnd[] {
  return json === null ? [] : (JSON.parse(json) as TableEnd[]);
}

export function toClaimedRun(
  run: BatchRunRow & { readonly _count: { readonly skips: number } },
): ClaimedRun {
  return {
    id: run.id,
    job: run.job,
    attempt: run.attempt,
    generation: run.generation,
    definitionHash: run.definitionHash,
    windowKind: run.windowKind as WindowKind,
    isFrozen: run.frozenAt !== null,
    detached: run.detached,
    from: run.windowFrom === null ? null : Number(run.windowFrom),
    to: run.windowTo === null ? null : Number(run.windowTo),
    offsets: run.windowOffsets === null ? null : (JSON.parse(run.windowOffsets) as AskedOffsets[]),
    goesOnWithoutLost: run.goesOnWithoutLost,
    params: JSON.parse(run.params) as Record<string, unknown>,
    nominalAt: toNominalAt(run),
    tableEnds: toTableEnds(run.tableEnds),
    isBackfill: run.trigger === 'backfill',
    deadLettered: Number(run.deadLettered),
    leftOut: run._count.skips,
  };
}
