import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import type { ClockJump } from '../clock/index.ts';
import { EventLog } from '../events/index.ts';
import { type PipelineView, PipelinesService } from '../pipelines/index.ts';
import { nextDue, type Schedule } from '../schedules/index.ts';

/** Why due times were passed over: a run had not ended, by hand, or only the latest counts. */
export type SkipReason = 'overlap' | 'paused' | 'catch-up';

/** Due times that were passed over together. Times are ms since epoch. */
export interface SkippedTicks {
  /** The newest of them. */
  readonly dueAt: number;
  readonly ticks: number;
  readonly reason: SkipReason;
  readonly skippedAt: number;
}

/** A run made at most this long before its due time counts as the run of that due time. */
const EARLY_MAX_MS = 3 * 60 * 60 * 1_000;
/** Rows of skipped ticks that are kept for a job. */
const SKIPS_KEPT_MAX = 500;
/** Late runs that are noticed in one look; the others are in the next. */
const LATE_AT_ONCE_MAX = 100;

/** The schedule of a pipeline; null when it has none. */
export function scheduleOf(pipeline: PipelineView): Schedule | null {
  return pipeline.schedule === null
    ? null
    : { cron: pipeline.schedule, timeZone: pipeline.timeZone ?? 'UTC' };
}

/**
 * What is known of each job's schedule besides its runs: whether it is paused, which due times were
 * passed over, and why one that is due has no run.
 *
 * A clock that was ahead leaves recorded times after now. They hold nothing back: neither runs for
 * future due times nor a future registration. A due time that has a run gets no second one when the
 * clock reaches it again. When a jump back undoes a jump forward, a run made in between keeps its
 * due time only if that is the next one and near; the others were made too early, and their due
 * times are open again.
 */
@Injectable()
export class ScheduleStates {
  readonly #database: ControlDatabase;
  readonly #events: EventLog;
  readonly #pipelines: PipelinesService;

  constructor(database: ControlDatabase, events: EventLog, pipelines: PipelinesService) {
    this.#database = database;
    this.#events = events;
    this.#pipelines = pipelines;
  }

