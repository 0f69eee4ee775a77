import type { ControlDatabase } from '@penstock/platform';
import { durationInWords, machineMs } from '../clock/index.ts';
import type { WorkerView } from '../workers/index.ts';

export type BatchRunState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled';
export type BatchTrigger = 'schedule' | 'hand';
export type BatchStepState = 'waiting' | 'running' | 'done' | 'failed';

export const ACTIVE_STATES: BatchRunState[] = ['waiting', 'running'];
/** The longest back-off between two attempts. */
export const RETRY_DELAY_MAX_MS = 60_000;

/** One partition's part of a run: the frozen window [startOffset, endOffset). */
export interface BatchStepView {
  readonly topic: string;
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
  /** Everything before it is in the checkpoint or in the sink. */
  readonly nextOffset: number;
  readonly state: BatchStepState;
  readonly error: string | null;
}

/** One execution of a batch job over a frozen window. Times are milliseconds since epoch. */
export interface BatchRunView {
  readonly id: string;
  readonly job: string;
  readonly trigger: BatchTrigger;
  readonly scheduledFor: number | null;
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

export function toRunView(row: BatchRunRow, surroundings: RunSurroundings): BatchRunView {
  return {
    id: row.id,
    job: row.job,
    trigger: row.trigger as BatchTrigger,
    scheduledFor: toNumber(row.scheduledFor),
    state: row.state as BatchRunState,
    attempt: row.attempt,
    createdAt: Number(row.createdAt),
    startedAt: toNumber(row.startedAt),
    finishedAt: toNumber(row.finishedAt),
    error: row.error,
    waitingFor: waitingFor(row, surroundings, machineMs()),
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
    partition: row.partition,
    startOffset: Number(row.startOffset),
    endOffset: Number(row.endOffset),
    nextOffset: Number(row.nextOffset),
    state: row.state as BatchStepState,
    error: row.error,
  };
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
