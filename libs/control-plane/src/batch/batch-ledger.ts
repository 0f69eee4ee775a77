import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { machineMs, ranOut } from '../clock/index.ts';
import { EventLog } from '../events/index.ts';
import {
  ACTIVE_STATES,
  type BatchRunRow,
  type BatchStepRow,
  RETRY_DELAY_MAX_MS,
} from './batch-run-view.ts';

/**
 * The state of the execution of batch runs, in control.db. A queue may lose everything it holds:
 * `due()` finds out from the ledger alone what there is to do.
 *
 * A run goes through `plan` (freeze the window, once), a `step` per partition, and `finish`. Each
 * is done by the holder of a ticket that carries a lease epoch. Claiming a ticket sets a lease;
 * every write after it names the epoch and is refused when that is no longer the current one.
 * When a lease runs out (its worker was killed, or hangs), `due()` raises the epoch and issues a
 * new ticket. Walk: worker A hangs in a chunk; its lease ends; B claims epoch 1 and reads from the
 * last checkpoint; A wakes and writes its checkpoint with epoch 0, which matches no row: A stops.
 *
 * Leases and back-offs are deadlines on the machine's monotonic clock. Setting the wall clock
 * therefore neither takes a claim from its holder nor keeps a dead holder's claim for ever.
 */

/** A holder renews within this time or loses its claim. */
export const LEASE_MS = 10_000;
const RETRY_DELAY_MIN_MS = 1_000;

export interface RunTicket {
  readonly kind: 'plan' | 'finish';
  readonly runId: string;
  readonly epoch: number;
}
export interface StepTicket {
  readonly kind: 'step';
  readonly runId: string;
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
}
export type Ticket = RunTicket | StepTicket;

export interface ClaimedRun {
  readonly id: string;
  readonly job: string;
  readonly attempt: number;
  readonly definitionHash: string | null;
  /** Time bounds asked for, ms since epoch. */
  readonly from: number | null;
  readonly to: number | null;
}

export interface ClaimedStep {
  readonly run: ClaimedRun;
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: number;
  readonly endOffset: number;
  readonly accumulator: string | null;
}

export interface FrozenWindow {
  readonly topic: string;
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
}

export interface Checkpoint {
  readonly nextOffset: number;
  readonly accumulator: string | null;
  /** Records sent to the dead-letter topic since the checkpoint before. */
  readonly deadLettered: number;
  readonly done: boolean;
}

export interface RunResult {
  readonly rows: number;
  readonly file: string | null;
  readonly topic: string | null;
}

@Injectable()
export class BatchLedger {
  readonly #database: ControlDatabase;
  readonly #events: EventLog;

  constructor(database: ControlDatabase, events: EventLog) {
    this.#database = database;
    this.#events = events;
  }

