import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { type ScheduleChoices, UNSCHEDULED } from '../pipelines/index.ts';
import { ACTIVE_STATES, HELD_STATES, type LineWait } from './batch-run-view.ts';

/**
 * The line of a job: its contiguous runs in the order of their windows. They are carried out one
 * after the other, since each goes on with what the one before left. One that failed or was
 * cancelled keeps its window; whether the others wait for it is the schedule's `onFailure`.
 */
@Injectable()
export class RunLine {
  readonly #database: ControlDatabase;

  constructor(database: ControlDatabase) {
    this.#database = database;
  }

  /** What each of these runs waits for; absent: nothing in the line. */
  async waits(
    runs: readonly { readonly id: string; readonly job: string; readonly windowKind: string }[],
  ): Promise<Map<string, LineWait>> {
    const inLine = runs.filter(({ windowKind }) => windowKind === 'contiguous');
    const waits = new Map<string, LineWait>();
    for (const job of new Set(inLine.map((run) => run.job))) {
      const [active, blocking] = await Promise.all([
        this.#database.batchRun.findFirst({
          where: { job, windowKind: 'contiguous', state: { in: ACTIVE_STATES } },
          orderBy: { id: 'asc' },
          select: { id: true },
        }),
        this.blocking(job),
      ]);
      for (const { id } of inLine.filter((run) => run.job === job)) {
        if (blocking !== null && blocking < id) {
          waits.set(id, { runId: blocking, reason: 'blocks' });
        } else if (active !== null && active.id < id) {
          waits.set(id, { runId: active.id, reason: 'before' });
        }
      }
    }
    return waits;
  }

  /** How many runs of a job have not ended, those left out that do not stand in its line. */
  length(job: string): Promise<number> {
    return this.#database.batchRun.count({
      where: {
        job,
        state: { in: ACTIVE_STATES },
        detached: false,
        trigger: { not: 'backfill' },
      },
    });
  }

  /** Id of the run that holds back the later ones of a job; null when none does. */
  async blocking(job: string): Promise<string | null> {
    const { window, onFailure } = await this.#choices(job);
    if (onFailure === 'continue') {
      return null;
    }
    const held = await this.#database.batchRun.findFirst({
      where: { job, windowKind: 'contiguous', state: { in: HELD_STATES }, windows: { some: {} } },
      orderBy: { id: 'asc' },
      select: { id: true },
    });
    if (held !== null || window === 'contiguous') {
      return held?.id ?? null;
    }
    // A run over the whole log takes in what the ones before read: only the newest can block.
    const newest = await this.#database.batchRun.findFirst({
      where: { job, windowKind: 'all', detached: false },
      orderBy: { id: 'desc' },
      select: { id: true, state: true },
    });
    return newest !== null && HELD_STATES.some((state) => state === newest.state)
      ? newest.id
      : null;
  }

  async #choices(job: string): Promise<ScheduleChoices> {
    const row = await this.#database.pipeline.findUnique({
      where: { name: job },
      select: { scheduleOptions: true },
    });
    return { ...UNSCHEDULED, ...(JSON.parse(row?.scheduleOptions ?? '{}') as object) };
  }
}
