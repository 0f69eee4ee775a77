import type { ControlDatabase } from '@penstock/platform';
import type { EventLog } from '../events/index.ts';
import { beginAttempt } from './batch-attempts.ts';
import {
  type Checkpoint,
  claimOf,
  type ClaimedStep,
  keyOf,
  nextLeaseEnd,
  type StepTicket,
  toClaimedRun,
} from './batch-tickets.ts';

/** The steps of batch runs as their holders move them on; a part of the BatchLedger. */
export class BatchSteps {
  readonly #database: ControlDatabase;
  readonly #events: EventLog;

  constructor(database: ControlDatabase, events: EventLog) {
    this.#database = database;
    this.#events = events;
  }

  /** Claims a partition's part; null when the ticket is no longer good. */
  async claim(ticket: StepTicket): Promise<ClaimedStep | null> {
    const { count } = await this.#database.batchStep.updateMany({
      where: { ...claimOf(ticket), state: 'waiting', run: { state: 'running' } },
      data: { state: 'running', leaseUntil: nextLeaseEnd(), error: null },
    });
    if (count === 0) {
      return null;
    }
    const { run, ...step } = await this.#database.batchStep.findUniqueOrThrow({
      where: { runId_topic_partition: keyOf(ticket) },
      include: { run: { include: { skips: true } } },
    });
    await beginAttempt(this.#database, run);
    const { topic, topicId, partition } = step;
    return {
      run: toClaimedRun(run),
      topic,
      topicId,
      partition,
      skips: run.skips
        .filter((skip) => skip.topic === topic && skip.partition === partition)
        .map(({ offset }) => Number(offset)),
      nextOffset: Number(step.nextOffset),
      endOffset: Number(step.endOffset),
      accumulator: step.accumulator,
    };
  }

  /**
   * Moves a step on: its next offset and its partial aggregate in one transaction, and the lease
   * with them. False when the claim was lost or the run was cancelled: the holder stops.
   */
  async checkpoint(ticket: StepTicket, checkpoint: Checkpoint): Promise<boolean> {
    return this.#database.$transaction(async (tx) => {
      const { count } = await tx.batchStep.updateMany({
        where: { ...claimOf(ticket), state: 'running', run: { state: 'running' } },
        data: {
          nextOffset: BigInt(checkpoint.nextOffset),
          accumulator: checkpoint.accumulator,
          deadLettered: { increment: BigInt(checkpoint.deadLettered) },
          state: checkpoint.done ? 'done' : 'running',
          leaseUntil: checkpoint.done ? null : nextLeaseEnd(),
        },
      });
      if (count === 0) {
        return false;
      }
      await tx.$executeRaw`
        UPDATE "BatchRun" SET
          "obstacle" = NULL,
          "recordsRead" = (SELECT SUM("nextOffset" - "startOffset") FROM "BatchStep"
                           WHERE "runId" = ${ticket.runId}),
          "deadLettered" = (SELECT SUM("deadLettered") FROM "BatchStep"
                            WHERE "runId" = ${ticket.runId})
        WHERE "id" = ${ticket.runId}`;
      return true;
    });
  }

  /**
   * Goes on without records that are gone: the step continues at `nextOffset`, and how many it did
   * not find is kept with it. False when the claim was lost.
   */
  async skipGap(
    ticket: StepTicket,
    gap: { records: number; nextOffset: number },
  ): Promise<boolean> {
    const { count } = await this.#database.batchStep.updateMany({
      where: { ...claimOf(ticket), state: 'running', run: { state: 'running' } },
      data: { nextOffset: BigInt(gap.nextOffset), lost: { increment: BigInt(gap.records) } },
    });
    if (count > 0) {
      const { topic, partition, runId } = ticket;
      const message = `${topic}/${partition}: ${gap.records} records were gone before they were read`;
      await this.#events.append('RUN_RECORDS_LOST', runId, message, { topic, partition, ...gap });
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
   * @param gone records that are gone, when that is the reason
   */
  async failForGood(ticket: StepTicket, reason: string, gone = 0): Promise<void> {
    await this.#database.$transaction(async (tx) => {
      const { count } = await tx.batchStep.updateMany({
        where: { ...claimOf(ticket), state: 'running' },
        data: { state: 'failed', error: reason, gone: BigInt(gone), leaseUntil: null },
      });
      if (count > 0) {
        await tx.$executeRaw`
          UPDATE "BatchRun" SET "attemptsMax" = "attempt" WHERE "id" = ${ticket.runId}`;
      }
    });
  }
}
