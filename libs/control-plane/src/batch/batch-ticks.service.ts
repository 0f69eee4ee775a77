import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { type ClockJump, ClockWatch } from '../clock/index.ts';
import { type PipelineView, PipelinesService } from '../pipelines/index.ts';
import { lastDue, nextDue, type Schedule } from '../schedules/index.ts';
import { ACTIVE_STATES } from './batch-run-view.ts';
import { scheduleOf } from './batch-jobs.service.ts';
import { BatchRunsService } from './batch-runs.service.ts';

/** A run made at most this long before its due time counts as the run of that due time. */
const EARLY_MAX_MS = 3 * 60 * 60 * 1_000;

/**
 * Turns schedules into runs.
 *
 * A tick is owed when it lies after the schedule's registration and after the newest tick that has
 * a run. Only the latest of several owed ticks becomes a run. While a run of the job has not ended,
 * no other is made, so a job never overlaps itself; the tick stays owed meanwhile.
 *
 * A clock that was ahead leaves recorded times after now. They hold nothing back: neither runs for
 * future due times nor a future registration. A due time that has a run gets no second one when the
 * clock reaches it again. When a jump back undoes a jump forward, a run made in between keeps its
 * due time only if that is the next one and near; the others were made too early, and their due
 * times are open again.
 */
@Injectable()
export class BatchTicksService {
  readonly #database: ControlDatabase;
  readonly #pipelines: PipelinesService;
  readonly #runs: BatchRunsService;
  readonly #latest = new Map<string, LatestTick>();

  constructor(
    database: ControlDatabase,
    pipelines: PipelinesService,
    runs: BatchRunsService,
    clock: ClockWatch,
  ) {
    this.#database = database;
    this.#pipelines = pipelines;
    this.#runs = runs;
    clock.onJump((jump) => this.#reopen(jump));
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
    const since = pipeline.scheduleSince ?? now;
    if (since > now) {
      await this.#pipelines.oweFrom(pipeline.name, now);
      return false;
    }
    if (due === null || due <= since) {
      return false;
    }
    const busyOrDone = await this.#database.batchRun.count({
      where: {
        job: pipeline.name,
        OR: [
          { state: { in: ACTIVE_STATES } },
          { scheduledFor: { gte: BigInt(due), lte: BigInt(now) } },
        ],
      },
    });
    return busyOrDone === 0 && (await this.#runs.startScheduled(pipeline, due));
  }

  /**
   * Cached, because it is asked for several times a second and changes only at the next due time.
   */
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

  /** Reopens the future due times that runs used up while the clock was ahead. */
  async #reopen({ now, aheadFrom }: ClockJump): Promise<void> {
    if (aheadFrom === null) {
      return;
    }
    const early = await this.#database.batchRun.findMany({
      where: { createdAt: { gte: BigInt(aheadFrom) }, scheduledFor: { gt: BigInt(now) } },
      select: { id: true, job: true, scheduledFor: true },
    });
    for (const { id, job, scheduledFor } of early) {
      const pipeline = await this.#pipelines.find(job);
      const schedule = pipeline === null ? null : scheduleOf(pipeline);
      const next = schedule === null ? null : nextDue(schedule, now);
      const isNear = Number(scheduledFor) - now <= EARLY_MAX_MS;
      if (!isNear || next !== Number(scheduledFor)) {
        await this.#database.batchRun.update({ where: { id }, data: { scheduledFor: null } });
      }
    }
  }
}

interface LatestTick {
  readonly key: string;
  readonly due: number | null;
  /** `due` is the latest tick from this time until `until`, ms since epoch. */
  readonly from: number;
  readonly until: number;
}
