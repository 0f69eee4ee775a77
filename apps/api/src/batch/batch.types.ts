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
import { Long, Timestamp } from '../graphql/scalars.ts';
import { BatchRunState } from '../live/work-states.ts';

export const BatchTrigger = { SCHEDULE: 'schedule', HAND: 'hand' } as const;
registerEnumType(BatchTrigger, { name: 'BatchTrigger', description: 'What started a run.' });

export const BatchStepState = {
  WAITING: 'waiting',
  RUNNING: 'running',
  DONE: 'done',
  FAILED: 'failed',
} as const;
registerEnumType(BatchStepState, { name: 'BatchStepState', description: 'Where a step is.' });

@ObjectType({ description: "One partition's part of a run: the frozen window [start, end)." })
export class BatchStep {
  @Field(() => String)
  topic: string;

  @Field(() => Int)
  partition: number;

  @Field(() => Long)
  startOffset: number;

  @Field(() => Long)
  endOffset: number;

  @Field(() => Long, { description: 'Everything before it is done.' })
  nextOffset: number;

  @Field(() => BatchStepState)
  state: (typeof BatchStepState)[keyof typeof BatchStepState];

  @Field(() => String, { nullable: true })
  error: string | null;
}

@ObjectType({ description: 'One execution of a batch job over a frozen window.' })
export class BatchRun {
  @Field(() => ID)
  id: string;

  @Field(() => String)
  job: string;

  @Field(() => BatchTrigger)
  trigger: (typeof BatchTrigger)[keyof typeof BatchTrigger];

  @Field(() => Timestamp, { nullable: true, description: 'Nominal time of a scheduled run.' })
  scheduledFor: number | null;

  @Field(() => BatchRunState)
  state: (typeof BatchRunState)[keyof typeof BatchRunState];

  @Field(() => Int, { description: '0 until the first attempt began.' })
  attempt: number;

  @Field(() => Timestamp)
  createdAt: number;

  @Field(() => Timestamp, { nullable: true })
  startedAt: number | null;

  @Field(() => Timestamp, { nullable: true })
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

  @Field(() => Long)
  resultRows: number;

  @Field(() => Long, { description: 'Records that went to the dead-letter topic.' })
  deadLettered: number;

  @Field(() => String, { nullable: true })
  resultTopic: string | null;
}

@ObjectType()
export class BatchRunConnection {
  @Field(() => [BatchRun])
  nodes: BatchRun[];

  @Field(() => Int)
  totalCount: number;

  @Field(() => String, { nullable: true })
  endCursor: string | null;

  @Field(() => Boolean)
  hasNextPage: boolean;
}

@ObjectType({ description: 'A pipeline that runs over bounded windows.' })
export class BatchJob {
  @Field(() => String)
  name: string;

  @Field(() => String)
  description: string;

  @Field(() => [String])
  sources: string[];

  @Field(() => String, { nullable: true, description: 'Five cron fields.' })
  schedule: string | null;

  @Field(() => String, { nullable: true, description: 'IANA name.' })
  timeZone: string | null;

  @Field(() => String, { nullable: true, description: 'Schedule in words.' })
  scheduleText: string | null;

  @Field(() => Timestamp, { nullable: true })
  nextRunAt: number | null;
}

@InputType()
export class StartBatchRunInput {
  @Field(() => String)
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
  types: () => [BatchRun, PipelineNotFound, InvalidInput, WrongState] as const,
  resolveType: (value: { kind?: string }) => problemTypes[value.kind ?? ''] ?? BatchRun,
});

export const CancelBatchRunResult = createUnionType({
  name: 'CancelBatchRunResult',
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
