import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Config, ControlDatabase } from '@penstock/platform';
import { EventLog } from '../events/index.ts';
import { PipelinesService, type PipelineView } from '../pipelines/index.ts';
import { WorkersService } from '../workers/index.ts';
import {
  ACTIVE_STATES,
  type BatchRunRow,
  type BatchRunState,
  type BatchRunView,
  type BatchStepView,
  type RunSurroundings,
  toRunView,
  toStepView,
} from './batch-run-view.ts';

export interface StartBatchRun {
  readonly job: string;
  /** Only records at or after this time, ms since epoch; null: from the log start. */
  readonly from?: number | null;
  /** Only records before this time, ms since epoch; null: to the log end at the first attempt. */
  readonly to?: number | null;
}

export type StartBatchRunOutcome =
  | { readonly kind: 'run'; readonly run: BatchRunView }
  | { readonly kind: 'pipeline-not-found'; readonly name: string }
  | { readonly kind: 'invalid-input'; readonly field: string; readonly message: string }
  | { readonly kind: 'wrong-state'; readonly message: string };

export type CancelBatchRunOutcome =
  | { readonly kind: 'run'; readonly run: BatchRunView }
  | { readonly kind: 'run-not-found'; readonly id: string }
  | { readonly kind: 'wrong-state'; readonly message: string };

export interface BatchRunPage {
  readonly nodes: BatchRunView[];
  readonly totalCount: number;
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
}

const PAGE_SIZE_MAX = 500;
/** Of a run's id: the time of its creation, in base 36. */
const RUN_ID_TIME_DIGITS = 9;

/** Batch runs as people see, start and cancel them. What executes them is the BatchLedger. */
@Injectable()
export class BatchRunsService {
  readonly #database: ControlDatabase;
  readonly #events: EventLog;
  readonly #pipelines: PipelinesService;
  readonly #workers: WorkersService;
  readonly #config: Config;

  constructor(
    database: ControlDatabase,
    events: EventLog,
    pipelines: PipelinesService,
    workers: WorkersService,
    config: Config,
  ) {
    this.#database = database;
    this.#events = events;
    this.#pipelines = pipelines;
    this.#workers = workers;
    this.#config = config;
  }

  /** Records that a run should happen; a worker takes it up within a second. */
  async start(input: StartBatchRun): Promise<StartBatchRunOutcome> {
    const from = input.from ?? null;
    const to = input.to ?? null;
    if (from !== null && to !== null && from >= to) {
      return { kind: 'invalid-input', field: 'to', message: '`to` must be later than `from`' };
    }
    const pipeline = await this.#pipelines.find(input.job);
    if (pipeline === null) {
      return { kind: 'pipeline-not-found', name: input.job };
    }
    if (pipeline.mode === 'stream') {
      const message = `${input.job} only runs as a stream processor`;
      return { kind: 'wrong-state', message };
    }
    const row = await this.#create(pipeline, { trigger: 'hand', scheduledFor: null, from, to });
    return { kind: 'run', run: toRunView(row, await this.#surroundings()) };
  }

  /**
   * Records the run of a schedule's tick. A tick fires once, whichever worker finds it due: the
   * pair of job and nominal time is unique. Returns false when another worker was first.
   */
  async startScheduled(pipeline: PipelineView, scheduledFor: number): Promise<boolean> {
    const known = { job: pipeline.name, scheduledFor: BigInt(scheduledFor) };
    if ((await this.#database.batchRun.count({ where: known })) > 0) {
      return false;
    }
    try {
      await this.#create(pipeline, { trigger: 'schedule', scheduledFor, from: null, to: null });
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === 'P2002') {
        return false;
      }
      throw error;
    }
  }

  /** Ends a run that has not ended; its steps stop at their next checkpoint. */
  async cancel(id: string): Promise<CancelBatchRunOutcome> {
    const { count } = await this.#database.batchRun.updateMany({
      where: { id, state: { in: ACTIVE_STATES } },
      data: { state: 'cancelled', finishedAt: BigInt(Date.now()), leaseUntil: null },
    });
    const run = await this.find(id);
    if (run === null) {
      return { kind: 'run-not-found', id };
    }
    if (count === 0) {
      const how = run.state === 'cancelled' ? 'was cancelled' : run.state;
      return { kind: 'wrong-state', message: `run ${id} has ended already: it ${how}` };
    }
    await this.#events.append('RUN_CANCELLED', id, `${run.job}: run ${id} was cancelled`);
    return { kind: 'run', run };
  }

