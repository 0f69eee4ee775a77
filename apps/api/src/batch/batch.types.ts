import {
  createUnionType,
  Field,
  ID,
  InputType,
  Int,
  ObjectType,
  registerEnumType,
} from '@nestjs/graphql';
import {
  InvalidInput,
  PipelineNotFound,
  RunNotFound,
  WrongState,
} from '../graphql/problem.types.ts';
import { Page } from '../graphql/page.types.ts';
import { Long, Timestamp } from '../graphql/scalars.ts';
import { BatchRunState } from '../live/work-states.ts';
import { AskedOffsets, BatchRunWindow, BatchWindowKind } from './batch-window.types.ts';
import { BatchJobState, ScheduleChoices } from './schedule.types.ts';

export const BatchTrigger = {
  SCHEDULE: 'schedule',
  CATCH_UP: 'catch-up',
  HAND: 'hand',
  BACKFILL: 'backfill',
  TIMER: 'timer',
} as const;
registerEnumType(BatchTrigger, {
  name: 'BatchTrigger',
  description: 'What started a run.',
  valuesMap: {
    SCHEDULE: { description: 'Its schedule, at the time in `scheduledFor`.' },
    CATCH_UP: { description: 'Its schedule, for due times that passed while nothing could run.' },
    HAND: { description: 'A person or a program, by `startBatchRun`.' },
    BACKFILL: { description: 'A backfill.' },
    TIMER: { description: 'A timer of a handler, `schedule(at)`, that was due.' },
  },
});

export const BatchStepState = {
  WAITING: 'waiting',
  RUNNING: 'running',
  DONE: 'done',
  FAILED: 'failed',
} as const;
registerEnumType(BatchStepState, {
  name: 'BatchStepState',
  description: 'Where a step is.',
  valuesMap: {
    WAITING: { description: 'It has not begun.' },
    RUNNING: { description: 'It reads its window.' },
    DONE: { description: 'Its window was read to the end.' },
    FAILED: { description: 'It stopped with an error.' },
  },
});

@ObjectType({ description: "One partition's part of a run: the frozen window [start, end)." })
export class BatchStep {
  @Field(() => String, { description: 'Name of the topic.' })
  topic: string;

  @Field(() => Int, { description: 'Number of the partition, from 0.' })
  partition: number;

  @Field(() => Long, { description: 'First offset of the window.' })
  startOffset: number;

  @Field(() => Long, { description: 'Offset after the last one of the window.' })
  endOffset: number;

  @Field(() => Long, { description: 'Everything before it is done.' })
  nextOffset: number;

  @Field(() => Long, {
    description: 'Records of the window that were gone before they were read.',
  })
  lost: number;

  @Field(() => Long, {
    description: 'Records that are gone and that the step failed for; a retry may go on without.',
  })
  gone: number;

  @Field(() => BatchStepState, { description: 'Where the step is.' })
  state: (typeof BatchStepState)[keyof typeof BatchStepState];

  @Field(() => String, {
    nullable: true,
    description: 'Why the step failed; null when it did not.',
  })
  error: string | null;
}

@ObjectType({ description: 'One execution of a batch job over a frozen window.' })
export class BatchRun {
  @Field(() => ID, { description: 'Id of the run.' })
  id: string;

  @Field(() => String, { description: 'Name of the batch job.' })
  job: string;

  @Field(() => BatchTrigger, { description: 'What started the run.' })
  trigger: (typeof BatchTrigger)[keyof typeof BatchTrigger];

  @Field(() => Timestamp, { nullable: true, description: 'Nominal time of a scheduled run.' })
  scheduledFor: number | null;

  @Field(() => Int, { description: 'Due times that it stands for: several when it catches up.' })
  ticks: number;

  @Field(() => Timestamp, {
    nullable: true,
    description: 'When it should have succeeded; null without a deadline.',
  })
  deadlineAt: number | null;

  @Field(() => Boolean, { description: 'Whether its deadline passed before it succeeded.' })
  isLate: boolean;

  @Field(() => BatchRunWindow, { description: 'Which records it reads.' })
  window: BatchRunWindow;

  @Field(() => Boolean, {
    description:
      'Whether its results are on its page only: it writes to no topic and moves no position.',
  })
  detached: boolean;

  @Field(() => Int, {
    description: 'Raised by each restart; the result shown is of the newest that succeeded.',
  })
  generation: number;

  @Field(() => String, { description: 'Parameters given by who started it, a JSON object.' })
  params: string;

  @Field(() => BatchRunState, { description: 'Where the run is.' })
  state: (typeof BatchRunState)[keyof typeof BatchRunState];

  @Field(() => Int, { description: '0 until the first attempt began.' })
  attempt: number;

  @Field(() => Timestamp, { description: 'When it was asked for.' })
  createdAt: number;

  @Field(() => Timestamp, {
    nullable: true,
    description: 'When its first attempt began; null before.',
  })
  startedAt: number | null;

  @Field(() => Timestamp, {
    nullable: true,
    description: 'When it ended, however it ended; null before.',
  })
  finishedAt: number | null;

  @Field(() => String, { nullable: true, description: 'Why the last attempt failed.' })
  error: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why it is waiting, when it is: no Redis, no worker, all slots busy.',
  })
  waitingFor: string | null;

  @Field(() => Long, { description: 'Offsets passed, of `recordsTotal`.' })
  recordsRead: number;

  @Field(() => Long, { description: 'Offsets in the window, all partitions.' })
  recordsTotal: number;

  @Field(() => Long, { description: 'Rows of the result so far.' })
  resultRows: number;

  @Field(() => Long, { description: 'Records that went to the dead-letter topic.' })
  deadLettered: number;

  @Field(() => String, {
    nullable: true,
    description: 'Topic that the result goes to; null when it goes to a file.',
  })
  resultTopic: string | null;
}

