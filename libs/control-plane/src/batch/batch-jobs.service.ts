import { Injectable } from '@nestjs/common';
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
  readonly #pipelines: PipelinesService;

  constructor(pipelines: PipelinesService) {
    this.#pipelines = pipelines;
  }

  async list(): Promise<BatchJobView[]> {
    const pipelines = await this.#pipelines.list();
    return pipelines.filter((pipeline) => pipeline.mode !== 'stream').map(toJobView);
  }

  async find(name: string): Promise<BatchJobView | null> {
    const pipeline = await this.#pipelines.find(name);
    return pipeline === null || pipeline.mode === 'stream' ? null : toJobView(pipeline);
  }
}

/** The schedule of a pipeline; null when it has none. */
export function scheduleOf(pipeline: PipelineView): Schedule | null {
  return pipeline.schedule === null
    ? null
    : { cron: pipeline.schedule, timeZone: pipeline.timeZone ?? 'UTC' };
}

function toJobView(pipeline: PipelineView): BatchJobView {
  const schedule = scheduleOf(pipeline);
  return {
    name: pipeline.name,
    description: pipeline.description,
    sources: pipeline.sources,
    schedule: schedule?.cron ?? null,
    timeZone: schedule?.timeZone ?? null,
    ...(schedule === null ? { scheduleText: null, nextRunAt: null } : describeSchedule(schedule)),
  };
}

/** An earlier version may have registered what is no schedule to this one; no worker runs it. */
function describeSchedule(schedule: Schedule): { scheduleText: string; nextRunAt: number | null } {
  try {
    return { scheduleText: scheduleInWords(schedule), nextRunAt: nextDue(schedule, Date.now()) };
  } catch (error) {
    if (error instanceof ScheduleError) {
      return { scheduleText: error.message, nextRunAt: null };
    }
    throw error;
  }
}
