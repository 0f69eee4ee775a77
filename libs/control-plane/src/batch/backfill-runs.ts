import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { EventLog } from '../events/index.ts';
import { PipelinesService } from '../pipelines/index.ts';
import { ACTIVE_STATES } from './batch-run-view.ts';
import { RunCreation } from './run-creation.ts';
import type { FrozenWindow } from './window-planning.ts';

/**
 * Makes the runs of backfills, as many at a time as each allows.
 *
 * A part gets its run in the transaction that makes the run. Walk: workers A and B both see that
 * part 3 has no run. A's transaction makes one and writes its id into the part; B's begins after
 * it, finds the part taken, and makes nothing.
 */
@Injectable()
export class BackfillRuns {
  readonly #database: ControlDatabase;
  readonly #events: EventLog;
  readonly #pipelines: PipelinesService;
  readonly #creation: RunCreation;

  constructor(
    database: ControlDatabase,
    events: EventLog,
    pipelines: PipelinesService,
    creation: RunCreation,
  ) {
    this.#database = database;
    this.#events = events;
    this.#pipelines = pipelines;
    this.#creation = creation;
  }

  /**
   * Makes the runs that are next, and ends backfills whose runs have all ended. Returns how many
   * runs were made.
   */
  async advance(): Promise<number> {
    let made = 0;
    const running = await this.#database.backfill.findMany({ where: { state: 'running' } });
    for (const backfill of running) {
      const active = await this.#database.batchRun.count({
        where: { backfillPart: { backfillId: backfill.id }, state: { in: ACTIVE_STATES } },
      });
      const free = Math.max(0, backfill.concurrency - active);
      const next = await this.#database.backfillPart.findMany({
        where: { backfillId: backfill.id, runId: null },
        orderBy: { index: 'asc' },
        take: Math.max(1, free),
      });
      if (next.length === 0 && active === 0) {
        await this.#finish(backfill.id, backfill.job);
      }
      for (const { index } of next.slice(0, free)) {
        made += (await this.#make(backfill.id, backfill.job, index)) ? 1 : 0;
      }
    }
    return made;
  }

  async #make(backfillId: string, job: string, index: number): Promise<boolean> {
    const pipeline = await this.#pipelines.find(job);
    if (pipeline === null) {
      return false;
    }
    const row = await this.#creation.createFor(pipeline, async (tx) => {
      const part = await tx.backfillPart.findUnique({
        where: { backfillId_index: { backfillId, index } },
        include: { backfill: true },
      });
      // Somebody may have stopped it, or another worker made this run, since it was looked at.
      if (part === null || part.runId !== null || part.backfill.state !== 'running') {
        return null;
      }
      // Another worker may have made runs of other parts meanwhile.
      const active = await tx.batchRun.count({
        where: { backfillPart: { backfillId }, state: { in: ACTIVE_STATES } },
      });
      if (active >= part.backfill.concurrency) {
        return null;
      }
      const offsets = (JSON.parse(part.offsets) as FrozenWindow[]).filter(
        ({ startOffset, endOffset }) => endOffset > startOffset,
      );
      return {
        run: {
          trigger: 'backfill',
          windowKind: 'offsets',
          from: Number(part.from),
          to: Number(part.to),
          offsets,
          params: JSON.parse(part.backfill.params) as Record<string, unknown>,
        },
        made: async (runId) => {
          await tx.backfillPart.update({
            where: { backfillId_index: { backfillId, index } },
            data: { runId },
          });
        },
      };
    });
    return row !== null;
  }

  async #finish(id: string, job: string): Promise<void> {
    const { count } = await this.#database.backfill.updateMany({
      where: { id, state: 'running' },
      data: { state: 'done', finishedAt: BigInt(Date.now()) },
    });
    if (count > 0) {
      const message = `${job}: backfill ${id} has ended`;
      await this.#events.append('BACKFILL_CHANGED', job, message, { backfill: id, state: 'done' });
    }
  }
}