  /**
   * Takes back the claims of holders whose lease ran out, settles attempts whose steps have all
   * ended, and returns every ticket that needs a holder and has none.
   *
   * @param now as of {@link machineMs}
   */
  async due(now: number): Promise<Ticket[]> {
    await this.#takeBack(now);
    const runs = await this.#database.batchRun.findMany({
      where: {
        state: { in: ACTIVE_STATES },
        leaseUntil: null,
        OR: [null, ...ranOut(now, RETRY_DELAY_MAX_MS)].map((retryAt) => ({ retryAt })),
      },
      include: { steps: { omit: { accumulator: true } } },
      orderBy: { id: 'asc' },
    });
    const tickets: Ticket[] = [];
    for (const run of runs) {
      const waiting = run.steps.filter((step) => step.state === 'waiting');
      const running = run.steps.some((step) => step.state === 'running');
      if (run.frozenAt === null) {
        tickets.push({ kind: 'plan', runId: run.id, epoch: run.leaseEpoch });
      } else if (waiting.length > 0 || running) {
        tickets.push(...waiting.map(toStepTicket));
      } else {
        const failed = run.steps.find((step) => step.state === 'failed');
        if (failed === undefined) {
          tickets.push({ kind: 'finish', runId: run.id, epoch: run.leaseEpoch });
        } else {
          await this.#settle(run, failed.error ?? 'a step failed', now);
        }
      }
    }
    return tickets;
  }

  /** Claims planning or finishing; null when the ticket is no longer good. */
  async claimRun(ticket: RunTicket): Promise<ClaimedRun | null> {
    const { count } = await this.#database.batchRun.updateMany({
      where: {
        id: ticket.runId,
        leaseEpoch: ticket.epoch,
        leaseUntil: null,
        state: { in: ACTIVE_STATES },
      },
      data: { leaseUntil: nextLeaseEnd(), state: 'running', obstacle: null },
    });
    if (count === 0) {
      return null;
    }
    const first = await this.#database.batchRun.updateMany({
      where: { id: ticket.runId, attempt: 0 },
      data: { attempt: 1, startedAt: BigInt(Date.now()) },
    });
    const run = await this.#database.batchRun.findUniqueOrThrow({ where: { id: ticket.runId } });
    if (first.count > 0) {
      await this.#events.append('RUN_STARTED', run.id, `${run.job}: attempt 1 began`);
    }
    return toClaimedRun(run);
  }

  /** Persists a run's window and its steps; false when the claim was lost. */
  async freeze(
    ticket: RunTicket,
    windows: readonly FrozenWindow[],
    definitionHash: string,
  ): Promise<boolean> {
    const total = windows.reduce((sum, w) => sum + (w.endOffset - w.startOffset), 0);
    return this.#database.$transaction(async (tx) => {
      const { count } = await tx.batchRun.updateMany({
        where: { id: ticket.runId, leaseEpoch: ticket.epoch, state: 'running', frozenAt: null },
        data: {
          frozenAt: BigInt(Date.now()),
          definitionHash,
          obstacle: null,
          recordsTotal: BigInt(total),
          leaseUntil: null,
          leaseEpoch: { increment: 1 },
        },
      });
      if (count === 0) {
        return false;
      }
      await tx.batchStep.createMany({
        data: windows.map((window) => ({
          runId: ticket.runId,
          topic: window.topic,
          partition: window.partition,
          startOffset: BigInt(window.startOffset),
          endOffset: BigInt(window.endOffset),
          nextOffset: BigInt(window.startOffset),
          state: window.startOffset >= window.endOffset ? 'done' : 'waiting',
        })),
      });
      return true;
    });
  }

  /** Claims a partition's part; null when the ticket is no longer good. */
  async claimStep(ticket: StepTicket): Promise<ClaimedStep | null> {
    const { count } = await this.#database.batchStep.updateMany({
      where: { ...claimOf(ticket), state: 'waiting', run: { state: 'running' } },
      data: { state: 'running', leaseUntil: nextLeaseEnd(), error: null },
    });
    if (count === 0) {
      return null;
    }
    const { run, ...step } = await this.#database.batchStep.findUniqueOrThrow({
      where: { runId_topic_partition: keyOf(ticket) },
      include: { run: true },
    });
    return {
      run: toClaimedRun(run),
      topic: step.topic,
      partition: step.partition,
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

  /** Keeps a claim while its holder waits (for the broker, say). False when it was lost. */
  async renew(ticket: Ticket): Promise<boolean> {
    const leaseUntil = nextLeaseEnd();
    const { count } =
      ticket.kind === 'step'
        ? await this.#database.batchStep.updateMany({
            where: { ...claimOf(ticket), state: 'running', run: { state: 'running' } },
            data: { leaseUntil },
          })
        : await this.#database.batchRun.updateMany({
            where: { id: ticket.runId, leaseEpoch: ticket.epoch, state: 'running' },
            data: { leaseUntil },
          });
    return count > 0;
  }

  /** Records what the holder of a claim waits for, and keeps the claim; a checkpoint ends it. */
  async meet(ticket: Ticket, obstacle: string): Promise<void> {
    if (await this.renew(ticket)) {
      await this.#database.batchRun.updateMany({
        where: { id: ticket.runId, state: 'running' },
        data: { obstacle },
      });
    }
  }

  /** Gives a claim back in order (the worker ends), so that another worker goes on at once. */
  async release(ticket: Ticket): Promise<void> {
    const back = { leaseUntil: null, leaseEpoch: { increment: 1 } };
    if (ticket.kind === 'step') {
      await this.#database.batchStep.updateMany({
        where: { ...claimOf(ticket), state: 'running' },
        data: { ...back, state: 'waiting' },
      });
    } else {
      await this.#database.batchRun.updateMany({
        where: { id: ticket.runId, leaseEpoch: ticket.epoch, leaseUntil: { not: null } },
        data: back,
      });
    }
  }

  /** Ends a step without success; the run's attempt is settled when all its steps have ended. */
  async failStep(ticket: StepTicket, reason: string): Promise<void> {
    await this.#database.batchStep.updateMany({
      where: { ...claimOf(ticket), state: 'running' },
      data: { state: 'failed', error: reason, leaseUntil: null },
    });
  }

  /** Ends an attempt at planning or finishing without success. */
  async failRun(ticket: RunTicket, reason: string): Promise<void> {
    const run = await this.#database.batchRun.findFirst({
      where: { id: ticket.runId, leaseEpoch: ticket.epoch, state: 'running' },
    });
    if (run !== null) {
      await this.#settle(run, reason, machineMs());
    }
  }

  /** The accumulators of a run whose steps are all done, in the order of topic and partition. */
  async accumulators(runId: string): Promise<string[]> {
    const steps = await this.#database.batchStep.findMany({
      where: { runId },
      select: { accumulator: true },
      orderBy: [{ topic: 'asc' }, { partition: 'asc' }],
    });
    return steps.flatMap((step) => (step.accumulator === null ? [] : [step.accumulator]));
  }

  /** Ends a run with its result; false when the claim was lost. */
  async succeed(ticket: RunTicket, result: RunResult): Promise<boolean> {
    const { count } = await this.#database.batchRun.updateMany({
      where: { id: ticket.runId, leaseEpoch: ticket.epoch, state: 'running' },
      data: {
        state: 'succeeded',
        finishedAt: BigInt(Date.now()),
        leaseUntil: null,
        error: null,
        resultRows: BigInt(result.rows),
        resultFile: result.file,
        resultTopic: result.topic,
      },
    });
    if (count > 0) {
      const run = await this.#database.batchRun.findUniqueOrThrow({ where: { id: ticket.runId } });
      const message = `${run.job}: ${run.recordsTotal} records read, ${result.rows} rows`;
      await this.#events.append('RUN_SUCCEEDED', run.id, message);
    }
    return count > 0;
  }

  /** The definition was changed since the window was frozen: all steps begin again, same window. */
  async startOver(runId: string, definitionHash: string): Promise<void> {
    await this.#database.$transaction(async (tx) => {
      const { count } = await tx.batchRun.updateMany({
        where: { id: runId, state: 'running', definitionHash: { not: definitionHash } },
        data: { definitionHash, recordsRead: 0n, deadLettered: 0n },
      });
      if (count === 0) {
        return;
      }
      await tx.$executeRaw`
        UPDATE "BatchStep" SET "nextOffset" = "startOffset", "accumulator" = NULL,
          "deadLettered" = 0, "leaseUntil" = NULL, "leaseEpoch" = "leaseEpoch" + 1,
          "state" = CASE WHEN "startOffset" >= "endOffset" THEN 'done' ELSE 'waiting' END
        WHERE "runId" = ${runId}`;
    });
  }

  async #takeBack(now: number): Promise<void> {
    const expired = { OR: ranOut(now, LEASE_MS).map((leaseUntil) => ({ leaseUntil })) };
    const back = { leaseUntil: null, leaseEpoch: { increment: 1 } };
    await this.#database.batchRun.updateMany({
      where: { ...expired, state: { in: ACTIVE_STATES } },
      data: back,
    });
    await this.#database.batchStep.updateMany({
      where: { ...expired, state: 'running', run: { state: 'running' } },
      data: { ...back, state: 'waiting' },
    });
  }

  /** An attempt has ended without success: another one after a back-off, or the run has failed. */
  async #settle(run: BatchRunRow, reason: string, now: number): Promise<void> {
    const guard = { id: run.id, leaseEpoch: run.leaseEpoch, state: 'running' };
    if (run.attempt >= run.attemptsMax) {
      const { count } = await this.#database.batchRun.updateMany({
        where: guard,
        data: {
          state: 'failed',
          error: reason,
          finishedAt: BigInt(Date.now()),
          leaseUntil: null,
        },
      });
      if (count > 0) {
        const message = `${run.job}: failed in attempt ${run.attempt}: ${reason}`;
        await this.#events.append('RUN_FAILED', run.id, message);
      }
      return;
    }
    const delay = Math.min(RETRY_DELAY_MIN_MS * 4 ** (run.attempt - 1), RETRY_DELAY_MAX_MS);
    const retried = await this.#database.$transaction(async (tx) => {
      const { count } = await tx.batchRun.updateMany({
        where: guard,
        data: {
          attempt: { increment: 1 },
          leaseEpoch: { increment: 1 },
          leaseUntil: null,
          error: reason,
          obstacle: null,
          retryAt: BigInt(now + delay),
        },
      });
      await tx.batchStep.updateMany({
        where: { runId: run.id, state: 'failed', run: { state: 'running' } },
        data: { state: 'waiting', leaseEpoch: { increment: 1 } },
      });
      return count > 0;
    });
    if (retried) {
      const message = `${run.job}: attempt ${run.attempt} failed: ${reason}`;
      await this.#events.append('RUN_RETRIED', run.id, message);
    }
  }
}

function nextLeaseEnd(): bigint {
  return BigInt(machineMs() + LEASE_MS);
}

function keyOf(ticket: StepTicket) {
  return { runId: ticket.runId, topic: ticket.topic, partition: ticket.partition };
}

function claimOf(ticket: StepTicket) {
  return { ...keyOf(ticket), leaseEpoch: ticket.epoch };
}

type StepHead = Pick<BatchStepRow, 'runId' | 'topic' | 'partition' | 'leaseEpoch'>;

function toStepTicket(step: StepHead): StepTicket {
  const { runId, topic, partition, leaseEpoch } = step;
  return { kind: 'step', runId, topic, partition, epoch: leaseEpoch };
}

function toClaimedRun(run: BatchRunRow): ClaimedRun {
  return {
    id: run.id,
    job: run.job,
    attempt: run.attempt,
    definitionHash: run.definitionHash,
    from: run.windowFrom === null ? null : Number(run.windowFrom),
    to: run.windowTo === null ? null : Number(run.windowTo),
  };
}
