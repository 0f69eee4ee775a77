import type { ControlDatabase } from '@penstock/platform';
import { durationInWords, machineMs } from '../clock/index.ts';
import type { WorkerView } from '../workers/index.ts';
import type { WindowKind } from './window-planning.ts';

export type BatchRunState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled';
export type BatchTrigger = 'schedule' | 'catch-up' | 'hand' | 'backfill' | 'timer';
export type BatchStepState = 'waiting' | 'running' | 'done' | 'failed';

export const ACTIVE_STATES: BatchRunState[] = ['waiting', 'running'];
/** States of a run that keeps its window and waits for a decision. */
export const HELD_STATES: BatchRunState[] = ['failed', 'cancelled'];
/** The longest back-off between two attempts. */
export const RETRY_DELAY_MAX_MS = 60_000;

/** What a run of a job's line waits for: another run of the same job. */
export interface LineWait {
  readonly runId: string;
  /** `before`: it has not ended. `blocks`: it did not succeed, and holds back the others. */
  readonly reason: 'before' | 'blocks';
}

/** One partition's part of a run: the frozen window [startOffset, endOffset). */
export interface BatchStepView {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
  /** Everything before it is in the checkpoint or in the sink. */
  readonly nextOffset: number;
  /** Records at its start that were gone before they were read. */
  readonly lost: number;
  /** Records that are gone and that it failed for. */
  readonly gone: number;
  readonly state: BatchStepState;
  readonly error: string | null;
}

/** One execution of a batch job over a frozen window. Times are milliseconds since epoch. */
export interface BatchRunView {
  readonly id: string;
  readonly job: string;
  readonly trigger: BatchTrigger;
  readonly scheduledFor: number | null;
  /** Due times that it stands for. */
  readonly ticks: number;
  /** When it should have succeeded; null without a deadline. */
  readonly deadlineAt: number | null;
  /** Whether its deadline passed before it succeeded. */
  readonly isLate: boolean;
  readonly window: {
    readonly kind: WindowKind;
    /** Time bounds asked for. */
    readonly from: number | null;
    readonly to: number | null;
  };
  /** Its results go to its page only. */
  readonly detached: boolean;
  /** Raised by each restart. */
  readonly generation: number;
  /** JSON: parameters given by who started it. */
  readonly params: string;
  readonly state: BatchRunState;
  /** 0 until the first try began. */
  readonly attempt: number;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly error: string | null;
  /** What a run that makes no progress waits for; null otherwise. */
  readonly waitingFor: string | null;
  /** Offsets passed and offsets in the window, over all partitions. */
  readonly recordsRead: number;
  readonly recordsTotal: number;
  readonly resultRows: number;
  readonly deadLettered: number;
  readonly resultTopic: string | null;
  /** Name of the result file; null when there is none. */
  readonly resultFile: string | null;
}

export type BatchRunRow = Awaited<ReturnType<ControlDatabase['batchRun']['findFirstOrThrow']>>;
export type BatchStepRow = Awaited<ReturnType<ControlDatabase['batchStep']['findFirstOrThrow']>>;

/** What a run may wait for besides its own obstacle. */
export interface RunSurroundings {
  readonly workers: readonly WorkerView[];
  /** Why control.db cannot be written; null when it can. */
  readonly databaseProblem: string | null;
}

/**
 * The time that a run stands for, ms since epoch: of its tick or part, else of the claim of its
 * window, else of its making.
 */
export function toNominalAt(
  row: Pick<
    BatchRunRow,
    'trigger' | 'scheduledFor' | 'windowTo' | 'windowKind' | 'frozenAt' | 'createdAt'
  >,
): number {
  const ofBackfill = row.trigger === 'backfill' ? row.windowTo : null;
  const ofClaim = row.windowKind === 'contiguous' ? row.frozenAt : null;
  return Number(row.scheduledFor ?? ofBackfill ?? ofClaim ?? row.createdAt);
}

/** @param wait what it waits for in its job's line */
export function toRunView(
  row: BatchRunRow,
  surroundings: RunSurroundings,
  wait?: LineWait,
): BatchRunView {
  return {
    id: row.id,
    job: row.job,
    trigger: row.trigger as BatchTrigger,
    scheduledFor: toNumber(row.scheduledFor),
    ticks: row.ticks,
    deadlineAt: toNumber(row.deadlineAt),
    isLate: row.lateAt !== null,
    window: {
      kind: row.windowKind as WindowKind,
      from: toNumber(row.windowFrom),
      to: toNumber(row.windowTo),
    },
    detached: row.detached,
    generation: row.generation,
    params: row.params,
    state: row.state as BatchRunState,
    attempt: row.attempt,
    createdAt: Number(row.createdAt),
    startedAt: toNumber(row.startedAt),
    finishedAt: toNumber(row.finishedAt),
    error: row.error,
    waitingFor: wait === undefined ? waitingFor(row, surroundings, machineMs()) : inWords(wait),
    recordsRead: Number(row.recordsRead),
    recordsTotal: Number(row.recordsTotal),
    resultRows: Number(row.resultRows),
    deadLettered: Number(row.deadLettered),
    resultTopic: row.resultTopic,
    resultFile: row.resultFile,
  };
}

export function toStepView(row: BatchStepRow): BatchStepView {
  return {
    topic: row.topic,
    topicId: row.topicId,
    partition: row.partition,
    startOffset: Number(row.startOffset),
    endOffset: Number(row.endOffset),
    nextOffset: Number(row.nextOffset),
    lost: Number(row.lost),
    gone: Number(row.gone),
    state: row.state as BatchStepState,
    error: row.error,
  };
}

function inWords({ runId, reason }: LineWait): string {
  return reason === 'before'
    ? `run ${runId} of the same job, whose records come first`
    : `run ${runId} of the same job, which did not succeed: retry or restart it`;
}

/** The first obstacle, in the order in which a person has to remove them. */
function waitingFor(
  row: BatchRunRow,
  { workers, databaseProblem }: RunSurroundings,
  now: number,
): string | null {
  if (!ACTIVE_STATES.includes(row.state as BatchRunState)) {
    return null;
  }
  // Workers cannot say that they are there, nor take a run, while they cannot write.
  if (databaseProblem !== null) {
    return `the database: ${databaseProblem}`;
  }
  if (workers.length === 0) {
    return 'a worker: none is running';
  }
  if (!workers.some((worker) => worker.redisConnected)) {
    return workers[0]?.redisProblem ?? 'Redis: no worker can use it';
  }
  const backOffMs = Number(row.retryAt ?? 0) - now;
  if (backOffMs > 0 && backOffMs <= RETRY_DELAY_MAX_MS) {
    return `the next attempt, in ${durationInWords(backOffMs)}`;
  }
  if (row.state === 'running') {
    return row.obstacle;
  }
  const idle = workers.some((worker) => worker.redisConnected && worker.slotsBusy < worker.slots);
  return idle ? null : 'a free slot: all are busy with other runs';
}

function toNumber(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}
