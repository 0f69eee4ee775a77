import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { EventLog } from '../events/index.ts';
import type { PipelineView } from '../pipelines/index.ts';
import { ACTIVE_STATES, type BatchRunRow, type BatchTrigger } from './batch-run-view.ts';
import type { SourceLog } from './source-logs.ts';
import { type ControlTransaction, recordsIn, stepRows, WindowClaims } from './window-claims.ts';
import {
  type AskedOffsets,
  type ContiguousWindow,
  contiguousWindows,
  type WindowKind,
} from './window-planning.ts';

/** A run as it is asked for. */
export interface NewRun {
  readonly trigger: BatchTrigger;
  readonly windowKind: WindowKind;
  readonly detached?: boolean;
  /** Nominal time of a scheduled run, ms since epoch. */
  readonly scheduledFor?: number;
  /** Due times that it stands for; 1 when absent. */
  readonly ticks?: number;
  readonly from?: number | null;
  readonly to?: number | null;
  readonly offsets?: readonly AskedOffsets[];
  readonly params?: Readonly<Record<string, unknown>>;
}

/** A run that something wants, and what to note with it in the same transaction. */
export interface WantedRun {
  readonly run: NewRun;
  readonly made: (runId: string) => Promise<void>;
}

/** A due time that becomes a run, and what its sources hold at that moment. */
export interface DueTick {
  readonly scheduledFor: number;
  readonly ticks: number;
  readonly trigger: 'schedule' | 'catch-up';
  readonly logs: readonly SourceLog[];
  /** Where the windows end, in the order of `logs`; the logs' own ends when absent. */
  readonly ends?: readonly number[];
}

/** Of a run's id: the time of its creation, in base 36. */
const RUN_ID_TIME_DIGITS = 9;

/** Makes runs. */
@Injectable()
export class RunCreation {
  readonly #database: ControlDatabase;
  readonly #events: EventLog;
  readonly #claims: WindowClaims;

  constructor(database: ControlDatabase, events: EventLog, claims: WindowClaims) {
    this.#database = database;
    this.#events = events;
    this.#claims = claims;
  }

  /** Makes a run whose window is frozen by the worker that begins it. */
  async create(pipeline: PipelineView, run: NewRun): Promise<BatchRunRow> {
    const row = await this.#database.$transaction((tx) => insert(tx, pipeline, run));
    await this.#announce(row);
    return row;
  }

  /**
   * Makes a run for something that is in control.db, in the transaction that finds out whether it
   * still wants one; null when it does not.
   */
  async createFor(
    pipeline: PipelineView,
    decide: (tx: ControlTransaction) => Promise<WantedRun | null>,
  ): Promise<BatchRunRow | null> {
    const row = await this.#database.$transaction(async (tx) => {
      const wanted = await decide(tx);
      if (wanted === null) {
        return null;
      }
      const inserted = await insert(tx, pipeline, wanted.run);
      await wanted.made(inserted.id);
      return inserted;
    });
    if (row !== null) {
      await this.#announce(row);
    }
    return row;
  }

  /**
   * Makes the run of a tick of a schedule with contiguous windows, and claims its windows in the
   * same transaction. A tick fires once, whichever worker finds it due: null when it has a run, or
   * while a run that was asked for before has yet to claim its windows.
   *
   * @throws WindowRefused when a log ends before the newest window does
   */
  async createScheduled(pipeline: PipelineView, tick: DueTick): Promise<BatchRunRow | null> {
    const job = pipeline.name;
    const made = await this.#database.$transaction(async (tx) => {
      const { scheduledFor, ticks, trigger } = tick;
      if ((await tx.batchRun.count({ where: { job, scheduledFor: BigInt(scheduledFor) } })) > 0) {
        return null;
      }
      // A run that was made before and has claimed nothing yet comes before this one.
      const unclaimed = { windowKind: 'contiguous', state: { in: ACTIVE_STATES }, frozenAt: null };
      if ((await tx.batchRun.count({ where: { job, ...unclaimed } })) > 0) {
        return null;
      }
      const positions = await this.#claims.positions(tx, job, tick.logs);
      const windows = contiguousWindows(tick.logs, positions, tick.ends);
      const run = { trigger, windowKind: 'contiguous' as const, scheduledFor, ticks };
      const row = await insert(tx, pipeline, run, windows);
      await tx.batchStep.createMany({ data: stepRows(row.id, windows) });
      await this.#claims.claim(tx, row, windows);
      return { row, windows };
    });
    if (made === null) {
      return null;
    }
    await this.#announce(made.row);
    await this.announceOrigins(made.row, made.windows);
    return made.row;
  }

  /** Makes a run of a tick that cannot begin: it has failed, claims nothing, and says why. */
  async createFailed(
    pipeline: PipelineView,
    run: NewRun & { readonly scheduledFor: number },
    reason: string,
  ): Promise<void> {
    const job = pipeline.name;
    const row = await this.#database.$transaction(async (tx) => {
      const { scheduledFor } = run;
      if ((await tx.batchRun.count({ where: { job, scheduledFor: BigInt(scheduledFor) } })) > 0) {
        return null;
      }
      const { id } = await insert(tx, pipeline, run);
      const failed = { state: 'failed', error: reason, finishedAt: BigInt(Date.now()) };
      return tx.batchRun.update({ where: { id }, data: failed });
    });
    if (row !== null) {
      await this.#announce(row);
      await this.#events.append('RUN_FAILED', row.id, `${job}: ${reason}`);
    }
  }

  /** Says of which topics a run reads another one of the same name, or new partitions. */
  async announceOrigins(
    run: { readonly id: string; readonly job: string },
    windows: readonly ContiguousWindow[],
  ): Promise<void> {
    for (const topic of new Set(windows.map((window) => window.topic))) {
      const ofTopic = windows.filter((window) => window.topic === topic);
      const grown = ofTopic.filter(({ origin }) => origin === 'grown').length;
      const words = ofTopic.some(({ origin }) => origin === 'recreated')
        ? `${topic} was deleted and made anew: the run reads it from its log start; ` +
          'records of the old topic that no run had read are lost'
        : grown > 0 && `${topic} has ${grown} new partitions: the run reads them from their start`;
      if (words !== false) {
        await this.#events.append('RUN_WINDOW_CHANGED', run.id, `${run.job}: ${words}`, { topic });
      }
    }
  }

  async #announce(row: BatchRunRow): Promise<void> {
    const why = WHY[row.trigger as BatchTrigger];
    await this.#events.append('RUN_CREATED', row.id, `${row.job}: run started ${why}`, {
      job: row.job,
      scheduledFor: toNumber(row.scheduledFor),
    });
  }
}

