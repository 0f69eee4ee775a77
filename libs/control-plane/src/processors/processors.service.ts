import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { isRecent, machineMs } from '../clock/index.ts';
import { EventLog } from '../events/index.ts';
import { WORKER_ALIVE_MS } from '../workers/index.ts';

export type ProcessorDesired = 'running' | 'paused';
/** Why its state stops a processor: another definition made it, or it is missing. */
export type StateProblem = 'changed' | 'lost';
/**
 * Where the sources begin when a processor starts over: log start, log end, the group's offsets.
 */
export type StartFrom = 'earliest' | 'latest' | 'committed';
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
  /** Why it waits for a decision about its state; null while it does not. */
  readonly stateProblem: StateProblem | null;
}

/** What people decided about the state of a processor. */
export interface StateDecision {
  /** How often it was started over. */
  readonly epoch: number;
  /** Where its sources began when it was last started over; null when it never was. */
  readonly startFrom: StartFrom | null;
  /** `stateHash` of the definition for which the state of another one is kept. */
  readonly keepFor: string | null;
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
  /** Why one of the instances waits for a decision about its state; null when none does. */
  readonly stateProblem: StateProblem | null;
}

export type ProcessorOutcome =
  | { readonly kind: 'processor'; readonly processor: ProcessorView }
  | { readonly kind: 'pipeline-not-found'; readonly name: string }
  | { readonly kind: 'wrong-state'; readonly message: string };

const START_WORDS: Record<StartFrom, string> = {
  earliest: 'the start of its logs',
  latest: 'the end of its logs',
  committed: 'its committed offsets',
};

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
        where: { groupId: { not: null } },
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
    const row = await this.#streamPipeline(pipeline);
    if ('kind' in row) return row;
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
    return this.#outcome(pipeline);
  }

  /**
   * Begins its state anew and reads its sources from there. Workers that run it follow within a
   * second, the others when they start.
   */
  async startOver(pipeline: string, from: StartFrom): Promise<ProcessorOutcome> {
    const row = await this.#streamPipeline(pipeline);
    if ('kind' in row) return row;
    const decided = { startFrom: from, keepStateFor: null };
    await this.#database.processor.upsert({
      where: { pipeline },
      create: { pipeline, stateEpoch: 1, ...decided },
      update: { stateEpoch: { increment: 1 }, ...decided },
    });
    const message = `${pipeline} was told to start over from ${START_WORDS[from]}`;
    await this.#events.append('PROCESSOR_STARTED_OVER', pipeline, message, { from });
    return this.#outcome(pipeline);
  }

  /**
   * Lets the definition of now go on with the state that another one made. Refused while no
   * instance waits for this decision: there is nothing to decide.
   */
  async keepState(pipeline: string): Promise<ProcessorOutcome> {
    const row = await this.#streamPipeline(pipeline);
    if ('kind' in row) return row;
    const waiting = (await this.find(pipeline))?.stateProblem ?? null;
    if (waiting !== 'changed') {
      const why =
        waiting === 'lost'
          ? 'its state is missing: put its files back, or start it over'
          : 'no instance waits with the state of another definition';
      return { kind: 'wrong-state', message: `The state of ${pipeline} cannot be kept: ${why}.` };
    }
    await this.#database.processor.upsert({
      where: { pipeline },
      create: { pipeline, keepStateFor: row.stateHash },
      update: { keepStateFor: row.stateHash },
    });
    const message = `${pipeline} was told to keep its state for definition ${row.stateHash}`;
    const data = { stateHash: row.stateHash };
    await this.#events.append('PROCESSOR_STATE_KEPT', pipeline, message, data);
    return this.#outcome(pipeline);
  }

  /** What was decided about the states of processors, by pipeline. */
  async stateDecisions(): Promise<Map<string, StateDecision>> {
    const rows = await this.#database.processor.findMany();
    return new Map(
      rows.map(({ pipeline, stateEpoch, startFrom, keepStateFor }) => [
        pipeline,
        { epoch: stateEpoch, startFrom: startFrom as StartFrom | null, keepFor: keepStateFor },
      ]),
    );
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
          stateProblem: report.stateProblem,
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

  async #streamPipeline(
    name: string,
  ): Promise<{ readonly stateHash: string } | Exclude<ProcessorOutcome, { kind: 'processor' }>> {
    const row = await this.#database.pipeline.findUnique({ where: { name } });
    if (row === null) return { kind: 'pipeline-not-found', name };
    // One that may run either way has no group while it is a batch job.
    return row.groupId === null
      ? { kind: 'wrong-state', message: `${name} is a batch job: it has no processor` }
      : { stateHash: row.stateHash };
  }

  async #outcome(pipeline: string): Promise<ProcessorOutcome> {
    const processor = await this.find(pipeline);
    return processor === null
      ? { kind: 'pipeline-not-found', name: pipeline }
      : { kind: 'processor', processor };
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
    stateProblem:
      instances.find((instance) => instance.stateProblem !== null)?.stateProblem ?? null,
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
    stateProblem: row.stateProblem as StateProblem | null,
    reportedAt: Number(row.reportedAt),
  };
}

function sum(rows: readonly StatusRow[], count: 'consumed' | 'produced' | 'deadLettered'): number {
  return rows.reduce((total, row) => total + Number(row[count]), 0);
}
