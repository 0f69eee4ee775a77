import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { EventLog } from '../events/index.ts';
import { PipelinesService } from '../pipelines/index.ts';
import { WorkersService } from '../workers/index.ts';
import {
  ACTIVE_STATES,
  type BatchRunRow,
  type BatchRunState,
  type BatchRunView,
  type BatchStepView,
  toRunView,
  toStepView,
} from './batch-run-view.ts';
import { endAttempts } from './batch-attempts.ts';
import { type NewRun, RunCreation } from './run-creation.ts';
import { RunLine } from './run-line.ts';
import type { AskedOffsets } from './window-planning.ts';

/**
 * A run by hand. Without a time, offsets or `window` it is the next one of the job's own kind:
 * what no run has read yet, or the whole log. With them it is detached: its results are on its
 * page only, it writes to no topic, and the schedule's position stays where it is.
 */
export interface StartBatchRun {
  readonly job: string;
  /** Only records at or after this time, ms since epoch. */
  readonly from?: number | null;
  /** Only records before this time, ms since epoch. */
  readonly to?: number | null;
  /** Exactly these offsets. */
  readonly offsets?: readonly AskedOffsets[] | null;
  readonly window?: 'contiguous' | 'all' | null;
  /** JSON: an object of parameters. */
  readonly params?: string | null;
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
const PARAMS_LENGTH_MAX = 10_000;

/** Batch runs as people see, start and cancel them. What executes them is the BatchLedger. */
@Injectable()
export class BatchRunsService {
  readonly #database: ControlDatabase;
  readonly #events: EventLog;
  readonly #pipelines: PipelinesService;
  readonly #workers: WorkersService;
  readonly #creation: RunCreation;
  readonly #line: RunLine;

  constructor(
    database: ControlDatabase,
    events: EventLog,
    pipelines: PipelinesService,
    workers: WorkersService,
    creation: RunCreation,
    line: RunLine,
  ) {
    this.#database = database;
    this.#events = events;
    this.#pipelines = pipelines;
    this.#workers = workers;
    this.#creation = creation;
    this.#line = line;
  }

  /** Records that a run should happen; a worker takes it up within a second. */
  async start(input: StartBatchRun): Promise<StartBatchRunOutcome> {
    const invalid = invalidInput(input);
    if (invalid !== null) {
      return { kind: 'invalid-input', ...invalid };
    }
    const pipeline = await this.#pipelines.find(input.job);
    if (pipeline === null) {
      return { kind: 'pipeline-not-found', name: input.job };
    }
    if (pipeline.mode === 'stream') {
      const message = `${input.job} only runs as a stream processor`;
      return { kind: 'wrong-state', message };
    }
    const unknown = input.offsets?.find(({ topic }) => !pipeline.sources.includes(topic));
    if (unknown !== undefined) {
      const message = `${input.job} reads ${pipeline.sources.join(', ')}, not ${unknown.topic}`;
      return { kind: 'invalid-input', field: 'offsets', message };
    }
    const run = toNewRun(input, pipeline.choices.window);
    if (pipeline.groupId !== null && !run.detached) {
      const message = `${input.job} runs as a stream processor now, which reads the records; over times or offsets it can run besides`;
      return { kind: 'wrong-state', message };
    }
    const blocking = run.detached ? null : await this.#line.blocking(input.job);
    if (blocking !== null) {
      const message =
        `run ${blocking} of ${input.job} did not succeed and holds back later ones: ` +
        'retry or restart it first';
      return { kind: 'wrong-state', message };
    }
    const row = await this.#creation.create(pipeline, run);
    return { kind: 'run', run: await this.#view(row) };
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
    await endAttempts(this.#database, id, 'cancelled');
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
    const [rows, totalCount] = await Promise.all([
      this.#database.batchRun.findMany({
        where: { ...filter, ...(options.after == null ? {} : { id: { lt: options.after } }) },
        orderBy: { id: 'desc' },
        take: first + 1,
      }),
      this.#database.batchRun.count({ where: filter }),
    ]);
    const nodes = await this.#views(rows.slice(0, first));
    return {
      nodes,
      totalCount,
      endCursor: nodes.at(-1)?.id ?? null,
      hasNextPage: rows.length > first,
    };
  }

  async find(id: string): Promise<BatchRunView | null> {
    const row = await this.#database.batchRun.findUnique({ where: { id } });
    return row === null ? null : this.#view(row);
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
    return this.#views(rows);
  }

  async #view(row: BatchRunRow): Promise<BatchRunView> {
    const [view] = await this.#views([row]);
    return view as BatchRunView;
  }

  async #views(rows: readonly BatchRunRow[]): Promise<BatchRunView[]> {
    const active = rows.filter(({ state }) => ACTIVE_STATES.includes(state as BatchRunState));
    const [workers, waits] = await Promise.all([this.#workers.alive(), this.#line.waits(active)]);
    const surroundings = { workers, databaseProblem: this.#database.currentProblem() };
    return rows.map((row) => toRunView(row, surroundings, waits.get(row.id)));
  }
}

function invalidInput(input: StartBatchRun): { field: string; message: string } | null {
  const { from = null, to = null, offsets = null, window = null, params = null } = input;
  if (from !== null && to !== null && from >= to) {
    return { field: 'to', message: '`to` must be later than `from`' };
  }
  const asked = [from !== null || to !== null, offsets !== null, window !== null];
  if (asked.filter(Boolean).length > 1) {
    const message = 'give either `from` and `to`, or `offsets`, or `window`';
    return { field: offsets === null ? 'window' : 'offsets', message };
  }
  if (offsets?.length === 0) {
    return { field: 'offsets', message: '`offsets` must name at least one partition' };
  }
  const seen = new Set<string>();
  for (const { topic, partition, startOffset, endOffset } of offsets ?? []) {
    const name = `${topic}/${partition}`;
    if (startOffset < 0 || endOffset <= startOffset) {
      const message = `of ${name}, \`endOffset\` must be greater than \`startOffset\`, and both from 0`;
      return { field: 'offsets', message };
    }
    if (seen.has(name)) {
      return { field: 'offsets', message: `${name} may be named once only` };
    }
    seen.add(name);
  }
  return params === null ? null : invalidParams(params);
}

export function invalidParams(params: string): { field: string; message: string } | null {
  if (params.length > PARAMS_LENGTH_MAX) {
    return { field: 'params', message: `\`params\` may have ${PARAMS_LENGTH_MAX} characters` };
  }
  try {
    const value: unknown = JSON.parse(params);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return null;
    }
  } catch {
    // It is not JSON: told as what it is not.
  }
  return {
    field: 'params',
    message: '`params` must be a JSON object, such as {"month": "2026-11"}',
  };
}

function toNewRun(input: StartBatchRun, ofJob: 'contiguous' | 'all'): NewRun {
  const { from = null, to = null, offsets = null, window = null } = input;
  const params = JSON.parse(input.params ?? '{}') as Record<string, unknown>;
  const run = { trigger: 'hand' as const, params };
  if (offsets !== null) {
    return { ...run, windowKind: 'offsets', detached: true, offsets };
  }
  if (from !== null || to !== null) {
    return { ...run, windowKind: 'time', detached: true, from, to };
  }
  const windowKind = window ?? ofJob;
  return { ...run, windowKind, detached: windowKind !== ofJob };
}
