import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import type { SourceLog } from './source-logs.ts';
import {
  type ContiguousWindow,
  type FrozenWindow,
  partitionKey,
  type Positions,
  type WindowOrigin,
} from './window-planning.ts';

/** The part of Prisma's client that a transaction has. */
export type ControlTransaction = Pick<
  ControlDatabase,
  | 'backfillPart'
  | 'batchRun'
  | 'batchStep'
  | 'batchWindow'
  | 'scheduleState'
  | '$queryRaw'
  | '$executeRaw'
>;

/**
 * How the contiguous windows of a partition break the rule that each offset is in exactly one run
 * that succeeded or waits for a retry. Never happens; looked for by tests and by the job's page.
 */
export interface WindowFault {
  /** `gap`: offsets in no window. `overlap`: in two. `unread`: of a run that succeeded without. */
  readonly kind: 'gap' | 'overlap' | 'unread';
  readonly topic: string;
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly runId: string;
}

/**
 * The contiguous windows of batch jobs: which run has claimed which offsets.
 *
 * A claim is made in the transaction that freezes the run, which holds SQLite's write lock from its
 * beginning. Walk: schedulers A and B find the same tick due and have both read where the log ends.
 * A's transaction begins; B's waits. A reads the newest window's end, inserts run and windows, and
 * commits. B reads A's windows as the newest, and finds that the tick has a run: it claims nothing.
 * Were B to insert a window from what it had read before, the unique start would refuse it.
 */
@Injectable()
export class WindowClaims {
  readonly #database: ControlDatabase;

  constructor(database: ControlDatabase) {
    this.#database = database;
  }

  /** Where the next windows of a job in these logs begin, as of the caller's transaction. */
  async positions(
    tx: ControlTransaction,
    job: string,
    logs: readonly SourceLog[],
  ): Promise<Positions> {
    const partitions = JSON.stringify(
      logs.map(({ topic, topicId, partition }) => ({ topic, topicId, partition })),
    );
    // One look into the index per partition, however many windows there are.
    const ends = await tx.$queryRaw<EndRow[]>`
      SELECT "topicId", "partition", (
        SELECT MAX("endOffset") FROM "BatchWindow" w
        WHERE w."job" = ${job} AND w."topic" = p."topic" AND w."topicId" = p."topicId"
          AND w."partition" = p."partition") AS "endOffset"
      FROM (SELECT json_extract("value", '$.topic') AS "topic",
              json_extract("value", '$.topicId') AS "topicId",
              json_extract("value", '$.partition') AS "partition"
            FROM json_each(${partitions})) p`;
    const newest = await tx.batchRun.findFirst({
      where: { job, windowKind: 'contiguous', frozenAt: { not: null } },
      orderBy: { id: 'desc' },
      select: { steps: { select: { topic: true, topicId: true, partition: true } } },
    });
    const planned = newest?.steps ?? [];
    return {
      ends: new Map(
        ends.flatMap(({ topicId, partition, endOffset }) =>
          endOffset === null
            ? []
            : [[partitionKey({ topicId, partition: Number(partition) }), Number(endOffset)]],
        ),
      ),
      known: new Set(planned.map(partitionKey)),
      topics: new Map(planned.map(({ topic, topicId }) => [topic, topicId])),
    };
  }

  /** Claims the windows that hold records, for good. Call it where the run is frozen. */
  async claim(
    tx: ControlTransaction,
    run: { readonly id: string; readonly job: string },
    windows: readonly ContiguousWindow[],
  ): Promise<void> {
    const data = windows
      .filter(({ startOffset, endOffset }) => endOffset > startOffset)
      .map((window) => ({
        job: run.job,
        topic: window.topic,
        topicId: window.topicId,
        partition: window.partition,
        startOffset: BigInt(window.startOffset),
        endOffset: BigInt(window.endOffset),
        runId: run.id,
        origin: window.origin,
        claimedAt: BigInt(Date.now()),
      }));
    await tx.batchWindow.createMany({ data });
  }

