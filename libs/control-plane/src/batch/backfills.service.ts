import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { EventLog } from '../events/index.ts';
import { PipelinesService, type PipelineView } from '../pipelines/index.ts';
import { nextDue, type Schedule } from '../schedules/index.ts';
import {
  type Backfill,
  type BackfillPart,
  type BackfillRow,
  type BackfillState,
  toBackfill,
  toPart,
} from './backfill-view.ts';
import { ACTIVE_STATES } from './batch-run-view.ts';
import { BatchRunsService, invalidParams } from './batch-runs.service.ts';
import { scheduleOf } from './schedule-states.ts';
import { type SourceLog, SourceLogs, SourceTopicMissing } from './source-logs.ts';
import { recordsIn } from './window-claims.ts';
import { type FrozenWindow, windowsBetween } from './window-planning.ts';

/** What a backfill should do over again. Times are milliseconds since epoch. */
export interface BackfillInput {
  readonly job: string;
  /** Records of [from, to) by log timestamp. */
  readonly from: number;
  readonly to: number;
  /** `grid`: a run between each two due times of the schedule. `one`: one run. */
  readonly cut: 'grid' | 'one';
  /** Runs at the same time; 1 when absent. */
  readonly concurrency?: number | null;
  /** JSON: an object of parameters for the runs. */
  readonly params?: string | null;
}

export type BackfillOutcome =
  | { readonly kind: 'backfill'; readonly backfill: Backfill }
  | { readonly kind: 'backfill-not-found'; readonly id: string }
  | { readonly kind: 'pipeline-not-found'; readonly name: string }
  | { readonly kind: 'invalid-input'; readonly field: string; readonly message: string }
  | { readonly kind: 'wrong-state'; readonly message: string };

export const CONCURRENCY_MAX = 8;
const PARTS_MAX = 1_000;
/** A preview is good for this long; the logs may have moved on after it. */
const PREVIEW_MS = 60 * 60_000;
const PREVIEWS_KEPT_MS = 24 * 60 * 60_000;
/** Earlier runs that tell how long records take. */
const PACE_RUNS = 20;

/**
 * Runs over a time range of the past, beside the schedule: they move no position of it. A preview
 * freezes what each run would read, so that what is started is what was shown.
 */
@Injectable()
export class BackfillsService {
  readonly #database: ControlDatabase;
  readonly #events: EventLog;
  readonly #pipelines: PipelinesService;
  readonly #runs: BatchRunsService;
  readonly #logs: SourceLogs;

  constructor(
    database: ControlDatabase,
    events: EventLog,
    pipelines: PipelinesService,
    runs: BatchRunsService,
    logs: SourceLogs,
  ) {
    this.#database = database;
    this.#events = events;
    this.#pipelines = pipelines;
    this.#runs = runs;
    this.#logs = logs;
  }

  /** Says what a backfill would do, and keeps it for {@link start}. Nothing runs yet. */
  async preview(input: BackfillInput): Promise<BackfillOutcome> {
    const pipeline = await this.#pipelines.find(input.job);
    if (pipeline === null) {
      return { kind: 'pipeline-not-found', name: input.job };
    }
    const refused = refusalOf(input, pipeline);
    if (refused !== null) {
      return refused;
    }
    const times = cutAt(input, scheduleOf(pipeline));
    if (times.length - 1 > PARTS_MAX) {
      const message = `between \`from\` and \`to\` lie more than ${PARTS_MAX} due times`;
      return { kind: 'invalid-input', field: 'cut', message };
    }
    try {
      const logs = await this.#logs.read(pipeline.sources);
      const parts = await this.#partsOf(logs, times);
      const bytes = bytesIn(logs, parts, await this.#logs.bytesOf(logs));
      return await this.#keep(input, { times, parts, bytes });
    } catch (error) {
      if (error instanceof SourceTopicMissing) {
        return { kind: 'wrong-state', message: error.message };
      }
      throw error;
    }
  }

  /** Starts what was previewed; the workers make its runs. */
  start(previewId: string): Promise<BackfillOutcome> {
    const start = { state: 'running', startedAt: BigInt(Date.now()) };
    return this.#change(previewId, ['preview'], start, 'was started', (row) =>
      Date.now() - Number(row.createdAt) > PREVIEW_MS
        ? 'the preview is more than an hour old: make another'
        : null,
    );
  }

