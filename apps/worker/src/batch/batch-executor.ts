import { Injectable } from '@nestjs/common';
import {
  BatchLedger,
  type ClaimedRun,
  type ClaimedStep,
  ClusterUnavailable,
  type RunTicket,
  SourceLogs,
  type StepTicket,
  type Ticket,
} from '@penstock/control-plane';
import {
  type BatchRun,
  type BatchStepOutcome,
  Claim,
  FailedForGood,
  finishBatchRun,
  obstacleOf,
  reasonOf,
  runBatchStep,
  sourceTopics,
} from '@penstock/pipelines';
import { asDatabaseProblem } from '@penstock/platform';
import { AttemptLoggers } from './attempt-loggers.ts';
import { BatchRuns } from './batch-runs.ts';
import { gapOf, windowOf } from './run-windows.ts';

const OUTCOME_WORDS: Record<BatchStepOutcome, string> = {
  done: 'read to its end',
  lost: 'stopped, because the run was cancelled or another worker has it',
  stopped: 'stopped, because the worker ends; another goes on from the checkpoint',
};

/**
 * Does what a ticket of the ledger says. It may be killed at any line, and may be given the same
 * ticket twice: only the first claim of a ticket succeeds.
 */
@Injectable()
export class BatchExecutor {
  readonly #ledger: BatchLedger;
  readonly #runs: BatchRuns;
  readonly #logs: SourceLogs;
  readonly #loggers: AttemptLoggers;

  constructor(ledger: BatchLedger, runs: BatchRuns, logs: SourceLogs, loggers: AttemptLoggers) {
    this.#ledger = ledger;
    this.#runs = runs;
    this.#logs = logs;
    this.#loggers = loggers;
  }

  /**
   * Rejects only when control.db cannot be used; the lease runs out and another ticket is issued.
   */
  async execute(ticket: Ticket, signal: AbortSignal): Promise<void> {
    if (ticket.kind === 'step') {
      await this.#executeStep(ticket, signal);
    } else {
      await this.#executeRun(ticket, signal);
    }
  }