  /** Why the contiguous windows of a run begin where they do, by topic and partition. */
  async origins(runId: string): Promise<Map<string, WindowOrigin>> {
    const windows = await this.#database.batchWindow.findMany({ where: { runId } });
    return new Map(
      windows.map((window) => [partitionKey(window), window.origin as WindowOrigin] as const),
    );
  }

  /**
   * Where the windows of a job break the rule. Read in one statement, so that no claim lies
   * between.
   *
   * @param runIds looks only from the windows of these runs on; at all windows when absent
   */
  async faults(job: string, runIds: readonly string[] | null = null): Promise<WindowFault[]> {
    const shown = runIds === null ? null : JSON.stringify(runIds);
    const rows = await this.#database.$queryRaw<FaultRow[]>`
      WITH "Partition" AS (
        SELECT "topic", "topicId", "partition", MIN("startOffset") AS "from"
        FROM "BatchWindow"
        WHERE "job" = ${job}
          AND (${shown} IS NULL OR "runId" IN (SELECT "value" FROM json_each(${shown})))
        GROUP BY "topic", "topicId", "partition"
      ),
      "Chain" AS (
        SELECT w.*, LAG(w."endOffset") OVER (
          PARTITION BY w."topic", w."topicId", w."partition"
          ORDER BY w."startOffset", w."endOffset") AS "before"
        FROM "Partition" p JOIN "BatchWindow" w ON w."job" = ${job} AND w."topic" = p."topic"
          AND w."topicId" = p."topicId" AND w."partition" = p."partition"
          AND w."startOffset" >= p."from"
      )
      SELECT CASE WHEN "before" < "startOffset" THEN 'gap' ELSE 'overlap' END AS "kind",
        "topic", "partition", "runId",
        MIN("before", "startOffset") AS "startOffset", MAX("before", "startOffset") AS "endOffset"
      FROM "Chain" WHERE "before" <> "startOffset"
      UNION ALL
      SELECT 'unread', w."topic", w."partition", w."runId",
        COALESCE(s."nextOffset", w."startOffset"), w."endOffset"
      FROM "Chain" w
      JOIN "BatchRun" r ON r."id" = w."runId"
      LEFT JOIN "BatchStep" s ON s."runId" = w."runId" AND s."topic" = w."topic"
        AND s."topicId" = w."topicId" AND s."partition" = w."partition"
        AND s."startOffset" = w."startOffset" AND s."endOffset" = w."endOffset"
      WHERE s."runId" IS NULL OR (r."state" = 'succeeded' AND s."nextOffset" < w."endOffset")
      ORDER BY "topic", "partition", "startOffset"`;
    return rows.map((row) => ({
      ...row,
      partition: Number(row.partition),
      startOffset: Number(row.startOffset),
      endOffset: Number(row.endOffset),
    }));
  }
}

interface EndRow {
  readonly topicId: string;
  readonly partition: bigint | number;
  readonly endOffset: bigint | number | null;
}

interface FaultRow extends Omit<WindowFault, 'partition' | 'startOffset' | 'endOffset'> {
  readonly partition: bigint | number;
  readonly startOffset: bigint | number;
  readonly endOffset: bigint | number;
}

/**
 * The steps of a run over its windows. One without records waits for its worker, too: the run
 * moves event time on in it, so that windows of earlier runs close.
 */
export function stepRows(runId: string, windows: readonly FrozenWindow[]) {
  return windows.map((window) => ({
    runId,
    topic: window.topic,
    topicId: window.topicId,
    partition: window.partition,
    startOffset: BigInt(window.startOffset),
    endOffset: BigInt(window.endOffset),
    nextOffset: BigInt(window.startOffset),
    state: 'waiting',
  }));
}

export function recordsIn(windows: readonly FrozenWindow[]): number {
  return windows.reduce((sum, { startOffset, endOffset }) => sum + (endOffset - startOffset), 0);
}