  /** Newest first. `after` is the id of the last run of the page before. */
  async list(options: {
    job?: string | null;
    state?: BatchRunState | null;
    first?: number;
    after?: string | null;
  }): Promise<BatchRunPage> {
    const first = Math.min(Math.max(options.first ?? 50, 0), PAGE_SIZE_MAX);
    const filter = {
      ...(options.job == null ? {} : { job: options.job }),
      ...(options.state == null ? {} : { state: options.state }),
    };
    const [rows, totalCount, surroundings] = await Promise.all([
      this.#database.batchRun.findMany({
        where: { ...filter, ...(options.after == null ? {} : { id: { lt: options.after } }) },
        orderBy: { id: 'desc' },
        take: first + 1,
      }),
      this.#database.batchRun.count({ where: filter }),
      this.#surroundings(),
    ]);
    const nodes = rows.slice(0, first).map((row) => toRunView(row, surroundings));
    return {
      nodes,
      totalCount,
      endCursor: nodes.at(-1)?.id ?? null,
      hasNextPage: rows.length > first,
    };
  }

  async find(id: string): Promise<BatchRunView | null> {
    const row = await this.#database.batchRun.findUnique({ where: { id } });
    return row === null ? null : toRunView(row, await this.#surroundings());
  }

  async steps(runId: string): Promise<BatchStepView[]> {
    const rows = await this.#database.batchStep.findMany({
      where: { runId },
      orderBy: [{ topic: 'asc' }, { partition: 'asc' }],
    });
    return rows.map(toStepView);
  }

  /** Runs that have not ended, the oldest first. */
  async active(): Promise<BatchRunView[]> {
    const rows = await this.#database.batchRun.findMany({
      where: { state: { in: ACTIVE_STATES } },
      orderBy: { id: 'asc' },
      take: PAGE_SIZE_MAX,
    });
    if (rows.length === 0) {
      return [];
    }
    const surroundings = await this.#surroundings();
    return rows.map((row) => toRunView(row, surroundings));
  }

  /** Absolute path and name of a run's result file; null when it has none. */
  async resultFile(id: string): Promise<{ path: string; name: string } | null> {
    const row = await this.#database.batchRun.findUnique({ where: { id } });
    if (row === null || row.resultFile === null || row.state !== 'succeeded') {
      return null;
    }
    return {
      path: join(resultFolder(this.#config.dataDir, id), row.resultFile),
      name: row.resultFile,
    };
  }

  async #surroundings(): Promise<RunSurroundings> {
    return {
      workers: await this.#workers.alive(),
      databaseProblem: this.#database.currentProblem(),
    };
  }

  async #create(
    pipeline: PipelineView,
    run: {
      trigger: 'schedule' | 'hand';
      scheduledFor: number | null;
      from: number | null;
      to: number | null;
    },
  ): Promise<BatchRunRow> {
    const now = Date.now();
    const newest = await this.#database.batchRun.findFirst({
      orderBy: { id: 'desc' },
      select: { id: true },
    });
    const row = await this.#database.batchRun.create({
      data: {
        id: newRunId(now, newest?.id ?? null),
        job: pipeline.name,
        trigger: run.trigger,
        scheduledFor: toBigInt(run.scheduledFor),
        state: 'waiting',
        windowFrom: toBigInt(run.from),
        windowTo: toBigInt(run.to),
        attemptsMax: pipeline.attemptsMax,
        createdAt: BigInt(now),
      },
    });
    const why = run.trigger === 'hand' ? 'by hand' : 'by its schedule';
    await this.#events.append('RUN_CREATED', row.id, `${row.job}: run started ${why}`, {
      job: row.job,
      scheduledFor: run.scheduledFor,
    });
    return row;
  }
}

/** Folder of a run's result, absolute when `dataDir` is. */
export function resultFolder(dataDir: string, runId: string): string {
  return join(dataDir, 'results', runId);
}

/**
 * Ids ascend in the order of creation, even when the clock was set back after the newest one. They
 * are safe as a file name, a URL part and a job id.
 */
function newRunId(now: number, newest: string | null): string {
  const newestAt = parseInt(newest?.slice(1, 1 + RUN_ID_TIME_DIGITS) ?? '', 36);
  const at = Math.max(now, Number.isNaN(newestAt) ? 0 : newestAt + 1);
  return `r${at.toString(36).padStart(RUN_ID_TIME_DIGITS, '0')}${randomBytes(4).toString('hex')}`;
}

function toBigInt(value: number | null): bigint | null {
  return value === null ? null : BigInt(value);
}
