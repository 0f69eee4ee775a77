import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { isRecent, machineMs } from '../clock/index.ts';
import { EventLog } from '../events/index.ts';
import { WORKER_ALIVE_MS } from '../workers/index.ts';

export type ProcessorDesired = 'running' | 'paused';
export type ProcessorState = 'starting' | 'running' | 'paused' | 'retrying' | 'failed' | 'stopped';

/** What one worker says of one stream processor; counts are since that worker started. */
export interface ProcessorReport {
  readonly pipeline: string;
  readonly workerId: string;
  readonly state: ProcessorState;
  readonly consumed: number;
  readonly produced: number;
  readonly deadLettered: number;
  /** Partitions assigned to it now. */
  readonly partitions: number;
  readonly lastError: string | null;
}

export interface ProcessorInstanceView extends ProcessorReport {
  /** Milliseconds since epoch. */
  readonly reportedAt: number;
}

export interface ProcessorView {
  readonly pipeline: string;
  readonly desired: ProcessorDesired;
  /** Of all living instances, the one state that a reader needs to know first. */
  readonly state: ProcessorState;
  /** Living instances only. */
  readonly instances: readonly ProcessorInstanceView[];
  /** Counts since the pipeline was first seen, those of workers that have ended included. */
  readonly consumed: number;
  readonly produced: number;
  readonly deadLettered: number;
  readonly lastError: string | null;
}

export type ProcessorOutcome =
  | { readonly kind: 'processor'; readonly processor: ProcessorView }
  | { readonly kind: 'pipeline-not-found'; readonly name: string }
  | { readonly kind: 'wrong-state'; readonly message: string };

/** The counts of workers that have ended are kept in one row under this worker id. */
const GONE = '';
/** The row of a worker that has ended is folded after this long, when nobody takes it for alive. */
const FOLD_AFTER_MS = 60_000;
/** The processor's state is the first of these that one of its instances has: trouble first. */
const STATE_ORDER: readonly ProcessorState[] = [
  'failed',
  'retrying',
  'starting',
  'running',
  'paused',
  'stopped',
];

/** Stream processors: what is wanted of them, and what the workers report. */
@Injectable()
export class ProcessorsService {
  readonly #database: ControlDatabase;
  readonly #events: EventLog;

  constructor(database: ControlDatabase, events: EventLog) {
    this.#database = database;
    this.#events = events;
  }

