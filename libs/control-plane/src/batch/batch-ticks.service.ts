import { Injectable } from '@nestjs/common';
import { ClockWatch } from '../clock/index.ts';
import { ClusterUnavailable, KafkaRefusal } from '../cluster/index.ts';
import { type PipelineView, PipelinesService } from '../pipelines/index.ts';
import { lastDue, nextDue, type Schedule } from '../schedules/index.ts';
import { RunCreation } from './run-creation.ts';
import { RunLine } from './run-line.ts';
import { scheduleOf, ScheduleStates, type SkipReason } from './schedule-states.ts';
import { SourceLogs, SourceTopicMissing } from './source-logs.ts';
import { WindowRefused } from './window-planning.ts';

/** Runs of one job that may wait at once when each due time gets one; the others stay owed. */
const WAITING_RUNS_MAX = 100;
/** Due times that a run or a skip counts at most: more are counted as so many. */
const TICKS_COUNTED_MAX = 1_000;

/** Due times of a job that have neither a run nor been passed over. */
interface Owed {
  /** Nothing at or before this time is owed, ms since epoch. */
  readonly settledAt: number;
  /** The newest of them. */
  readonly due: number;
}

/**
 * Turns schedules into runs.
 *
 * A tick is owed when it lies after the schedule's registration, after the newest tick that has a
 * run, and after the newest that was passed over. It is settled by a run, or passed over, which is
 * recorded: while the schedule is paused, and, with `overlap: 'skip'`, while a run has not ended.
 * It stays owed while a run that did not succeed holds back later ones, with `overlap: 'queue'`
 * while a run has not ended, and while the brokers cannot say where the logs end. Of several owed
 * ticks `catchUp` makes one run or one each.
 *
 * The run of a contiguous schedule claims its windows when it is made, so its window ends where the
 * log ended at the tick, however long it then waits for a worker.
 */
@Injectable()
export class BatchTicksService {
  readonly #pipelines: PipelinesService;
  readonly #schedules: ScheduleStates;
  readonly #creation: RunCreation;
  readonly #line: RunLine;
  readonly #logs: SourceLogs;
  readonly #latest = new Map<string, LatestTick>();

  constructor(
    pipelines: PipelinesService,
    schedules: ScheduleStates,
    creation: RunCreation,
    line: RunLine,
    logs: SourceLogs,
    clock: ClockWatch,
  ) {
    this.#pipelines = pipelines;
    this.#schedules = schedules;
    this.#creation = creation;
    this.#line = line;
    this.#logs = logs;
    clock.onJump((jump) => schedules.reopen(jump));
  }

  /** Makes the runs that are due at `now` (ms since epoch). Returns how many were made. */
  async tick(now: number): Promise<number> {
    let made = 0;
    for (const pipeline of await this.#pipelines.list()) {
      const schedule = scheduleOf(pipeline);
      if (schedule !== null) {
        made += await this.#fire(pipeline, schedule, now);
      }
      made += await this.#fireTimer(pipeline, now);
    }
    await this.#schedules.noticeLate(now);
    return made;
  }

  async #fire(pipeline: PipelineView, schedule: Schedule, now: number): Promise<number> {
    const owed = await this.#owed(pipeline, schedule, now);
    if (owed === null) {
      return 0;
    }
    const { name: job, choices } = pipeline;
    if (await this.#schedules.isPaused(job)) {
      return this.#passOver(job, schedule, owed, 'paused');
    }
    if ((await this.#line.blocking(job)) !== null) {
      return 0;
    }
    const busy = await this.#line.length(job);
    if (busy > 0 && choices.overlap === 'skip') {
      return this.#passOver(job, schedule, owed, 'overlap');
    }
    if (choices.catchUp === 'each') {
      const times = dueTimes(schedule, owed, Math.max(0, WAITING_RUNS_MAX - busy));
      return this.#makeEach(pipeline, times, owed.due);
    }
    return busy > 0 ? 0 : this.#makeOne(pipeline, schedule, owed);
  }

