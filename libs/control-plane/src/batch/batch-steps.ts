import type { ControlDatabase } from '@penstock/platform';
import type { EventLog } from '../events/index.ts';
import { beginAttempt } from './batch-attempts.ts';
import type { BatchStepRow } from './batch-run-view.ts';
import {
  type Checkpoint,
  claimOf,
  type ClaimedRun,
  type ClaimedStep,
  nextLeaseEnd,
  type StepPart,
  type StepTicket,
  type TableEnd,
  toClaimedRun,
  toTableEnds,
} from './batch-tickets.ts';

/** Records that are gone from a part of a step, and where it goes on. */
interface PassedGap {
  readonly topic: string;
  readonly records: number;
  readonly nextOffset: number;
}

type Skip = { readonly topic: string; readonly partition: number; readonly offset: bigint };

/**
 * The steps of batch runs as their holders move them on; a part of the BatchLedger.
 *
 * A step is the rows of one partition number, one row per source topic. Its rows are claimed, moved
 * on and given back in one statement each, so that their states and epochs are equal at all times.
 */
export class BatchSteps {
  readonly #database: ControlDatabase;
  readonly #events: EventLog;

  constructor(database: ControlDatabase, events: EventLog) {
    this.#database = database;
    this.#events = events;
  }

  /** Claims a step; null when the ticket is no longer good. */
  async claim(ticket: StepTicket): Promise<ClaimedStep | null> {
    const { runId, partition } = ticket;
    const { count } = await this.#database.batchStep.updateMany({
      where: { ...claimOf(ticket), state: 'waiting', run: { state: 'running' } },
      data: { state: 'running', leaseUntil: nextLeaseEnd(), error: null },
    });
    if (count === 0) {
      return null;
    }
    const run = await this.#database.batchRun.findUniqueOrThrow({
      where: { id: runId },
      include: {
        skips: true,
        steps: { where: { partition }, orderBy: { topic: 'asc' } },
        _count: { select: { skips: true } },
      },
    });
    await beginAttempt(this.#database, run);
    return {
      run: toClaimedRun(run),
      partition,
      parts: run.steps.map((step) => toPart(step, run.skips)),
      deadLettered: run.steps.reduce((sum, { deadLettered }) => sum + Number(deadLettered), 0),
    };
  }

  /**
   * Freezes where tables end for a run, unless somebody was first with a table; returns where all
   * of its tables end. All who work on the run then meet the same rows.
   */
  async freezeTables(
    { id, generation }: Pick<ClaimedRun, 'id' | 'generation'>,
    ends: readonly TableEnd[],
  ): Promise<TableEnd[]> {
    return this.#database.$transaction(async (tx) => {
      const run = await tx.batchRun.findUniqueOrThrow({ where: { id } });
      const frozen = toTableEnds(run.tableEnds);
      const known = new Set(frozen.map(({ topic }) => topic));
      const all = [...frozen, ...ends.filter(({ topic }) => !known.has(topic))];
      await tx.batchRun.updateMany({
        where: { id, generation },
        data: { tableEnds: JSON.stringify(all) },
      });
      return all;
    });
  }

  /** All steps of a run, for who finishes it. */
  async parts(runId: string): Promise<StepPart[]> {
    const [steps, skips] = await Promise.all([
      this.#database.batchStep.findMany({
        where: { runId },
        orderBy: [{ partition: 'asc' }, { topic: 'asc' }],
      }),
      this.#database.batchSkip.findMany({ where: { runId } }),
    ]);
    return steps.map((step) => toPart(step, skips));
  }

  /**
   * Moves a step on: all its positions and its count in one transaction, and the lease with them.
   * Returns how many dead letters the run has now; null when the claim was lost or the run was
   * cancelled: the holder stops.
   */
  async checkpoint(ticket: StepTicket, checkpoint: Checkpoint): Promise<number | null> {
    const { runId, partition } = ticket;
    const { positions, done } = checkpoint;
    return this.#database.$transaction(async (tx) => {
      const { count } = await tx.batchStep.updateMany({
        where: { ...claimOf(ticket), state: 'running', run: { state: 'running' } },
        data: {
          deadLettered: 0n,
          state: done ? 'done' : 'running',
          leaseUntil: done ? null : nextLeaseEnd(),
        },
      });
      if (count === 0) {
        return null;
      }
      for (const [index, { topic, nextOffset }] of positions.entries()) {
        await tx.batchStep.update({
          where: { runId_topic_partition: { runId, topic, partition } },
          data: {
            nextOffset: BigInt(nextOffset),
            // The count is the step's: its first row keeps it.
            deadLettered: BigInt(index === 0 ? checkpoint.deadLettered : 0),
          },
        });
      }
      await tx.$executeRaw`
        UPDATE "BatchRun" SET
          "obstacle" = NULL,
          "recordsRead" = (SELECT SUM("nextOffset" - "startOffset") FROM "BatchStep"
                           WHERE "runId" = ${runId}),
          "deadLettered" = (SELECT SUM("deadLettered") FROM "BatchStep" WHERE "runId" = ${runId})
        WHERE "id" = ${runId}`;
      const { deadLettered } = await tx.batchRun.findUniqueOrThrow({
        where: { id: runId },
        select: { deadLettered: true },
      });
      return Number(deadLettered);
    });
  }

  /**
   * Goes on without records that are gone: the part continues at `nextOffset`, and how many it did
   * not find is kept with it. False when the claim was lost.
   */
  async skipGap(ticket: StepTicket, gap: PassedGap): Promise<boolean> {
    const { topic, records, nextOffset } = gap;
    const { count } = await this.#database.batchStep.updateMany({
      where: { ...claimOf(ticket), topic, state: 'running', run: { state: 'running' } },
      data: { nextOffset: BigInt(nextOffset), lost: { increment: BigInt(records) } },
    });
    if (count > 0) {
      const { partition, runId } = ticket;
      const message = `${topic}/${partition}: ${records} records were gone before they were read`;
      const fields = { topic, partition, records, nextOffset };
      await this.#events.append('RUN_RECORDS_LOST', runId, message, fields);
    }
    return count > 0;
  }

  /** Ends a step without success; the run's attempt is settled when all its steps have ended. */
  async fail(ticket: StepTicket, reason: string): Promise<void> {
    await this.#database.batchStep.updateMany({
      where: { ...claimOf(ticket), state: 'running' },
      data: { state: 'failed', error: reason, leaseUntil: null },
    });
  }

  /**
   * As {@link fail}, where another attempt would fail in the same way.
   *
   * @param gone records of a topic that are gone, when that is the reason
   */
  async failForGood(
    ticket: StepTicket,
    reason: string,
    gone: Pick<PassedGap, 'topic' | 'records'> | null = null,
  ): Promise<void> {
    await this.#database.$transaction(async (tx) => {
      const { count } = await tx.batchStep.updateMany({
        where: { ...claimOf(ticket), state: 'running' },
        data: { state: 'failed', error: reason, leaseUntil: null },
      });
      if (count === 0) {
        return;
      }
      if (gone !== null) {
        const { runId, partition } = ticket;
        await tx.batchStep.update({
          where: { runId_topic_partition: { runId, topic: gone.topic, partition } },
          data: { gone: BigInt(gone.records) },
        });
      }
      await tx.$executeRaw`
        UPDATE "BatchRun" SET "attemptsMax" = "attempt" WHERE "id" = ${ticket.runId}`;
    });
  }
}

function toPart(step: BatchStepRow, skips: readonly Skip[]): StepPart {
  const { topic, topicId, partition } = step;
  return {
    topic,
    topicId,
    partition,
    // Records at the start that were gone are not to be looked for again.
    startOffset: Number(step.startOffset + step.lost),
    nextOffset: Number(step.nextOffset),
    endOffset: Number(step.endOffset),
    skips: skips
      .filter((skip) => skip.topic === topic && skip.partition === partition)
      .map(({ offset }) => Number(offset)),
  };
}