@ObjectType({ description: 'One page of batch runs.' })
export class BatchRunConnection extends Page {
  @Field(() => [BatchRun], { description: 'The batch runs of this page.' })
  nodes: BatchRun[];

  @Field(() => Long, { description: 'Runs that match, on all pages.' })
  totalCount: number;
}

@ObjectType({ description: 'A pipeline that runs over bounded windows.' })
export class BatchJob {
  @Field(() => String, { description: 'Name of the job, which is that of its pipeline.' })
  name: string;

  @Field(() => String, { description: 'What the job does, as its author wrote it.' })
  description: string;

  @Field(() => [String], { description: 'Names of the topics that it reads.' })
  sources: string[];

  @Field(() => String, { nullable: true, description: 'Five cron fields.' })
  schedule: string | null;

  @Field(() => String, { nullable: true, description: 'IANA name.' })
  timeZone: string | null;

  @Field(() => String, { nullable: true, description: 'Schedule in words.' })
  scheduleText: string | null;

  @Field(() => Timestamp, {
    nullable: true,
    description: 'When the schedule runs it next; null without a schedule.',
  })
  nextRunAt: number | null;

  @Field(() => [Timestamp], { description: 'The next three times that the schedule runs it.' })
  nextRunsAt: number[];

  @Field(() => BatchJobState, { description: 'What is most worth knowing of it.' })
  state: (typeof BatchJobState)[keyof typeof BatchJobState];

  @Field(() => Boolean, { description: 'Whether its schedule is paused.' })
  paused: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Why a due time has no run yet; null when nothing is in its way.',
  })
  problem: string | null;

  @Field(() => ScheduleChoices, { description: 'What its runs read, and when one is missing.' })
  choices: ScheduleChoices;
}

@InputType({
  description:
    'Which job to run, and over which records. With `from`, `to` or `offsets`, or a `window` that ' +
    'is not that of the job, the run is detached.',
})
export class StartBatchRunInput {
  @Field(() => String, { description: 'Name of the batch job.' })
  job: string;

  @Field(() => Timestamp, {
    nullable: true,
    description: 'Only records at or after this time; default: from the log start.',
  })
  from?: number | null;

  @Field(() => Timestamp, {
    nullable: true,
    description: 'Only records before this time; default: to the log end at the start of the run.',
  })
  to?: number | null;

  @Field(() => [AskedOffsets], { nullable: true, description: 'Exactly these offsets.' })
  offsets?: AskedOffsets[] | null;

  @Field(() => BatchWindowKind, {
    nullable: true,
    description:
      'CONTIGUOUS: what no run of the schedule has read yet. ALL: the whole log. Default: what ' +
      'the job itself does.',
  })
  window?: 'contiguous' | 'all' | null;

  @Field(() => String, {
    nullable: true,
    description: 'Parameters for the run, a JSON object of at most 10,000 characters.',
  })
  params?: string | null;
}

export const StartBatchRunResult = createUnionType({
  name: 'StartBatchRunResult',
  description: 'The new run, or why there is none.',
  types: () => [BatchRun, PipelineNotFound, InvalidInput, WrongState] as const,
  resolveType: (value: { kind?: string }) => problemTypes[value.kind ?? ''] ?? BatchRun,
});

export const CancelBatchRunResult = createUnionType({
  name: 'CancelBatchRunResult',
  description: 'The run that ends, or why it does not.',
  types: () => [BatchRun, RunNotFound, WrongState] as const,
  resolveType: (value: { kind?: string }) => problemTypes[value.kind ?? ''] ?? BatchRun,
});

@InputType({ description: 'A record that is left out of a run by decision.' })
export class SkippedRecord {
  @Field(() => String, { description: 'Name of the topic.' })
  topic: string;

  @Field(() => Int, { description: 'Number of the partition, from 0.' })
  partition: number;

  @Field(() => Long, { description: 'Offset of the record.' })
  offset: number;
}

@ObjectType({ description: 'A record that somebody left out of a run: it is a dead letter.' })
export class DecidedSkip {
  @Field(() => String, { description: 'Name of the topic.' })
  topic: string;

  @Field(() => Int, { description: 'Number of the partition, from 0.' })
  partition: number;

  @Field(() => Long, { description: 'Offset of the record.' })
  offset: number;

  @Field(() => Timestamp, { description: 'When that was decided.' })
  decidedAt: number;
}

export const RunDecisionResult = createUnionType({
  name: 'RunDecisionResult',
  description: 'The run that waits for a worker again, or why it does not.',
  types: () => [BatchRun, RunNotFound, InvalidInput, WrongState] as const,
  resolveType: (value: { kind?: string }) => problemTypes[value.kind ?? ''] ?? BatchRun,
});

export const SchedulePauseResult = createUnionType({
  name: 'SchedulePauseResult',
  description: 'The job whose schedule was told so, or why it cannot be told.',
  types: () => [BatchJob, PipelineNotFound, WrongState] as const,
  resolveType: (value: { kind?: string }) => problemTypes[value.kind ?? ''] ?? BatchJob,
});

const problemTypes: Record<
  string,
  typeof PipelineNotFound | typeof RunNotFound | typeof InvalidInput | typeof WrongState
> = {
  'pipeline-not-found': PipelineNotFound,
  'run-not-found': RunNotFound,
  'invalid-input': InvalidInput,
  'wrong-state': WrongState,
};
