import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import type { BatchRunState, BatchStepView } from './batch-run-view.ts';
import { WindowClaims, type WindowFault } from './window-claims.ts';
import { partitionKey, type WindowOrigin } from './window-planning.ts';

/** A run in the grid. Times are milliseconds since epoch. */
export interface WindowGridCell {
  readonly runId: string;
  readonly state: BatchRunState;
  readonly scheduledFor: number | null;
  readonly frozenAt: number;
  readonly generation: number;
  readonly recordsTotal: number;
  /** Records that were gone before they were read. */
  readonly lostTotal: number;
}

export interface WindowGrid {
  /** Newest first. */
  readonly nodes: WindowGridCell[];
  readonly totalCount: number;
  readonly faults: WindowFault[];
}

/** One partition's part of a run's window. */
export interface WindowPartition {
  readonly topic: string;
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly lost: number;
  readonly origin: WindowOrigin | null;
}

/** Shows the contiguous windows of a job side by side. */
@Injectable()
export class WindowGridService {
  readonly #database: ControlDatabase;
  readonly #claims: WindowClaims;

  constructor(database: ControlDatabase, claims: WindowClaims) {
    this.#database = database;
    this.#claims = claims;
  }

  async grid(job: string, first: number): Promise<WindowGrid> {
    const where = { job, windowKind: 'contiguous', frozenAt: { not: null } };
    const [rows, totalCount] = await Promise.all([
      this.#database.batchRun.findMany({
        where,
        orderBy: { id: 'desc' },
        take: first,
        include: { steps: { select: { lost: true } } },
      }),
      this.#database.batchRun.count({ where }),
    ]);
    const faults = await this.#claims.faults(
      job,
      rows.map(({ id }) => id),
    );
    const nodes = rows.map((row) => ({
      runId: row.id,
      state: row.state as BatchRunState,
      scheduledFor: row.scheduledFor === null ? null : Number(row.scheduledFor),
      frozenAt: Number(row.frozenAt),
      generation: row.generation,
      recordsTotal: Number(row.recordsTotal),
      lostTotal: row.steps.reduce((sum, { lost }) => sum + Number(lost), 0),
    }));
    return { nodes, totalCount, faults };
  }

  /** The parts of a run's window, in the order of its steps. */
  async partitions(runId: string, steps: readonly BatchStepView[]): Promise<WindowPartition[]> {
    const origins = await this.#claims.origins(runId);
    return steps.map((step) => ({ ...step, origin: origins.get(partitionKey(step)) ?? null }));
  }
}
