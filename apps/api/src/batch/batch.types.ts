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

export const BatchTrigger = { SCHEDULE: 'schedule', HAND: 'hand' } as const;
registerEnumType(BatchTrigger, {
  name: 'BatchTrigger',
  description: 'What started a run.',
  valuesMap: {
    SCHEDULE: { description: 'Its schedule, at the time in `scheduledFor`.' },
    HAND: { description: 'A person or a program, by `startBatchRun`.' },
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
}

@InputType({ description: 'Which job to run, and over which records.' })
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
  resolveType: (value: { kind?: string }) =>
    value.kind === 'run-not-found'
      ? RunNotFound
      : value.kind === 'wrong-state'
        ? WrongState
        : BatchRun,
});

const problemTypes: Record<
  string,
  typeof PipelineNotFound | typeof InvalidInput | typeof WrongState
> = {
  'pipeline-not-found': PipelineNotFound,
  'invalid-input': InvalidInput,
  'wrong-state': WrongState,
};
