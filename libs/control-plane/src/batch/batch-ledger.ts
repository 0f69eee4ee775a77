import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { machineMs, ranOut } from '../clock/index.ts';
import { EventLog } from '../events/index.ts';
import { ACTIVE_STATES, type BatchRunRow, RETRY_DELAY_MAX_MS } from './batch-run-view.ts';
import { beginAttempt, endAttempts } from './batch-attempts.ts';
import { BatchSteps } from './batch-steps.ts';
import {
  claimOf,
  type ClaimedRun,
  LEASE_MS,
  nextLeaseEnd,
  type RunResult,
  type RunTicket,
  type Ticket,
  toClaimedRun,
  toStepTickets,
} from './batch-tickets.ts';
import { RunCreation } from './run-creation.ts';
import { RunLine } from './run-line.ts';
import type { SourceLog } from './source-logs.ts';
import { nextSuccess, StateBases } from './state-bases.ts';
import { type ControlTransaction, recordsIn, stepRows, WindowClaims } from './window-claims.ts';
import { contiguousWindows, type FrozenWindow } from './window-planning.ts';

/**
 * The state of the execution of batch runs, in control.db. A queue may lose everything it holds:
 * `due()` finds out from the ledger alone what there is to do.
 *
 * A run goes through `plan` (freeze the window, unless it was when the run was made, and begin), a
 * `step` per number of a partition, over that partition of each source topic, and `finish`. Each is
 * done by the holder of a ticket that carries a lease epoch. Claiming a ticket sets a lease; every
 * write after it names the epoch and is refused when that is no longer the current one.
 * When a lease runs out (its worker was killed, or hangs), `due()` raises the epoch and issues a
 * new ticket. Walk: worker A hangs in a chunk; its lease ends; B claims epoch 1 and reads from the
 * last checkpoint; A wakes and writes its checkpoint with epoch 0, which matches no row: A stops.
 *
 * Leases and back-offs are deadlines on the machine's monotonic clock. Setting the wall clock
 * therefore neither takes a claim from its holder nor keeps a dead holder's claim for ever.
 */

const RETRY_DELAY_MIN_MS = 1_000;

@Injectable()
export class BatchLedger {
  readonly steps: BatchSteps;
  readonly states: StateBases;
  readonly #database: ControlDatabase;
  readonly #events: EventLog;
  readonly #claims: WindowClaims;
  readonly #line: RunLine;
  readonly #creation: RunCreation;