  /** The newest due time up to now that has a run or was passed over; -Infinity when none has. */
  async settledAt(job: string, now: number): Promise<number> {
    const [run, skip] = await Promise.all([
      this.#database.batchRun.findFirst({
        where: { job, scheduledFor: { lte: BigInt(now) } },
        orderBy: { scheduledFor: 'desc' },
        select: { scheduledFor: true },
      }),
      this.#database.skippedTick.findFirst({
        where: { job, dueAt: { lte: BigInt(now) } },
        orderBy: { dueAt: 'desc' },
        select: { dueAt: true },
      }),
    ]);
    return Math.max(
      Number(run?.scheduledFor ?? -Infinity),
      skip === null ? -Infinity : Number(skip.dueAt),
    );
  }

  /**
   * Passes over the due times in (settledAt, due]. Does nothing when one of them has got a run
   * meanwhile: another worker saw the job before its run had begun.
   */
  async skip(
    job: string,
    {
      settledAt,
      due,
      ticks,
      reason,
    }: {
      settledAt: number;
      due: number;
      ticks: number;
      reason: SkipReason;
    },
  ): Promise<void> {
    const skipped = await this.#database.$transaction(async (tx) => {
      const between = { gt: toTime(settledAt), lte: toTime(due) };
      const settled =
        (await tx.batchRun.count({ where: { job, scheduledFor: between } })) +
        (await tx.skippedTick.count({ where: { job, dueAt: between } }));
      if (settled > 0) {
        return false;
      }
      const skippedAt = BigInt(Date.now());
      await tx.skippedTick.create({ data: { job, dueAt: BigInt(due), ticks, reason, skippedAt } });
      const oldest = await tx.skippedTick.findFirst({
        where: { job },
        orderBy: { dueAt: 'desc' },
        skip: SKIPS_KEPT_MAX,
        select: { dueAt: true },
      });
      if (oldest !== null) {
        await tx.skippedTick.deleteMany({ where: { job, dueAt: { lte: oldest.dueAt } } });
      }
      return true;
    });
    if (skipped) {
      const times = ticks === 1 ? 'a due time was' : `${ticks} due times were`;
      const message = `${job}: ${times} passed over: ${SKIP_WORDS[reason]}`;
      await this.#events.append('TICK_SKIPPED', job, message, { due, ticks, reason });
    }
  }

  /** Newest first. */
  async skipped(job: string, first: number): Promise<SkippedTicks[]> {
    const rows = await this.#database.skippedTick.findMany({
      where: { job },
      orderBy: { dueAt: 'desc' },
      take: first,
    });
    return rows.map((row) => ({
      dueAt: Number(row.dueAt),
      ticks: row.ticks,
      reason: row.reason as SkipReason,
      skippedAt: Number(row.skippedAt),
    }));
  }

  skippedCount(job: string): Promise<number> {
    return this.#database.skippedTick.count({ where: { job } });
  }

  /** How many rows of passed-over due times there are at or after a time. */
  skippedSince(job: string, since: number): Promise<number> {
    return this.#database.skippedTick.count({ where: { job, dueAt: { gte: BigInt(since) } } });
  }

  /** Times are ms since epoch; null: it is not paused, there is no timer. */
  async find(job: string): Promise<{
    readonly pausedAt: number | null;
    readonly problem: string | null;
    readonly timerDueAt: number | null;
  }> {
    const state = await this.#database.scheduleState.findUnique({ where: { job } });
    return {
      pausedAt: toNumber(state?.pausedAt),
      problem: state?.problem ?? null,
      timerDueAt: toNumber(state?.timerDueAt),
    };
  }

  async isPaused(job: string): Promise<boolean> {
    return (await this.find(job)).pausedAt !== null;
  }

  /** False when it already was so. */
  async setPaused(job: string, paused: boolean): Promise<boolean> {
    const was = await this.isPaused(job);
    const pausedAt = paused ? BigInt(Date.now()) : null;
    await this.#database.scheduleState.upsert({
      where: { job },
      create: { job, pausedAt },
      update: was === paused ? {} : { pausedAt },
    });
    if (was !== paused) {
      const kind = paused ? 'SCHEDULE_PAUSED' : 'SCHEDULE_RESUMED';
      await this.#events.append(
        kind,
        job,
        `${job}: its schedule was ${paused ? 'paused' : 'resumed'}`,
      );
    }
    return was !== paused;
  }

  /** Why a due tick has no run; null when nothing is in its way. */
  async setProblem(job: string, problem: string | null): Promise<void> {
    if ((await this.find(job)).problem === problem) {
      return;
    }
    await this.#database.scheduleState.upsert({
      where: { job },
      create: { job, problem },
      update: { problem },
    });
  }

  /** Records which runs have passed their deadline without success. */
  async noticeLate(now: number): Promise<void> {
    const late = await this.#database.batchRun.findMany({
      where: {
        deadlineAt: { lt: BigInt(now) },
        lateAt: null,
        state: { in: ['waiting', 'running', 'failed'] },
      },
      take: LATE_AT_ONCE_MAX,
      select: { id: true, job: true },
    });
    for (const { id, job } of late) {
      const { count } = await this.#database.batchRun.updateMany({
        where: { id, lateAt: null, state: { in: ['waiting', 'running', 'failed'] } },
        data: { lateAt: BigInt(now) },
      });
      if (count > 0) {
        await this.#events.append('RUN_LATE', id, `${job}: run ${id} missed its deadline`);
      }
    }
  }

  /** Reopens the future due times that were used up while the clock was ahead. */
  async reopen({ now, aheadFrom }: ClockJump): Promise<void> {
    if (aheadFrom === null) {
      return;
    }
    const ahead = { gt: BigInt(now) };
    await this.#database.skippedTick.deleteMany({
      where: { skippedAt: { gte: BigInt(aheadFrom) }, dueAt: ahead },
    });
    await this.#database.batchRun.updateMany({
      where: { lateAt: { gte: BigInt(aheadFrom) }, deadlineAt: ahead },
      data: { lateAt: null },
    });
    const early = await this.#database.batchRun.findMany({
      where: { createdAt: { gte: BigInt(aheadFrom) }, scheduledFor: ahead },
      select: { id: true, job: true, scheduledFor: true },
    });
    for (const { id, job, scheduledFor } of early) {
      const pipeline = await this.#pipelines.find(job);
      const schedule = pipeline === null ? null : scheduleOf(pipeline);
      const next = schedule === null ? null : nextDue(schedule, now);
      const isNear = Number(scheduledFor) - now <= EARLY_MAX_MS;
      if (!isNear || next !== Number(scheduledFor)) {
        const open = { scheduledFor: null, deadlineAt: null };
        await this.#database.batchRun.update({ where: { id }, data: open });
      }
    }
  }
}

const SKIP_WORDS: Record<SkipReason, string> = {
  overlap: 'the run before had not ended',
  paused: 'the schedule is paused',
  'catch-up': 'only the latest gets a run',
};

function toNumber(time: bigint | null | undefined): number | null {
  return time === null || time === undefined ? null : Number(time);
}

/** Before all times stands 0. */
function toTime(at: number): bigint {
  return BigInt(Math.max(0, at));
}