  /**
   * A run for a timer that is due in the state which the newest run left (`context.schedule` of a
   * handler). It waits in control.db, so that an emptied queue loses none, while the schedule is
   * paused, and while there is a run that has not ended.
   */
  async #fireTimer(pipeline: PipelineView, now: number): Promise<number> {
    const job = pipeline.name;
    const { timerDueAt, pausedAt } = await this.#schedules.find(job);
    if (
      pipeline.mode === 'stream' ||
      timerDueAt === null ||
      timerDueAt > now ||
      pausedAt !== null
    ) {
      return 0;
    }
    if ((await this.#line.blocking(job)) !== null || (await this.#line.length(job)) > 0) {
      return 0;
    }
    const run = { trigger: 'timer' as const, windowKind: 'contiguous' as const };
    const made = await this.#creation.createFor(pipeline, async (tx) => {
      const { count } = await tx.scheduleState.updateMany({
        where: { job, timerDueAt: BigInt(timerDueAt) },
        data: { timerDueAt: null },
      });
      return count === 0 ? null : { run, made: () => Promise.resolve() };
    });
    return made === null ? 0 : 1;
  }

  async #owed(pipeline: PipelineView, schedule: Schedule, now: number): Promise<Owed | null> {
    const due = this.#latestTick(pipeline.name, schedule, now);
    const since = pipeline.scheduleSince ?? now;
    if (since > now) {
      await this.#pipelines.oweFrom(pipeline.name, now);
      return null;
    }
    if (due === null || due <= since) {
      return null;
    }
    const settledAt = Math.max(since, await this.#schedules.settledAt(pipeline.name, now));
    return due > settledAt ? { settledAt, due } : null;
  }

  async #passOver(
    job: string,
    schedule: Schedule,
    owed: Owed,
    reason: SkipReason,
  ): Promise<number> {
    const ticks = dueTimes(schedule, owed, TICKS_COUNTED_MAX).length;
    await this.#schedules.skip(job, { ...owed, ticks, reason });
    return 0;
  }

  /** One run for all owed ticks. */
  async #makeOne(pipeline: PipelineView, schedule: Schedule, owed: Owed): Promise<number> {
    const times = dueTimes(schedule, owed, TICKS_COUNTED_MAX);
    const isLatestOnly = pipeline.choices.catchUp === 'latest';
    const ticks = isLatestOnly ? 1 : times.length;
    const made = await this.#make(pipeline, [{ scheduledFor: owed.due, ticks }], owed.due);
    if (made > 0 && isLatestOnly && times.length > 1) {
      const due = times.at(-2) as number;
      const skipped = { settledAt: owed.settledAt, due, ticks: times.length - 1 };
      await this.#schedules.skip(pipeline.name, { ...skipped, reason: 'catch-up' });
    }
    return made;
  }

  #makeEach(pipeline: PipelineView, times: readonly number[], newest: number): Promise<number> {
    const each = times.map((scheduledFor) => ({ scheduledFor, ticks: 1 }));
    return this.#make(pipeline, each, newest);
  }

  /** Makes runs of ticks, the oldest first; what prevents it is kept for people to see. */
  async #make(
    pipeline: PipelineView,
    ticks: readonly { scheduledFor: number; ticks: number }[],
    newest: number,
  ): Promise<number> {
    let made = 0;
    let problem: string | null = null;
    try {
      const logs =
        pipeline.choices.window === 'all' ? null : await this.#logs.read(pipeline.sources);
      for (const tick of ticks) {
        const isCatchUp = tick.ticks > 1 || tick.scheduledFor < newest;
        const trigger = isCatchUp ? ('catch-up' as const) : ('schedule' as const);
        if (logs === null) {
          made += await this.#makeUnfrozen(pipeline, { ...tick, trigger });
          continue;
        }
        // A missed tick's window ends where the log ended then.
        const ends = tick.scheduledFor < newest && {
          ends: await this.#logs.offsetsAt(logs, tick.scheduledFor),
        };
        const run = { ...tick, trigger, logs, ...ends };
        made += (await this.#creation.createScheduled(pipeline, run)) === null ? 0 : 1;
      }
    } catch (error) {
      if (error instanceof SourceTopicMissing) {
        const run = { trigger: 'schedule' as const, windowKind: 'contiguous' as const };
        // There is nothing to read for any of them: one run says so for all.
        const owed = {
          scheduledFor: newest,
          ticks: ticks.reduce((sum, each) => sum + each.ticks, 0),
        };
        await this.#creation.createFailed(pipeline, { ...run, ...owed }, error.message);
      } else if (isOutage(error)) {
        problem = error.message;
      } else {
        throw error;
      }
    }
    await this.#schedules.setProblem(pipeline.name, problem);
    return made;
  }

  async #makeUnfrozen(
    pipeline: PipelineView,
    tick: { scheduledFor: number; ticks: number; trigger: 'schedule' | 'catch-up' },
  ): Promise<number> {
    try {
      await this.#creation.create(pipeline, { ...tick, windowKind: 'all' });
      return 1;
    } catch (error) {
      // Another worker was first: the pair of job and due time is unique.
      if ((error as { code?: string }).code === 'P2002') {
        return 0;
      }
      throw error;
    }
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
}

interface LatestTick {
  readonly key: string;
  readonly due: number | null;
  /** `due` is the latest tick from this time until `until`, ms since epoch. */
  readonly from: number;
  readonly until: number;
}

/** The owed due times in order, at most `max` of them. */
function dueTimes(schedule: Schedule, { settledAt, due }: Owed, max: number): number[] {
  const times: number[] = [];
  let time = nextDue(schedule, settledAt);
  while (time !== null && time < due && times.length < max - 1) {
    times.push(time);
    time = nextDue(schedule, time);
  }
  return max > 0 && time !== null ? [...times, Math.min(time, due)] : times;
}

/** Nothing is claimed, and the tick stays owed until it can be asked again. */
function isOutage(error: unknown): error is Error {
  return (
    error instanceof ClusterUnavailable ||
    error instanceof KafkaRefusal ||
    error instanceof WindowRefused
  );
}