  /** While it is paused, no further run begins; those under way go on. */
  setPaused(id: string, paused: boolean): Promise<BackfillOutcome> {
    return paused
      ? this.#change(id, ['running'], { state: 'paused' }, 'was paused')
      : this.#change(id, ['paused'], { state: 'running' }, 'was resumed');
  }

  /** No further run begins, and those under way are cancelled. */
  async cancel(id: string): Promise<BackfillOutcome> {
    const end = { state: 'cancelled', finishedAt: BigInt(Date.now()) };
    const outcome = await this.#change(id, ['running', 'paused'], end, 'was cancelled');
    if (outcome.kind === 'backfill') {
      const active = await this.#database.batchRun.findMany({
        where: { backfillPart: { backfillId: id }, state: { in: ACTIVE_STATES } },
        select: { id: true },
      });
      for (const run of active) {
        await this.#runs.cancel(run.id);
      }
    }
    return outcome;
  }

  async find(id: string): Promise<Backfill | null> {
    const row = await this.#database.backfill.findUnique({ where: { id } });
    return row === null ? null : this.#view(row);
  }

  /** Those of a job that were started, the newest first. */
  async list(job: string, first: number): Promise<Backfill[]> {
    const rows = await this.#database.backfill.findMany({
      where: { job, state: { not: 'preview' } },
      orderBy: { createdAt: 'desc' },
      take: first,
    });
    return Promise.all(rows.map((row) => this.#view(row)));
  }

  count(job: string): Promise<number> {
    return this.#database.backfill.count({ where: { job, state: { not: 'preview' } } });
  }

  /** In the order of their times. */
  async parts(backfillId: string): Promise<BackfillPart[]> {
    const rows = await this.#database.backfillPart.findMany({
      where: { backfillId },
      orderBy: { index: 'asc' },
    });
    return rows.map(toPart);
  }

  async #view(row: BackfillRow): Promise<Backfill> {
    const parts = await this.#database.backfillPart.findMany({
      where: { backfillId: row.id },
      select: { run: { select: { state: true } } },
    });
    return toBackfill(
      row,
      parts.map(({ run }) => run?.state ?? null),
    );
  }

  async #partsOf(logs: readonly SourceLog[], times: readonly number[]): Promise<FrozenWindow[][]> {
    const offsets: number[][] = [];
    for (const time of times) {
      offsets.push(await this.#logs.offsetsAt(logs, time));
    }
    return offsets.slice(1).map((to, index) => windowsBetween(logs, offsets[index] ?? null, to));
  }

  async #keep(
    input: BackfillInput,
    { times, parts, bytes }: BackfillPlan,
  ): Promise<BackfillOutcome> {
    const now = Date.now();
    const concurrency = input.concurrency ?? 1;
    const records = parts.reduce((sum, part) => sum + recordsIn(part), 0);
    const pace = await this.#paceOf(input.job);
    await this.#database.backfill.deleteMany({
      where: { state: 'preview', createdAt: { lt: BigInt(now - PREVIEWS_KEPT_MS) } },
    });
    const row = await this.#database.backfill.create({
      data: {
        id: `b${now.toString(36)}${randomBytes(4).toString('hex')}`,
        job: input.job,
        from: BigInt(input.from),
        to: BigInt(input.to),
        cut: input.cut,
        concurrency,
        params: input.params ?? '{}',
        state: 'preview',
        records: BigInt(records),
        bytes: bytes === null ? null : BigInt(bytes),
        estimatedMs: pace === null ? null : BigInt(Math.round((records * pace) / concurrency)),
        createdAt: BigInt(now),
        parts: {
          create: parts.map((part, index) => ({
            index,
            from: BigInt(times[index] ?? input.from),
            to: BigInt(times[index + 1] ?? input.to),
            records: BigInt(recordsIn(part)),
            offsets: JSON.stringify(part),
          })),
        },
      },
    });
    return { kind: 'backfill', backfill: await this.#view(row) };
  }

  /** Milliseconds that a record took in the middle one of earlier runs; null when there is none. */
  async #paceOf(job: string): Promise<number | null> {
    const runs = await this.#database.batchRun.findMany({
      where: { job, state: 'succeeded', recordsTotal: { gt: 0 }, startedAt: { not: null } },
      orderBy: { id: 'desc' },
      take: PACE_RUNS,
      select: { startedAt: true, finishedAt: true, recordsTotal: true },
    });
    const paces = runs
      .map(
        (run) => Number((run.finishedAt ?? 0n) - (run.startedAt ?? 0n)) / Number(run.recordsTotal),
      )
      .filter((pace) => pace >= 0)
      .toSorted((a, b) => a - b);
    return paces[Math.floor(paces.length / 2)] ?? null;
  }

  async #change(
    id: string,
    from: readonly BackfillState[],
    to: { readonly state: string; readonly startedAt?: bigint; readonly finishedAt?: bigint },
    what: string,
    refuse: (row: BackfillRow) => string | null = () => null,
  ): Promise<BackfillOutcome> {
    const row = await this.#database.backfill.findUnique({ where: { id } });
    if (row === null) {
      return { kind: 'backfill-not-found', id };
    }
    const refused = refuse(row);
    if (refused !== null) {
      return { kind: 'wrong-state', message: refused };
    }
    const { count } = await this.#database.backfill.updateMany({
      where: { id, state: { in: [...from] } },
      data: to,
    });
    const backfill = (await this.find(id)) as Backfill;
    if (count === 0) {
      const message = `the backfill ${id} is ${backfill.state}: it must be ${from.join(' or ')}`;
      return { kind: 'wrong-state', message };
    }
    await this.#events.append('BACKFILL_CHANGED', row.job, `${row.job}: backfill ${id} ${what}`, {
      backfill: id,
      state: to.state,
    });
    return { kind: 'backfill', backfill };
  }
}

