import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { type PipelineView, PipelinesService } from '../pipelines/index.ts';
import { nextDue, type Schedule, ScheduleError, scheduleInWords } from '../schedules/index.ts';

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
}

@Injectable()
export class BatchJobsService {
  readonly #database: ControlDatabase;
  readonly #pipelines: PipelinesService;

  constructor(database: ControlDatabase, pipelines: PipelinesService) {
    this.#database = database;
    this.#pipelines = pipelines;
  }

  async list(): Promise<BatchJobView[]> {
    const now = Date.now();
    const [pipelines, done] = await Promise.all([this.#pipelines.list(), this.#doneAfter(now)]);
    return pipelines
      .filter((pipeline) => pipeline.mode !== 'stream')
      .map((pipeline) => toJobView(pipeline, now, done.get(pipeline.name)));
  }

  async find(name: string): Promise<BatchJobView | null> {
    return (await this.list()).find((job) => job.name === name) ?? null;
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

/** The schedule of a pipeline; null when it has none. */
export function scheduleOf(pipeline: PipelineView): Schedule | null {
  return pipeline.schedule === null
    ? null
    : { cron: pipeline.schedule, timeZone: pipeline.timeZone ?? 'UTC' };
}

function toJobView(
  pipeline: PipelineView,
  now: number,
  done: ReadonlySet<number> = new Set(),
): BatchJobView {
  const schedule = scheduleOf(pipeline);
  return {
    name: pipeline.name,
    description: pipeline.description,
    sources: pipeline.sources,
    schedule: schedule?.cron ?? null,
    timeZone: schedule?.timeZone ?? null,
    ...(schedule === null
      ? { scheduleText: null, nextRunAt: null }
      : describeSchedule(schedule, now, done)),
  };
}

/** A schedule that an earlier version registered may be invalid in this one; no worker runs it. */
function describeSchedule(
  schedule: Schedule,
  now: number,
  done: ReadonlySet<number>,
): { scheduleText: string; nextRunAt: number | null } {
  try {
    let nextRunAt = nextDue(schedule, now);
    while (nextRunAt !== null && done.has(nextRunAt)) {
      nextRunAt = nextDue(schedule, nextRunAt);
    }
    return { scheduleText: scheduleInWords(schedule), nextRunAt };
  } catch (error) {
    if (error instanceof ScheduleError) {
      return { scheduleText: error.message, nextRunAt: null };
    }
    throw error;
  }
}
