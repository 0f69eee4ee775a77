import { Injectable } from '@nestjs/common';
import {
  BatchLedger,
  type ClaimedRun,
  resultFolder,
  type RunTicket,
  type StepTicket,
  type Ticket,
} from '@penstock/control-plane';
import {
  BackOff,
  currentWindow,
  obstacleOf,
  pause,
  type PipelineDefinition,
  reasonOf,
  runBatchStep,
  writeBatchResult,
} from '@penstock/pipelines';
import { asDatabaseProblem, Config, KafkaClients, Logger, logSurvived } from '@penstock/platform';
import { Definitions } from '../definitions/definitions.ts';

const RENEW_EVERY_MS = 3_000;
const BACK_OFF = { minMs: 250, maxMs: 5_000 };

/**
 * Does what a ticket of the ledger says. It may be killed at any line, and may be given the same
 * ticket twice: only the first claim of a ticket succeeds.
 */
@Injectable()
export class BatchExecutor {
  readonly #ledger: BatchLedger;
  readonly #definitions: Definitions;
  readonly #kafka: KafkaClients;
  readonly #config: Config;
  readonly #logger: Logger;

  constructor(
    ledger: BatchLedger,
    definitions: Definitions,
    kafka: KafkaClients,
    config: Config,
    logger: Logger,
  ) {
    this.#ledger = ledger;
    this.#definitions = definitions;
    this.#kafka = kafka;
    this.#config = config;
    this.#logger = logger;
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
    try {
      const definition = this.#definitionOf(run);
      const work = ticket.kind === 'plan' ? this.#plan : this.#finish;
      const outcome = await this.#keepTrying(ticket, signal, () =>
        work.call(this, ticket, run, definition),
      );
      if (outcome === 'stopped') {
        await this.#ledger.release(ticket);
      }
    } catch (error) {
      rethrowDatabaseProblem(error);
      this.#logger.pino.warn({ ticket, err: error }, 'a batch run could not be carried out');
      await this.#ledger.failRun(ticket, reasonOf(error));
    }
  }

  async #plan(ticket: RunTicket, run: ClaimedRun, definition: PipelineDefinition): Promise<void> {
    const window = await currentWindow(this.#kafka, definition, run);
    await this.#ledger.freeze(ticket, window, definition.hash);
  }

  async #finish(ticket: RunTicket, run: ClaimedRun, definition: PipelineDefinition): Promise<void> {
    const result = await writeBatchResult({
      definition,
      kafka: this.#kafka,
      runId: run.id,
      accumulators: await this.#ledger.accumulators(run.id),
      folder: resultFolder(this.#config.dataDir, run.id),
    });
    await this.#ledger.succeed(ticket, result);
  }

  async #executeStep(ticket: StepTicket, signal: AbortSignal): Promise<void> {
    const step = await this.#ledger.claimStep(ticket);
    if (step === null) {
      return;
    }
    const { run, topic, partition, nextOffset, endOffset, accumulator } = step;
    try {
      const definition = this.#definitionOf(run);
      if (run.definitionHash !== definition.hash) {
        await this.#ledger.startOver(run.id, definition.hash);
        return;
      }
      const outcome = await runBatchStep({
        definition,
        kafka: this.#kafka,
        logger: this.#logger.pino,
        runId: run.id,
        topic,
        partition,
        nextOffset,
        endOffset,
        accumulator,
        bounds: run,
        signal,
        checkpoint: (checkpoint) => this.#ledger.checkpoint(ticket, checkpoint),
        renew: () => this.#ledger.renew(ticket),
        meet: (obstacle) => this.#ledger.meet(ticket, obstacle),
      });
      if (outcome === 'stopped') {
        await this.#ledger.release(ticket);
      }
    } catch (error) {
      rethrowDatabaseProblem(error);
      this.#logger.pino.warn({ ticket, err: error }, 'a batch step failed');
      await this.#ledger.failStep(ticket, reasonOf(error));
    }
  }

  #definitionOf(run: ClaimedRun): PipelineDefinition {
    const definition = this.#definitions.find(run.job);
    if (definition === null) {
      throw new Error(`the pipeline ${run.job} is not defined any more`);
    }
    return definition;
  }

  /** Tries for ever while there is an obstacle, says which, and keeps the claim meanwhile. */
  async #keepTrying(
    ticket: RunTicket,
    signal: AbortSignal,
    work: () => Promise<void>,
  ): Promise<'done' | 'lost' | 'stopped'> {
    const backOff = new BackOff(BACK_OFF);
    let lost = false;
    const renewing = setInterval(() => {
      this.#ledger.renew(ticket).then(
        (kept) => (lost ||= !kept),
        (error: unknown) => logSurvived(this.#logger.pino, error, 'lease not renewed', { ticket }),
      );
    }, RENEW_EVERY_MS);
    try {
      while (!signal.aborted && !lost) {
        try {
          await work();
          return 'done';
        } catch (error) {
          const obstacle = obstacleOf(error);
          if (obstacle === null) {
            throw error;
          }
          this.#logger.pino.warn({ ticket, err: error }, `a batch run waits for ${obstacle}`);
          await this.#ledger.meet(ticket, obstacle);
          await pause(backOff.next(), signal);
        }
      }
      return lost ? 'lost' : 'stopped';
    } finally {
      clearInterval(renewing);
    }
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