  async #executeRun(ticket: RunTicket, signal: AbortSignal): Promise<void> {
    const run = await this.#ledger.claimRun(ticket);
    if (run === null) {
      return;
    }
    using claim = this.#hold(ticket, run, signal);
    try {
      const outcome = await claim.keepTrying(() =>
        ticket.kind === 'plan' ? this.#plan(ticket, run) : this.#finish(ticket, run, claim),
      );
      if (outcome === 'stopped') {
        await this.#ledger.release(ticket);
      }
    } catch (error) {
      rethrowDatabaseProblem(error);
      this.#loggers.of(run).error({ ticket, err: error }, 'the run could not be carried out');
      const fail = error instanceof FailedForGood ? 'failRunForGood' : 'failRun';
      await this.#ledger[fail](ticket, reasonOf(error));
    }
  }

  async #plan(ticket: RunTicket, run: ClaimedRun): Promise<'done'> {
    const definition = this.#runs.definitionOf(run);
    await this.#runs.freezeTables(run);
    if (run.isFrozen) {
      await this.#ledger.begin(ticket);
      return 'done';
    }
    const sources = await this.#logs.read(sourceTopics(definition));
    if (run.windowKind === 'contiguous') {
      await this.#ledger.freezeNext(ticket, run, sources, definition.hash);
    } else {
      const window = await windowOf(run, this.#logs, sources);
      await this.#ledger.freeze(ticket, window, definition.hash);
    }
    return 'done';
  }

  async #finish(
    ticket: RunTicket,
    run: ClaimedRun,
    claim: Claim,
  ): Promise<'done' | 'lost' | 'stopped'> {
    const opened = await this.#runs.open(ticket, run);
    if (opened === null) {
      return 'done';
    }
    const result = await finishBatchRun({
      run: opened,
      claim,
      deadLettered: run.deadLettered,
      resultFolder: this.#runs.resultFolder(run),
    });
    if (typeof result === 'string') {
      return result;
    }
    const outcome = await this.#ledger.succeed(ticket, result);
    if (outcome === 'changed') {
      await this.#ledger.startOver(ticket, opened.definition.hash);
    } else if (outcome === 'succeeded') {
      const { logger } = opened;
      logger.info({ ticket }, `wrote the result: ${result.rows} rows`);
      await this.#runs
        .tidyUp(run, opened)
        .catch((error: unknown) => logger.warn({ err: error }, 'old states were not removed'));
    }
    return 'done';
  }

  async #executeStep(ticket: StepTicket, signal: AbortSignal): Promise<void> {
    const step = await this.#ledger.steps.claim(ticket);
    if (step === null) {
      return;
    }
    const { run, partition } = step;
    const logger = this.#loggers.of(run);
    using claim = this.#hold(ticket, run, signal);
    try {
      const opened = await this.#openStep(ticket, step, claim);
      const outcome =
        typeof opened === 'string' ? opened : await this.#runStep(ticket, step, opened, claim);
      if (outcome === 'stopped') {
        await this.#ledger.release(ticket);
      }
    } catch (error) {
      rethrowDatabaseProblem(error);
      logger.error({ ticket, err: error }, `partition ${partition} failed`);
      const fail = error instanceof FailedForGood ? 'failForGood' : 'fail';
      await this.#ledger.steps[fail](ticket, reasonOf(error));
    }
  }

  async #runStep(
    ticket: StepTicket,
    { run, partition, parts }: ClaimedStep,
    opened: BatchRun,
    claim: Claim,
  ): Promise<BatchStepOutcome> {
    const { logger } = opened;
    const names = parts.map(({ topic }) => `${topic}/${partition}`);
    for (const { topic, nextOffset, endOffset } of opened.parts.filter(
      (part) => part.partition === partition,
    )) {
      const words = `${topic}/${partition}: reads offsets ${nextOffset} to ${endOffset}`;
      logger.info({ ticket }, words);
    }
    const outcome = await runBatchStep({
      run: opened,
      partition,
      claim,
      deadLettered: run.deadLettered,
      checkpoint: (checkpoint) => this.#ledger.steps.checkpoint(ticket, checkpoint),
    });
    logger.info({ ticket }, `${names.join(', ')}: ${OUTCOME_WORDS[outcome]}`);
    return outcome;
  }

  /**
   * The run of a step that can go on: records that are gone are passed over if the schedule, or a
   * person, says so. Else what has become of the step.
   */
  async #openStep(
    ticket: StepTicket,
    { run, parts }: ClaimedStep,
    claim: Claim,
  ): Promise<BatchRun | BatchStepOutcome> {
    const { schedule } = this.#runs.definitionOf(run);
    const topics = parts.map(({ topic }) => topic);
    const logs = await claim.keepTrying(() => this.#logs.read(topics));
    if (typeof logs === 'string') {
      return logs;
    }
    for (const part of parts) {
      const { topic, partition } = part;
      const log = logs.find((each) => each.topic === topic && each.partition === partition);
      const gap = gapOf(part, log);
      if (gap === null) {
        continue;
      }
      this.#loggers.of(run).warn({ ticket }, gap.reason);
      if (schedule?.onGap !== 'skip' && !run.goesOnWithoutLost) {
        await this.#ledger.steps.failForGood(ticket, gap.reason, gap);
        return 'lost';
      }
      if (!(await this.#ledger.steps.skipGap(ticket, gap))) {
        return 'lost';
      }
    }
    return (await this.#runs.open(ticket, run)) ?? 'lost';
  }

  #hold(ticket: Ticket, run: ClaimedRun, signal: AbortSignal): Claim {
    return new Claim({
      renew: () => this.#ledger.renew(ticket),
      meet: (obstacle) => this.#ledger.meet(ticket, obstacle),
      obstacleOf: (error) =>
        error instanceof ClusterUnavailable ? `the broker: ${error.message}` : obstacleOf(error),
      logger: this.#loggers.of(run),
      signal,
    });
  }
}

/**
 * An outage of control.db does not fail the work: the lease runs out, and it is given out again.
 */
function rethrowDatabaseProblem(error: unknown): void {
  const problem = asDatabaseProblem(error);
  if (problem !== null) {
    throw problem;
  }
}
