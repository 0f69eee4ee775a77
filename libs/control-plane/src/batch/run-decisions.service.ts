import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { EventLog } from '../events/index.ts';
import { PipelinesService } from '../pipelines/index.ts';
import {
  ACTIVE_STATES,
  type BatchRunRow,
  type BatchRunState,
  type BatchRunView,
  HELD_STATES,
} from './batch-run-view.ts';
import { BatchRunsService } from './batch-runs.service.ts';

/** A record that is to be left out of a run. */
export interface SkippedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A record that somebody left out of a run, and when, ms since epoch. */
export interface DecidedSkip extends SkippedRecord {
  readonly decidedAt: number;
}

export type RunDecisionOutcome =
  | { readonly kind: 'run'; readonly run: BatchRunView }
  | { readonly kind: 'run-not-found'; readonly id: string }
  | { readonly kind: 'invalid-input'; readonly field: string; readonly message: string }
  | { readonly kind: 'wrong-state'; readonly message: string };

/** Records that one decision may leave out. */
export const SKIPS_MAX = 1_000;

/**
 * What people decide about a run that has ended.
 *
 * Both decisions raise the epochs of the run and of its steps. Walk: worker A hangs in a step while
 * the run is cancelled; the run is retried, and B claims the step with its new epoch; A wakes, and
 * its checkpoint names the old epoch, which matches no row: A stops.
 */
@Injectable()
export class RunDecisionsService {
  readonly #database: ControlDatabase;
  readonly #events: EventLog;
  readonly #pipelines: PipelinesService;
  readonly #runs: BatchRunsService;

  constructor(
    database: ControlDatabase,
    events: EventLog,
    pipelines: PipelinesService,
    runs: BatchRunsService,
  ) {
    this.#database = database;
    this.#events = events;
    this.#pipelines = pipelines;
    this.#runs = runs;
  }

