import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { type PipelineView, PipelinesService, type ScheduleChoices } from '../pipelines/index.ts';
import {
  lastDue,
  nextDue,
  type Schedule,
  ScheduleError,
  scheduleInWords,
} from '../schedules/index.ts';
import { ACTIVE_STATES } from './batch-run-view.ts';
import { RunLine } from './run-line.ts';
import { scheduleOf, ScheduleStates } from './schedule-states.ts';

/**
 * What is most worth knowing of a job: its schedule is paused, a run that did not succeed blocks
 * later ones, its newest due time passed its deadline without success, a run has not ended, or none
 * of these.
 */
export type BatchJobState = 'paused' | 'blocked' | 'late' | 'running' | 'idle';

/** How many next due times are told. */
const NEXT_TIMES = 3;

/** A pipeline that can run as a batch job. */
export interface BatchJobView {
  readonly name: string;
  readonly description: string;
  readonly sources: readonly string[];
  readonly schedule: string | null;
  readonly timeZone: string | null;
  /** The schedule in words. */
  readonly scheduleText: string | null;
  /** Milliseconds since epoch; null when it only runs on request. */
  readonly nextRunAt: number | null;
  /** The next due times, of which `nextRunAt` is the first. */
  readonly nextRunsAt: readonly number[];
  readonly choices: ScheduleChoices;
  readonly state: BatchJobState;
  readonly paused: boolean;
  /** Id of the run that holds back later ones; null when none does. */
  readonly blockedBy: string | null;
  /** Why a due tick has no run; null when nothing is in its way. */
  readonly problem: string | null;
}

@Injectable()
export class BatchJobsService {
  readonly #database: ControlDatabase;
  readonly #pipelines: PipelinesService;
  readonly #line: RunLine;
  readonly #states: ScheduleStates;

  constructor(
    database: ControlDatabase,
    pipelines: PipelinesService,
    line: RunLine,
    states: ScheduleStates,
  ) {
    this.#database = database;
    this.#pipelines = pipelines;
    this.#line = line;
    this.#states = states;
  }

  async list(): Promise<BatchJobView[]> {
    const now = Date.now();
    const [pipelines, done] = await Promise.all([this.#pipelines.list(), this.#doneAfter(now)]);
    return Promise.all(
      pipelines
        .filter((pipeline) => pipeline.mode !== 'stream')
        .map(async (pipeline) => ({
          ...toJobView(pipeline, now, done.get(pipeline.name)),
          ...(await this.#standing(pipeline, now)),
        })),
    );
  }

  async find(name: string): Promise<BatchJobView | null> {
    return (await this.list()).find((job) => job.name === name) ?? null;
  }

  /** Pauses or resumes a schedule. While it is paused its due times are passed over, visibly. */
  async setPaused(job: string, paused: boolean): Promise<SchedulePauseOutcome> {
    const pipeline = await this.#pipelines.find(job);
    if (pipeline === null) {
      return { kind: 'pipeline-not-found', name: job };
    }
    if (pipeline.mode === 'stream' || pipeline.schedule === null) {
      return { kind: 'wrong-state', message: `${job} has no schedule: it runs on request` };
    }
    await this.#states.setPaused(job, paused);
    return { kind: 'job', job: (await this.find(job)) as BatchJobView };
  }

  async #standing(
    pipeline: PipelineView,
    now: number,
  ): Promise<Pick<BatchJobView, 'state' | 'paused' | 'blockedBy' | 'problem'>> {
    const job = pipeline.name;
    const [{ pausedAt, problem }, blockedBy, active, isLate] = await Promise.all([
      this.#states.find(job),
      this.#line.blocking(job),
      this.#database.batchRun.count({ where: { job, state: { in: ACTIVE_STATES } } }),
      this.#isLate(pipeline, now),
    ]);
    const paused = pausedAt !== null;
    const state = paused
      ? 'paused'
      : blockedBy !== null
        ? 'blocked'
        : isLate
          ? 'late'
          : active > 0
            ? 'running'
            : 'idle';
    return { state, paused, blockedBy, problem };
  }

  /** Whether the deadline of a due time has passed and no run of it or a later one succeeded. */
  async #isLate(pipeline: PipelineView, now: number): Promise<boolean> {
    const { deadlineMs } = pipeline.choices;
    const schedule = scheduleOf(pipeline);
    if (deadlineMs === null || schedule === null || pipeline.scheduleSince === null) {
      return false;
    }
    const due = dueBefore(schedule, now - deadlineMs);
    if (due === null || due <= pipeline.scheduleSince) {
      return false;
    }
    const settled = await this.#database.batchRun.count({
      where: { job: pipeline.name, state: 'succeeded', scheduledFor: { gte: BigInt(due) } },
    });
    return settled === 0 && (await this.#states.skippedSince(pipeline.name, due)) === 0;
  }

  /** Future due times, by job, that already have a run: it was made while the clock was ahead. */
  async #doneAfter(now: number): Promise<Map<string, Set<number>>> {
    const rows = await this.#database.batchRun.findMany({
      where: { scheduledFor: { gt: BigInt(now) } },
      select: { job: true, scheduledFor: true },
    });
    const done = new Map<string, Set<number>>();
    for (const { job, scheduledFor } of rows) {
      done.set(job, (done.get(job) ?? new Set()).add(Number(scheduledFor)));
    }
    return done;
  }
}

export type SchedulePauseOutcome =
  | { readonly kind: 'job'; readonly job: BatchJobView }
  | { readonly kind: 'pipeline-not-found'; readonly name: string }
  | { readonly kind: 'wrong-state'; readonly message: string };

type JobHead = Omit<BatchJobView, 'state' | 'paused' | 'blockedBy' | 'problem'>;

function toJobView(
  pipeline: PipelineView,
  now: number,
  done: ReadonlySet<number> = new Set(),
): JobHead {
  const schedule = scheduleOf(pipeline);
  return {
    name: pipeline.name,
    description: pipeline.description,
    sources: pipeline.sources,
    schedule: schedule?.cron ?? null,
    timeZone: schedule?.timeZone ?? null,
    choices: pipeline.choices,
    ...(schedule === null
      ? { scheduleText: null, nextRunAt: null, nextRunsAt: [] }
      : describeSchedule(schedule, now, done)),
  };
}

/** A schedule that an earlier version registered may be invalid in this one; no worker runs it. */
function describeSchedule(
  schedule: Schedule,
  now: number,
  done: ReadonlySet<number>,
): Pick<JobHead, 'scheduleText' | 'nextRunAt' | 'nextRunsAt'> {
  try {
    const nextRunsAt: number[] = [];
    let next = nextDue(schedule, now);
    while (next !== null && nextRunsAt.length < NEXT_TIMES) {
      if (!done.has(next)) {
        nextRunsAt.push(next);
      }
      next = nextDue(schedule, next);
    }
    return {
      scheduleText: scheduleInWords(schedule),
      nextRunAt: nextRunsAt[0] ?? null,
      nextRunsAt,
    };
  } catch (error) {
    if (error instanceof ScheduleError) {
      return { scheduleText: error.message, nextRunAt: null, nextRunsAt: [] };
    }
    throw error;
  }
}

function dueBefore(schedule: Schedule, at: number): number | null {
  try {
    return lastDue(schedule, at);
  } catch (error) {
    if (error instanceof ScheduleError) {
      return null;
    }
    throw error;
  }
}
