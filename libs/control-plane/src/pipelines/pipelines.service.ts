import { Injectable } from '@nestjs/common';
import { ControlDatabase } from '@penstock/platform';
import { checkSchedule } from '../schedules/index.ts';

export type PipelineMode = 'stream' | 'batch' | 'either';

export interface OperatorView {
  readonly kind: string;
  readonly label: string;
}

/** What a batch job does around its schedule; the meaning is that of `schedule` in a definition. */
export interface ScheduleChoices {
  readonly window: 'contiguous' | 'all';
  readonly catchUp: 'coalesce' | 'each' | 'latest';
  readonly overlap: 'skip' | 'queue';
  readonly onFailure: 'block' | 'continue';
  /** How long after its due time a run should have succeeded; null without a deadline. */
  readonly deadlineMs: number | null;
  readonly onGap: 'fail' | 'skip';
}

/** Of a job without a schedule, which runs on request only. */
export const UNSCHEDULED: ScheduleChoices = {
  window: 'contiguous',
  catchUp: 'coalesce',
  overlap: 'skip',
  onFailure: 'block',
  deadlineMs: null,
  onGap: 'fail',
};

/** A pipeline as a worker registers it at its start. */
export interface PipelineRegistration {
  readonly name: string;
  readonly mode: PipelineMode;
  readonly description: string;
  readonly sources: readonly string[];
  readonly sinks: readonly string[];
  readonly operators: readonly OperatorView[];
  /** Group of the stream processor; null while it runs as batch. */
  readonly groupId: string | null;
  readonly deadLetterTopic: string | null;
  /** Five-field cron expression and IANA zone of a scheduled batch job. */
  readonly schedule: string | null;
  readonly timeZone: string | null;
  readonly choices: ScheduleChoices;
  /** Tries of one batch run before it counts as failed. */
  readonly attemptsMax: number;
  readonly definitionHash: string;
  /** Stands for what the kept state means; empty when none is kept. */
  readonly stateHash: string;
}

export interface PipelineView extends PipelineRegistration {
  /** Milliseconds since epoch; ticks before it are not owed. Null without a schedule. */
  readonly scheduleSince: number | null;
}

/** The pipelines that the newest start of a worker found in the pipelines folder. */
@Injectable()
export class PipelinesService {
  readonly #database: ControlDatabase;

  constructor(database: ControlDatabase) {
    this.#database = database;
  }

  /**
   * Replaces the registered pipelines by these. A schedule that is new or was changed owes ticks
   * from now on; an unchanged one keeps owing those that passed while no worker ran. Throws
   * ScheduleError on a cron expression or time zone that does not exist.
   */
  async register(definitions: readonly PipelineRegistration[]): Promise<void> {
    for (const { name, schedule, timeZone } of definitions) {
      if (schedule !== null) {
        checkSchedule({ cron: schedule, timeZone: timeZone ?? 'UTC' }, `pipeline "${name}"`);
      }
    }
    await this.#database.$transaction(async (tx) => {
      const known = new Map((await tx.pipeline.findMany()).map((row) => [row.name, row] as const));
      await tx.pipeline.deleteMany({
        where: { name: { notIn: definitions.map((definition) => definition.name) } },
      });
      for (const definition of definitions) {
        const before = known.get(definition.name);
        const unchanged =
          before?.schedule === definition.schedule && before.timeZone === definition.timeZone;
        const since = unchanged ? before.scheduleSince : BigInt(Date.now());
        const row = toRow(definition, definition.schedule === null ? null : since);
        await tx.pipeline.upsert({
          where: { name: definition.name },
          create: { name: definition.name, ...row },
          update: row,
        });
        if (definition.groupId !== null) {
          await tx.processor.upsert({
            where: { pipeline: definition.name },
            create: { pipeline: definition.name },
            update: {},
          });
        }
      }
    });
  }

  /**
   * A schedule that was registered while the clock was ahead owes ticks from now on, instead of
   * from when the clock reaches that time again.
   */
  async oweFrom(name: string, now: number): Promise<void> {
    await this.#database.pipeline.updateMany({
      where: { name, scheduleSince: { gt: BigInt(now) } },
      data: { scheduleSince: BigInt(now) },
    });
  }

  async list(): Promise<PipelineView[]> {
    const rows = await this.#database.pipeline.findMany({ orderBy: { name: 'asc' } });
    return rows.map(toView);
  }

  async find(name: string): Promise<PipelineView | null> {
    const row = await this.#database.pipeline.findUnique({ where: { name } });
    return row === null ? null : toView(row);
  }

  /** Name of our pipeline by the consumer group that runs it. */
  async byGroupId(): Promise<Map<string, string>> {
    const rows = await this.#database.pipeline.findMany({
      where: { groupId: { not: null } },
      select: { name: true, groupId: true },
    });
    return new Map(rows.map((row) => [row.groupId ?? '', row.name]));
  }
}

type PipelineRow = Awaited<ReturnType<ControlDatabase['pipeline']['findFirstOrThrow']>>;

function toRow(definition: PipelineRegistration, scheduleSince: bigint | null) {
  return {
    mode: definition.mode,
    description: definition.description,
    sources: JSON.stringify(definition.sources),
    sinks: JSON.stringify(definition.sinks),
    operators: JSON.stringify(definition.operators),
    groupId: definition.groupId,
    deadLetterTopic: definition.deadLetterTopic,
    schedule: definition.schedule,
    timeZone: definition.timeZone,
    scheduleOptions: JSON.stringify(definition.choices),
    scheduleSince,
    attemptsMax: definition.attemptsMax,
    definitionHash: definition.definitionHash,
    stateHash: definition.stateHash,
  };
}

function toView(row: PipelineRow): PipelineView {
  return {
    name: row.name,
    mode: row.mode as PipelineMode,
    description: row.description,
    sources: JSON.parse(row.sources) as string[],
    sinks: JSON.parse(row.sinks) as string[],
    operators: JSON.parse(row.operators) as OperatorView[],
    groupId: row.groupId,
    deadLetterTopic: row.deadLetterTopic,
    schedule: row.schedule,
    timeZone: row.timeZone,
    choices: { ...UNSCHEDULED, ...(JSON.parse(row.scheduleOptions) as Partial<ScheduleChoices>) },
    scheduleSince: row.scheduleSince === null ? null : Number(row.scheduleSince),
    attemptsMax: row.attemptsMax,
    definitionHash: row.definitionHash,
    stateHash: row.stateHash,
  };
}