  async list(): Promise<ProcessorView[]> {
    const [pipelines, desired, reports] = await Promise.all([
      this.#database.pipeline.findMany({
        where: { mode: { not: 'batch' } },
        select: { name: true },
        orderBy: { name: 'asc' },
      }),
      this.#database.processor.findMany(),
      this.#database.processorStatus.findMany(),
    ]);
    const wanted = new Map(desired.map((row) => [row.pipeline, row.desired]));
    return pipelines.map(({ name }) =>
      toView(
        name,
        wanted.get(name) === 'paused' ? 'paused' : 'running',
        reports.filter((report) => report.pipeline === name),
      ),
    );
  }

  async find(pipeline: string): Promise<ProcessorView | null> {
    return (await this.list()).find((view) => view.pipeline === pipeline) ?? null;
  }

  /**
   * Says what a processor should do; its workers follow within a second. A paused one stays a
   * member of its group and keeps its partitions, so its records wait and resuming is immediate.
   */
  async setDesired(pipeline: string, desired: ProcessorDesired): Promise<ProcessorOutcome> {
    const row = await this.#database.pipeline.findUnique({ where: { name: pipeline } });
    if (row === null) {
      return { kind: 'pipeline-not-found', name: pipeline };
    }
    if (row.mode === 'batch') {
      return { kind: 'wrong-state', message: `${pipeline} is a batch job: it has no processor` };
    }
    const before = await this.#database.processor.findUnique({ where: { pipeline } });
    if ((before?.desired ?? 'running') !== desired) {
      await this.#database.processor.upsert({
        where: { pipeline },
        create: { pipeline, desired },
        update: { desired },
      });
      const kind = desired === 'paused' ? 'PROCESSOR_PAUSED' : 'PROCESSOR_RESUMED';
      const words = desired === 'paused' ? 'was paused' : 'was resumed';
      await this.#events.append(kind, pipeline, `${pipeline} ${words}`);
    }
    const processor = await this.find(pipeline);
    return processor === null
      ? { kind: 'pipeline-not-found', name: pipeline }
      : { kind: 'processor', processor };
  }

  /** Pipelines that should be paused. */
  async paused(): Promise<Set<string>> {
    const rows = await this.#database.processor.findMany({ where: { desired: 'paused' } });
    return new Set(rows.map((row) => row.pipeline));
  }

  /** Writes what one worker reports, all its processors in one transaction. */
  async report(reports: readonly ProcessorReport[]): Promise<void> {
    const reportedAt = BigInt(Date.now());
    const beatMs = BigInt(machineMs());
    await this.#database.$transaction(
      reports.map(({ pipeline, workerId, ...report }) => {
        const row = {
          state: report.state,
          consumed: BigInt(report.consumed),
          produced: BigInt(report.produced),
          deadLettered: BigInt(report.deadLettered),
          partitions: report.partitions,
          lastError: report.lastError,
          reportedAt,
          beatMs,
        };
        return this.#database.processorStatus.upsert({
          where: { pipeline_workerId: { pipeline, workerId } },
          create: { pipeline, workerId, ...row },
          update: row,
        });
      }),
    );
  }

  /** Adds the counts of workers that have ended to the one row that stands for all of them. */
  async foldGone(): Promise<void> {
    const now = machineMs();
    const recent = { gt: BigInt(now - FOLD_AFTER_MS), lte: BigInt(now) };
    await this.#database.$transaction(async (tx) => {
      const rows = await tx.processorStatus.findMany({
        where: { workerId: { not: GONE }, NOT: { beatMs: recent } },
      });
      for (const { pipeline, workerId, consumed, produced, deadLettered } of rows) {
        await tx.processorStatus.upsert({
          where: { pipeline_workerId: { pipeline, workerId: GONE } },
          create: {
            pipeline,
            workerId: GONE,
            state: 'stopped',
            consumed,
            produced,
            deadLettered,
            reportedAt: 0n,
          },
          update: {
            consumed: { increment: consumed },
            produced: { increment: produced },
            deadLettered: { increment: deadLettered },
          },
        });
        await tx.processorStatus.delete({
          where: { pipeline_workerId: { pipeline, workerId } },
        });
      }
    });
  }
}

type StatusRow = Awaited<ReturnType<ControlDatabase['processorStatus']['findFirstOrThrow']>>;

function toView(
  pipeline: string,
  desired: ProcessorDesired,
  rows: readonly StatusRow[],
): ProcessorView {
  const now = machineMs();
  const instances = rows
    .filter((row) => row.workerId !== GONE && isRecent(row.beatMs, now, WORKER_ALIVE_MS))
    .map(toInstance);
  const state = STATE_ORDER.find((candidate) =>
    instances.some((instance) => instance.state === candidate),
  );
  return {
    pipeline,
    desired,
    state: state ?? 'stopped',
    instances,
    consumed: sum(rows, 'consumed'),
    produced: sum(rows, 'produced'),
    deadLettered: sum(rows, 'deadLettered'),
    lastError: instances.find((instance) => instance.lastError !== null)?.lastError ?? null,
  };
}

function toInstance(row: StatusRow): ProcessorInstanceView {
  return {
    pipeline: row.pipeline,
    workerId: row.workerId,
    state: row.state as ProcessorState,
    consumed: Number(row.consumed),
    produced: Number(row.produced),
    deadLettered: Number(row.deadLettered),
    partitions: row.partitions,
    lastError: row.lastError,
    reportedAt: Number(row.reportedAt),
  };
}

function sum(rows: readonly StatusRow[], count: 'consumed' | 'produced' | 'deadLettered'): number {
  return rows.reduce((total, row) => total + Number(row[count]), 0);
}
