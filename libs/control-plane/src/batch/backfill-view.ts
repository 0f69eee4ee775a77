import type { ControlDatabase } from '@penstock/platform';
import { ACTIVE_STATES } from './batch-run-view.ts';

export type BackfillState = 'preview' | 'running' | 'paused' | 'cancelled' | 'done';

/** Runs of a job over a time range of the past. Times are milliseconds since epoch. */
export interface Backfill {
  readonly id: string;
  readonly job: string;
  readonly from: number;
  readonly to: number;
  readonly cut: 'grid' | 'one';
  readonly concurrency: number;
  readonly params: string;
  readonly state: BackfillState;
  /** Records that its runs read, all together. */
  readonly recordsTotal: number;
  /** What they take on disk, about; null where the brokers do not tell. */
  readonly bytesTotal: number | null;
  /** How long it takes at the pace of earlier runs; null when there is none. */
  readonly estimatedMs: number | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** Its runs: in all, under way, and by how they ended. */
  readonly runs: number;
  readonly active: number;
  readonly succeeded: number;
  readonly failed: number;
}

/** What one run of a backfill reads. */
export interface BackfillPart {
  /** From 0, in the order of time. */
  readonly index: number;
  readonly from: number;
  readonly to: number;
  readonly recordsTotal: number;
  /** Null until it was made. */
  readonly runId: string | null;
}

export type BackfillRow = Awaited<ReturnType<ControlDatabase['backfill']['findFirstOrThrow']>>;
type PartRow = Awaited<ReturnType<ControlDatabase['backfillPart']['findFirstOrThrow']>>;

/** @param states of the runs of its parts; null where there is none yet */
export function toBackfill(row: BackfillRow, states: readonly (string | null)[]): Backfill {
  const count = (wanted: readonly string[]): number =>
    states.filter((state) => state !== null && wanted.includes(state)).length;
  return {
    id: row.id,
    job: row.job,
    from: Number(row.from),
    to: Number(row.to),
    cut: row.cut as Backfill['cut'],
    concurrency: row.concurrency,
    params: row.params,
    state: row.state as BackfillState,
    recordsTotal: Number(row.records),
    bytesTotal: row.bytes === null ? null : Number(row.bytes),
    estimatedMs: row.estimatedMs === null ? null : Number(row.estimatedMs),
    createdAt: Number(row.createdAt),
    startedAt: row.startedAt === null ? null : Number(row.startedAt),
    finishedAt: row.finishedAt === null ? null : Number(row.finishedAt),
    runs: states.length,
    active: count(ACTIVE_STATES),
    succeeded: count(['succeeded']),
    failed: count(['failed', 'cancelled']),
  };
}

export function toPart(row: PartRow): BackfillPart {
  return {
    index: row.index,
    from: Number(row.from),
    to: Number(row.to),
    recordsTotal: Number(row.records),
    runId: row.runId,
  };
}