  constructor(
    database: ControlDatabase,
    events: EventLog,
    claims: WindowClaims,
    line: RunLine,
    creation: RunCreation,
  ) {
    this.#database = database;
    this.#events = events;
    this.#claims = claims;
    this.steps = new BatchSteps(database, events);
    this.states = new StateBases(database);
    this.#line = line;
    this.#creation = creation;
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
      include: { steps: true },
      orderBy: { id: 'asc' },
    });
    const tickets: Ticket[] = [];
    const waits = await this.#line.waits(runs);
    for (const run of runs) {
      if (waits.has(run.id)) {
        continue;
      }
      const waiting = run.steps.filter((step) => step.state === 'waiting');
      const running = run.steps.some((step) => step.state === 'running');
      if (run.frozenAt === null || run.state === 'waiting') {
        tickets.push({ kind: 'plan', runId: run.id, epoch: run.leaseEpoch });
      } else if (waiting.length > 0 || running) {
        tickets.push(...toStepTickets(waiting));
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
    const run = await this.#database.batchRun.findUniqueOrThrow({
      where: { id: ticket.runId },
      include: { _count: { select: { skips: true } } },
    });
    await beginAttempt(this.#database, run);
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
    return this.#database.$transaction((tx) => freeze(tx, ticket, windows, definitionHash));
  }

  /**
   * Freezes a run over the windows that follow those its job has claimed, and claims them; false
   * when the claim of the ticket was lost, and then no window is claimed either.
   *
   * @param logs what the job's sources hold now
   * @throws WindowRefused when a log ends before the newest window does
   */
  async freezeNext(
    ticket: RunTicket,
    run: ClaimedRun,
    logs: readonly SourceLog[],
    definitionHash: string,
  ): Promise<boolean> {
    const windows = await this.#database.$transaction(async (tx) => {
      const positions = await this.#claims.positions(tx, run.job, logs);
      const next = contiguousWindows(logs, positions);
      if (!(await freeze(tx, ticket, next, definitionHash))) {
        return null;
      }
      await this.#claims.claim(tx, run, next);
      return next;
    });
    if (windows !== null) {
      await this.#creation.announceOrigins(run, windows);
    }
    return windows !== null;
  }

  /** Begins a run whose window was frozen before; false when the claim was lost. */
  async begin(ticket: RunTicket): Promise<boolean> {
    const { count } = await this.#database.batchRun.updateMany({
      where: {
        id: ticket.runId,
        leaseEpoch: ticket.epoch,
        state: 'running',
        frozenAt: { not: null },
      },
      data: { leaseUntil: null, leaseEpoch: { increment: 1 } },
    });
    return count > 0;
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

  /** As {@link failRun}, where another attempt would fail in the same way. */
  async failRunForGood(ticket: RunTicket, reason: string): Promise<void> {
    await this.#database.$executeRaw`
      UPDATE "BatchRun" SET "attemptsMax" = "attempt"
      WHERE "id" = ${ticket.runId} AND "leaseEpoch" = ${ticket.epoch} AND "state" = 'running'`;
    await this.failRun(ticket, reason);
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

  /**
   * Ends a run with its result. `lost`: the claim was; `changed`: another run has left a state
   * meanwhile that this one should have begun with.
   */
  async succeed(ticket: RunTicket, result: RunResult): Promise<'succeeded' | 'lost' | 'changed'> {
    const outcome = await this.#database.$transaction(async (tx) => {
      const successNumber = await nextSuccess(tx, ticket.runId);
      if (successNumber === 'changed') {
        return 'changed';
      }
      const { generation } = await tx.batchRun.findUniqueOrThrow({ where: { id: ticket.runId } });
      const { count } = await tx.batchRun.updateMany({
        where: { id: ticket.runId, leaseEpoch: ticket.epoch, state: 'running' },
        data: {
          state: 'succeeded',
          successNumber,
          resultGeneration: generation,
          finishedAt: BigInt(Date.now()),
          leaseUntil: null,
          error: null,
          resultRows: BigInt(result.rows),
          resultFile: result.file,
          resultTopic: result.topic,
          deadLettered: BigInt(result.deadLettered),
        },
      });
      if (count === 0) {
        return 'lost';
      }
      if (successNumber !== null) {
        await setTimer(tx, ticket.runId, result.nextDueAt ?? null);
      }
      return 'succeeded';
    });
    if (outcome === 'succeeded') {
      await endAttempts(this.#database, ticket.runId, 'succeeded');
      const run = await this.#database.batchRun.findUniqueOrThrow({ where: { id: ticket.runId } });
      const message = `${run.job}: ${run.recordsTotal} records read, ${result.rows} rows`;
      await this.#events.append('RUN_SUCCEEDED', run.id, message);
    }
    return outcome;
  }

  /**
   * What was made of a run's window so far no longer holds, because the definition or the state
   * that it has to begin with is another one: all steps begin again over the same window, as a new
   * generation, so that nothing of the old one is mixed with it. Only the holder of a current claim
   * may say so.
   */
  async startOver(ticket: Ticket, definitionHash: string): Promise<void> {
    const { runId } = ticket;
    await this.#database.$transaction(async (tx) => {
      const claimed =
        ticket.kind === 'step'
          ? { steps: { some: { ...claimOf(ticket), state: 'running' } } }
          : { leaseEpoch: ticket.epoch };
      const { count } = await tx.batchRun.updateMany({
        where: { id: runId, state: 'running', ...claimed },
        data: {
          definitionHash,
          generation: { increment: 1 },
          stateBase: null,
          recordsRead: 0n,
          deadLettered: 0n,
          leaseUntil: null,
          leaseEpoch: { increment: 1 },
        },
      });
      if (count === 0) {
        return;
      }
      await tx.$executeRaw`
        UPDATE "BatchStep" SET "nextOffset" = "startOffset", "deadLettered" = 0,
          "lost" = 0, "leaseUntil" = NULL, "leaseEpoch" = "leaseEpoch" + 1, "state" = 'waiting'
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

  /** Of the attempts that follow each other without a decision of a person in between. */
  async #retryDelayMs({ job, attempt, attemptsMax }: BatchRunRow): Promise<number> {
    const pipeline = await this.#database.pipeline.findUnique({ where: { name: job } });
    const made = Math.max(1, (pipeline?.attemptsMax ?? attemptsMax) - (attemptsMax - attempt));
    return Math.min(RETRY_DELAY_MIN_MS * 4 ** (made - 1), RETRY_DELAY_MAX_MS);
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
        await endAttempts(this.#database, run.id, 'failed', reason);
        const message = `${run.job}: failed in attempt ${run.attempt}: ${reason}`;
        await this.#events.append('RUN_FAILED', run.id, message);
      }
      return;
    }
    const delay = await this.#retryDelayMs(run);
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
      if (count > 0) {
        await endAttempts(tx, run.id, 'failed', reason);
      }
      return count > 0;
    });
    if (retried) {
      const message = `${run.job}: attempt ${run.attempt} failed: ${reason}`;
      await this.#events.append('RUN_RETRIED', run.id, message);
    }
  }
}

/** The state that a run leaves has a timer, for which another run is made when it is due. */
async function setTimer(
  tx: ControlTransaction,
  runId: string,
  nextDueAt: number | null,
): Promise<void> {
  const { job } = await tx.batchRun.findUniqueOrThrow({
    where: { id: runId },
    select: { job: true },
  });
  const timerDueAt = nextDueAt === null ? null : BigInt(nextDueAt);
  await tx.scheduleState.upsert({
    where: { job },
    create: { job, timerDueAt },
    update: { timerDueAt },
  });
}

async function freeze(
  tx: ControlTransaction,
  ticket: RunTicket,
  windows: readonly FrozenWindow[],
  definitionHash: string,
): Promise<boolean> {
  const { count } = await tx.batchRun.updateMany({
    where: { id: ticket.runId, leaseEpoch: ticket.epoch, state: 'running', frozenAt: null },
    data: {
      frozenAt: BigInt(Date.now()),
      definitionHash,
      obstacle: null,
      recordsTotal: BigInt(recordsIn(windows)),
      leaseUntil: null,
      leaseEpoch: { increment: 1 },
    },
  });
  if (count > 0) {
    await tx.batchStep.createMany({ data: stepRows(ticket.runId, windows) });
  }
  return count > 0;
}