/** What a preview found: the times between which the runs lie, and what each reads. */
interface BackfillPlan {
  readonly times: readonly number[];
  readonly parts: readonly FrozenWindow[][];
  readonly bytes: number | null;
}

function refusalOf(input: BackfillInput, pipeline: PipelineView): BackfillOutcome | null {
  const { job, from, to, cut, concurrency, params = null } = input;
  const invalid = (field: string, message: string): BackfillOutcome => ({
    kind: 'invalid-input',
    field,
    message,
  });
  if (pipeline.mode === 'stream') {
    return { kind: 'wrong-state', message: `${job} only runs as a stream processor` };
  }
  if (from >= to) {
    return invalid('to', '`to` must be later than `from`');
  }
  if (concurrency != null && (concurrency < 1 || concurrency > CONCURRENCY_MAX)) {
    return invalid('concurrency', `\`concurrency\` must be 1 to ${CONCURRENCY_MAX}`);
  }
  if (cut === 'grid' && pipeline.schedule === null) {
    return invalid('cut', `${job} has no schedule to cut by: \`cut\` must be ONE`);
  }
  const wrong = params === null ? null : invalidParams(params);
  return wrong === null ? null : invalid(wrong.field, wrong.message);
}

/** The times between which the runs lie, in order; at most one more than are allowed. */
function cutAt({ from, to, cut }: BackfillInput, schedule: Schedule | null): number[] {
  const times = [from];
  if (cut === 'grid' && schedule !== null) {
    let due = nextDue(schedule, from);
    while (due !== null && due < to && times.length <= PARTS_MAX + 1) {
      times.push(due);
      due = nextDue(schedule, due);
    }
  }
  return [...times, to];
}

/** What the records take on disk, at the mean size of a record in their logs. */
function bytesIn(
  logs: readonly SourceLog[],
  parts: readonly FrozenWindow[][],
  bytes: readonly (number | null)[],
): number | null {
  let sum = 0;
  for (const [index, { startOffset, endOffset }] of logs.entries()) {
    const size = bytes[index] ?? null;
    if (size === null) {
      return null;
    }
    const read = parts.reduce((records, part) => {
      const window = part[index];
      return records + (window === undefined ? 0 : window.endOffset - window.startOffset);
    }, 0);
    sum += endOffset > startOffset ? (size * read) / (endOffset - startOffset) : 0;
  }
  return Math.round(sum);
}
