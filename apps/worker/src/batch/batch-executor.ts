import { Injectable } from '@nestjs/common';
import {
  BatchLedger,
  type ClaimedRun,
  type ClaimedStep,
  ClusterUnavailable,
  resultFolder,
  type RunTicket,
  type SourceLog,
  SourceLogs,
  type StepTicket,
  type Ticket,
} from '@penstock/control-plane';
import {
  BackOff,
  type BatchStepOutcome,
  type KafkaPort,
  obstacleOf,
  pause,
  type PipelineDefinition,
  reasonOf,
  runBatchStep,
  writeBatchResult,
} from '@penstock/pipelines';
import { asDatabaseProblem, Config, KafkaClients, logSurvived } from '@penstock/platform';
import { Definitions } from '../definitions/definitions.ts';
import { AttemptLoggers } from './attempt-loggers.ts';
import { detachedFile, DetachedKafka } from './detached-kafka.ts';
import { boundsOf, gapOf, windowOf } from './run-windows.ts';
import { withoutRecords } from './skipped-records.ts';

const RENEW_EVERY_MS = 3_000;
const OUTCOME_WORDS: Record<BatchStepOutcome, string> = {
  done: 'read to its end',
  lost: 'stopped, because the run was cancelled or another worker has it',
  stopped: 'stopped, because the worker ends; another goes on from the checkpoint',
};
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
  readonly #logs: SourceLogs;
  readonly #config: Config;
  readonly #loggers: AttemptLoggers;

  constructor(
    ledger: BatchLedger,
    definitions: Definitions,
    kafka: KafkaClients,
    logs: SourceLogs,
    config: Config,
    loggers: AttemptLoggers,
  ) {
    this.#ledger = ledger;
    this.#definitions = definitions;
    this.#kafka = kafka;
    this.#logs = logs;
    this.#config = config;
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
    try {
      const definition = this.#definitionOf(run);
      const work = ticket.kind === 'plan' ? this.#plan : this.#finish;
      const outcome = await this.#keepTrying(ticket, run, signal, () =>
        work.call(this, ticket, run, definition),
      );
      if (outcome === 'stopped') {
        await this.#ledger.release(ticket);
      }
    } catch (error) {
      rethrowDatabaseProblem(error);
      this.#loggers.of(run).error({ ticket, err: error }, 'the run could not be carried out');
      await this.#ledger.failRun(ticket, reasonOf(error));
    }
  }

  async #plan(ticket: RunTicket, run: ClaimedRun, definition: PipelineDefinition): Promise<void> {
    if (run.isFrozen) {
      await this.#ledger.begin(ticket);
      return;
    }
    const sources = await this.#logs.read(definition.source.topics);
    if (run.windowKind === 'contiguous') {
      await this.#ledger.freezeNext(ticket, run, sources, definition.hash);
    } else {
      const window = await windowOf(run, this.#logs, sources);
      await this.#ledger.freeze(ticket, window, definition.hash);
    }
  }

  async #finish(ticket: RunTicket, run: ClaimedRun, definition: PipelineDefinition): Promise<void> {
    const result = await writeBatchResult({
      definition,
      kafka: this.#kafkaOf(run),
      runId: run.id,
      accumulators: await this.#ledger.accumulators(run.id),
      folder: this.#folderOf(run),
    });
    const { topic } = result;
    const file = result.file ?? (topic === null ? null : detachedFile(topic));
    const seen = run.detached && result.rows > 0 ? { ...result, topic: null, file } : result;
    await this.#ledger.succeed(ticket, seen);
    this.#loggers.of(run).info({ ticket }, `wrote the result: ${result.rows} rows`);
  }

  async #executeStep(ticket: StepTicket, signal: AbortSignal): Promise<void> {
    const step = await this.#ledger.steps.claim(ticket);
    if (step === null) {
      return;
    }
    const { run, topic, partition, endOffset, accumulator } = step;
    try {
      const definition = this.#definitionOf(run);
      if (run.definitionHash !== definition.hash) {
        await this.#ledger.startOver(run.id, definition.hash);
        return;
      }
      const nextOffset = await this.#passGap(ticket, step, definition, signal);
      if (nextOffset === null) {
        return;
      }
      const logger = this.#loggers.of(run);
      const what = `${topic}/${partition}`;
      logger.info({ ticket }, `${what}: reads offsets ${nextOffset} to ${endOffset}`);
      const outcome = await runBatchStep({
        definition: withoutRecords(definition, run.id, step, step.skips),
        kafka: this.#kafkaOf(run),
        logger,
        runId: run.id,
        topic,
        partition,
        nextOffset,
        endOffset,
        accumulator,
        bounds: boundsOf(run),
        signal,
        checkpoint: (checkpoint) => this.#ledger.steps.checkpoint(ticket, checkpoint),
        renew: () => this.#ledger.renew(ticket),
        meet: (obstacle) => this.#ledger.meet(ticket, obstacle),
      });
      logger.info({ ticket }, `${what}: ${OUTCOME_WORDS[outcome]}`);
      if (outcome === 'stopped') {
        await this.#ledger.release(ticket);
      }
    } catch (error) {
      rethrowDatabaseProblem(error);
      this.#loggers.of(run).error({ ticket, err: error }, `${topic}/${partition} failed`);
      await this.#ledger.steps.fail(ticket, reasonOf(error));
    }
  }

  /**
   * Where the step goes on, having passed over records that are gone if the schedule says so. Null
   * when it does not go on: the claim is lost or given back, or the step has failed.
   */
  async #passGap(
    ticket: StepTicket,
    step: ClaimedStep,
    definition: PipelineDefinition,
    signal: AbortSignal,
  ): Promise<number | null> {
    let logs: SourceLog[] = [];
    const outcome = await this.#keepTrying(ticket, step.run, signal, async () => {
      logs = await this.#logs.read([step.topic]);
    });
    if (outcome !== 'done') {
      await this.#ledger.release(ticket);
      return null;
    }
    const { run } = step;
    const log = logs.find(({ partition }) => partition === step.partition);
    const gap = gapOf(step, log);
    if (gap === null) {
      return step.nextOffset;
    }
    this.#loggers.of(run).warn({ ticket }, gap.reason);
    if (definition.schedule?.onGap !== 'skip' && !run.goesOnWithoutLost) {
      await this.#ledger.steps.failForGood(ticket, gap.reason, gap.records);
      return null;
    }
    return (await this.#ledger.steps.skipGap(ticket, gap)) ? gap.nextOffset : null;
  }

  /** A detached run writes to files alone. */
  #kafkaOf(run: ClaimedRun): KafkaPort {
    return run.detached ? new DetachedKafka(this.#kafka, this.#folderOf(run)) : this.#kafka;
  }

  #folderOf(run: ClaimedRun): string {
    return resultFolder(this.#config.dataDir, run.id, run.generation);
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
    ticket: Ticket,
    run: ClaimedRun,
    signal: AbortSignal,
    work: () => Promise<void>,
  ): Promise<'done' | 'lost' | 'stopped'> {
    const backOff = new BackOff(BACK_OFF);
    let lost = false;
    const renewing = setInterval(() => {
      this.#ledger.renew(ticket).then(
        (kept) => (lost ||= !kept),
        (error: unknown) =>
          logSurvived(this.#loggers.process, error, 'lease not renewed', { ticket }),
      );
    }, RENEW_EVERY_MS);
    try {
      while (!signal.aborted && !lost) {
        try {
          await work();
          return 'done';
        } catch (error) {
          const obstacle =
            error instanceof ClusterUnavailable
              ? `the broker: ${error.message}`
              : obstacleOf(error);
          if (obstacle === null) {
            throw error;
          }
          this.#loggers.of(run).warn({ ticket, err: error }, `waits for ${obstacle}`);
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
