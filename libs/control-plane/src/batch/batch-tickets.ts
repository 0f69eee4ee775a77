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
export interface StepTicket {
  readonly kind: 'step';
  readonly runId: string;
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
}
export type Ticket = RunTicket | StepTicket;

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
  /** The time that the run stands for, ms since epoch: of its tick, else of its making. */
  readonly nominalAt: number;
}

export interface ClaimedStep {
  readonly run: ClaimedRun;
  readonly topic: string;
  /** Empty for a run that was frozen before topics' ids were recorded. */
  readonly topicId: string;
  readonly partition: number;
  readonly nextOffset: number;
  readonly endOffset: number;
  readonly accumulator: string | null;
  /** Offsets whose records are to be dead-lettered, by decision. */
  readonly skips: readonly number[];
}

export interface Checkpoint {
  readonly nextOffset: number;
  readonly accumulator: string | null;
  /** Records sent to the dead-letter topic since the checkpoint before. */
  readonly deadLettered: number;
  readonly done: boolean;
}

export interface RunResult {
  readonly rows: number;
  readonly file: string | null;
  readonly topic: string | null;
}

export function nextLeaseEnd(): bigint {
  return BigInt(machineMs() + LEASE_MS);
}

export function keyOf(ticket: StepTicket) {
  return { runId: ticket.runId, topic: ticket.topic, partition: ticket.partition };
}

export function claimOf(ticket: StepTicket) {
  return { ...keyOf(ticket), leaseEpoch: ticket.epoch };
}

type StepHead = Pick<BatchStepRow, 'runId' | 'topic' | 'partition' | 'leaseEpoch'>;

export function toStepTicket(step: StepHead): StepTicket {
  const { runId, topic, partition, leaseEpoch } = step;
  return { kind: 'step', runId, topic, partition, epoch: leaseEpoch };
}

export function toClaimedRun(run: BatchRunRow): ClaimedRun {
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
  };
}