const WHY: Record<BatchTrigger, string> = {
  schedule: 'by its schedule',
  'catch-up': 'to catch up with its schedule',
  hand: 'by hand',
  backfill: 'by a backfill',
  timer: 'by a timer',
};

/** @param windows what the run is frozen with; null when it is not yet */
async function insert(
  tx: ControlTransaction,
  pipeline: PipelineView,
  run: NewRun,
  windows: readonly ContiguousWindow[] | null = null,
): Promise<BatchRunRow> {
  const now = Date.now();
  const newest = await tx.batchRun.findFirst({ orderBy: { id: 'desc' }, select: { id: true } });
  const { scheduledFor = null } = run;
  const { deadlineMs } = pipeline.choices;
  const deadlineAt =
    scheduledFor === null || deadlineMs === null ? null : BigInt(scheduledFor + deadlineMs);
  return tx.batchRun.create({
    data: {
      id: newRunId(now, newest?.id ?? null),
      job: pipeline.name,
      trigger: run.trigger,
      scheduledFor: toBigInt(scheduledFor),
      ticks: run.ticks ?? 1,
      deadlineAt,
      state: 'waiting',
      windowKind: run.windowKind,
      windowOffsets: run.offsets === undefined ? null : JSON.stringify(run.offsets),
      detached: run.detached ?? false,
      params: JSON.stringify(run.params ?? {}),
      windowFrom: toBigInt(run.from ?? null),
      windowTo: toBigInt(run.to ?? null),
      attemptsMax: pipeline.attemptsMax,
      createdAt: BigInt(now),
      ...(windows !== null && {
        frozenAt: BigInt(now),
        definitionHash: pipeline.definitionHash,
        recordsTotal: BigInt(recordsIn(windows)),
      }),
    },
  });
}

/**
 * Ids ascend in the order of creation, even when the clock was set back after the newest one. They
 * are safe as a file name, a URL part and a job id.
 */
function newRunId(now: number, newest: string | null): string {
  const newestAt = parseInt(newest?.slice(1, 1 + RUN_ID_TIME_DIGITS) ?? '', 36);
  const at = Math.max(now, Number.isNaN(newestAt) ? 0 : newestAt + 1);
  return `r${at.toString(36).padStart(RUN_ID_TIME_DIGITS, '0')}${randomBytes(4).toString('hex')}`;
}

function toBigInt(value: number | null): bigint | null {
  return value === null ? null : BigInt(value);
}

function toNumber(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}