  /**
   * Lets a run that failed or was cancelled go on at its checkpoints, with all of its attempts
   * before it, and with its tables as they are now: what was wrong with it may have been a row.
   *
   * @param skip records that go to the dead-letter topic instead; the decision is kept. One that
   *   lies before a checkpoint has left its trace already: the run starts over without it
   * @param onGap `skip`: it goes on without records that are gone, whatever its schedule says; the
   *   decision is kept
   */
  async retry(
    id: string,
    skip: readonly SkippedRecord[] = [],
    onGap: 'fail' | 'skip' = 'fail',
  ): Promise<RunDecisionOutcome> {
    if (skip.length > SKIPS_MAX) {
      const message = `\`skip\` may name ${SKIPS_MAX} records, not ${skip.length}`;
      return { kind: 'invalid-input', field: 'skip', message };
    }
    return this.#decide(id, HELD_STATES, 'retried', async (run) => {
      const found = await this.#findSkips(run.id, skip);
      if (typeof found === 'string') {
        return { kind: 'invalid-input', field: 'skip', message: found };
      }
      const over = {
        ...(onGap === 'skip' && { goesOnWithoutLost: true }),
        ...(found.isPast && newGeneration(run)),
      };
      return this.#database.$transaction(async (tx) => {
        if (!(await this.#reopen(tx, run, over))) {
          return null;
        }
        if (found.isPast) await resetSteps(tx, run.id);
        await tx.batchStep.updateMany({
          where: { runId: run.id, state: { not: 'done' } },
          data: {
            state: 'waiting',
            error: null,
            gone: 0n,
            leaseUntil: null,
            leaseEpoch: { increment: 1 },
          },
        });
        for (const { topic, partition, offset } of skip) {
          const record = { runId: run.id, topic, partition, offset: BigInt(offset) };
          await tx.batchSkip.upsert({
            where: { runId_topic_partition_offset: record },
            create: { ...record, decidedAt: BigInt(Date.now()) },
            update: {},
          });
        }
        return 'decided';
      });
    });
  }

  /** Records that were left out of a run by decision, in the order of their offsets. */
  async skips(runId: string): Promise<DecidedSkip[]> {
    const rows = await this.#database.batchSkip.findMany({
      where: { runId },
      orderBy: [{ topic: 'asc' }, { partition: 'asc' }, { offset: 'asc' }],
    });
    return rows.map(({ topic, partition, offset, decidedAt }) => ({
      topic,
      partition,
      offset: Number(offset),
      decidedAt: Number(decidedAt),
    }));
  }

  /**
   * Starts the window of a run that has ended over, under a new generation. The result of before
   * stays until the new one is complete.
   */
  restart(id: string): Promise<RunDecisionOutcome> {
    const ended: BatchRunState[] = [...HELD_STATES, 'succeeded'];
    return this.#decide(id, ended, 'restarted', (run) =>
      this.#database.$transaction(async (tx) => {
        if (!(await this.#reopen(tx, run, newGeneration(run)))) {
          return null;
        }
        await resetSteps(tx, run.id);
        return 'decided';
      }),
    );
  }

  async #decide(
    id: string,
    from: readonly BatchRunState[],
    verb: string,
    decide: (
      run: BatchRunRow,
    ) => Promise<Exclude<RunDecisionOutcome, { kind: 'run' }> | 'decided' | null>,
  ): Promise<RunDecisionOutcome> {
    const run = await this.#database.batchRun.findUnique({ where: { id } });
    if (run === null) {
      return { kind: 'run-not-found', id };
    }
    if (!from.includes(run.state as BatchRunState)) {
      return { kind: 'wrong-state', message: wrongState(run, verb) };
    }
    if ((await this.#pipelines.find(run.job)) === null) {
      const message = `run ${id} cannot be ${verb}: no worker knows the pipeline ${run.job}`;
      return { kind: 'wrong-state', message };
    }
    const decided = await decide(run);
    if (decided === null) {
      return { kind: 'wrong-state', message: `run ${id} was changed by somebody else meanwhile` };
    }
    if (decided !== 'decided') {
      return decided;
    }
    await this.#events.append('RUN_RETRIED', id, `${run.job}: run ${id} was ${verb} by hand`);
    return { kind: 'run', run: (await this.#runs.find(id)) as BatchRunView };
  }

  /** Waits for a worker again; false when the run was changed since it was read. */
  async #reopen(
    tx: Pick<ControlDatabase, 'batchRun' | 'pipeline'>,
    run: BatchRunRow,
    over: Partial<BatchRunRow>,
  ): Promise<boolean> {
    const pipeline = await tx.pipeline.findUniqueOrThrow({ where: { name: run.job } });
    const attempt = run.attempt === 0 ? 0 : run.attempt + 1;
    const { count } = await tx.batchRun.updateMany({
      where: { id: run.id, state: run.state, leaseEpoch: run.leaseEpoch },
      data: {
        ...over,
        tableEnds: null,
        state: 'waiting',
        attempt,
        attemptsMax: Math.max(attempt, 1) + pipeline.attemptsMax - 1,
        retryAt: null,
        finishedAt: null,
        error: null,
        leaseUntil: null,
        leaseEpoch: { increment: 1 },
      },
    });
    return count > 0;
  }

  /** Why a record cannot be left out, in words; when all can, whether one has been read already. */
  async #findSkips(
    runId: string,
    skip: readonly SkippedRecord[],
  ): Promise<string | { readonly isPast: boolean }> {
    let isPast = false;
    const steps = await this.#runs.steps(runId);
    for (const { topic, partition, offset } of skip) {
      const step = steps.find((each) => each.topic === topic && each.partition === partition);
      const record = `${topic}/${partition} offset ${offset}`;
      if (step === undefined || offset < step.startOffset || offset >= step.endOffset) {
        return `${record} is not in the window of the run`;
      }
      isPast ||= offset < step.nextOffset;
    }
    return { isPast };
  }
}

/** What a run is that starts its window over. */
function newGeneration(run: BatchRunRow): Partial<BatchRunRow> {
  return { generation: run.generation + 1, stateBase: null, recordsRead: 0n, deadLettered: 0n };
}

async function resetSteps(tx: Pick<ControlDatabase, '$executeRaw'>, runId: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE "BatchStep" SET "nextOffset" = "startOffset", "deadLettered" = 0, "lost" = 0,
      "gone" = 0, "error" = NULL, "leaseUntil" = NULL, "leaseEpoch" = "leaseEpoch" + 1,
      "state" = 'waiting'
    WHERE "runId" = ${runId}`;
}

function wrongState(run: BatchRunRow, verb: string): string {
  return ACTIVE_STATES.includes(run.state as BatchRunState)
    ? `run ${run.id} has not ended: cancel it before it is ${verb}`
    : `run ${run.id} ${run.state === 'succeeded' ? 'has succeeded' : `is ${run.state}`}: it cannot be ${verb}`;
}
