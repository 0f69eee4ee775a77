import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { type PipelineView, PipelinesService } from '../pipelines/index.ts';
import { lastDue, nextDue, type Schedule } from '../schedules/index.ts';
import { ACTIVE_STATES } from './batch-run-view.ts';
import { scheduleOf } from './batch-jobs.service.ts';
import { BatchRunsService } from './batch-runs.service.ts';

/**
 * Turns schedules into runs.
 *
 * A tick is owed when it lies after the schedule's registration and after the newest tick that has
 * a run. Of several that are owed only the latest becomes a run. While a run of the job has not
 * ended no other is made, so a job never overlaps itself; the tick stays owed meanwhile.
 */
@Injectable()
export class BatchTicksService {
  readonly #database: ControlDatabase;
  readonly #pipelines: PipelinesService;
  readonly #runs: BatchRunsService;
  readonly #latest = new Map<string, LatestTick>();

  constructor(database: ControlDatabase, pipelines: PipelinesService, runs: BatchRunsService) {
    this.#database = database;
    this.#pipelines = pipelines;
    this.#runs = runs;
  }

  /** Makes the runs that are due at `now` (ms since epoch). Returns how many were made. */
  async tick(now: number): Promise<number> {
    let made = 0;
    for (const pipeline of await this.#pipelines.list()) {
      const schedule = scheduleOf(pipeline);
      if (schedule !== null && (await this.#fire(pipeline, schedule, now))) {
        made += 1;
      }
    }
    return made;
  }

  async #fire(pipeline: PipelineView, schedule: Schedule, now: number): Promise<boolean> {
    const due = this.#latestTick(pipeline.name, schedule, now);
    if (due === null || due <= (pipeline.scheduleSince ?? now)) {
      return false;
    }
    const busyOrDone = await this.#database.batchRun.count({
      where: {
        job: pipeline.name,
        OR: [{ state: { in: ACTIVE_STATES } }, { scheduledFor: { gte: BigInt(due) } }],
      },
    });
    return busyOrDone === 0 && (await this.#runs.startScheduled(pipeline, due));
  }

  /** Asked for several times a second; it changes when the next one is due only. */
  #latestTick(name: string, schedule: Schedule, now: number): number | null {
    const key = `${schedule.cron} ${schedule.timeZone}`;
    const known = this.#latest.get(name);
    if (known !== undefined && known.key === key && now >= known.from && now < known.until) {
      return known.due;
    }
    const due = lastDue(schedule, now);
    const until = nextDue(schedule, now) ?? Infinity;
    this.#latest.set(name, { key, due, from: now, until });
    return due;
  }
}

interface LatestTick {
  readonly key: string;
  readonly due: number | null;
  /** The times, ms since epoch, between which `due` is the latest tick. */
  readonly from: number;
  readonly until: number;
}
