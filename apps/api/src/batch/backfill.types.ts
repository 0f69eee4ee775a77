import {
  createUnionType,
  Field,
  ID,
  InputType,
  Int,
  ObjectType,
  registerEnumType,
} from '@nestjs/graphql';
import { CONCURRENCY_MAX } from '@penstock/control-plane';
import {
  BackfillNotFound,
  InvalidInput,
  PipelineNotFound,
  WrongState,
} from '../graphql/problem.types.ts';
import { Long, Timestamp } from '../graphql/scalars.ts';

export const BackfillCut = { GRID: 'grid', ONE: 'one' } as const;
registerEnumType(BackfillCut, {
  name: 'BackfillCut',
  description: 'How a backfill is cut into runs.',
  valuesMap: {
    GRID: { description: 'At the due times of the schedule.' },
    ONE: { description: 'Not at all: one run.' },
  },
});

export const BackfillState = {
  PREVIEW: 'preview',
  RUNNING: 'running',
  PAUSED: 'paused',
  CANCELLED: 'cancelled',
  DONE: 'done',
} as const;
registerEnumType(BackfillState, {
  name: 'BackfillState',
  description: 'Where a backfill is.',
  valuesMap: {
    PREVIEW: { description: 'It shows what would be done; nothing has begun.' },
    RUNNING: { description: 'Its runs are made, as many at a time as it allows.' },
    PAUSED: { description: 'No further run begins; those under way go on.' },
    CANCELLED: { description: 'It was ended on request.' },
    DONE: { description: 'All of its runs have ended, well or not.' },
  },
});

@ObjectType({ description: 'What one run of a backfill reads.' })
export class BackfillPart {
  @Field(() => Int, { description: 'From 0, in the order of time.' })
  index: number;

  @Field(() => Timestamp, { description: 'Records at or after this time.' })
  from: number;

  @Field(() => Timestamp, { description: 'Records before this time.' })
  to: number;

  @Field(() => Long, { description: 'How many records that are.' })
  recordsTotal: number;

  @Field(() => ID, { nullable: true, description: 'Its run; null until it is made.' })
  runId: string | null;
}

@ObjectType({
  description: 'Runs of a job over a time range of the past, beside its schedule.',
})
export class Backfill {
  @Field(() => ID, { description: 'Id of the backfill, and of its preview.' })
  id: string;

  @Field(() => String, { description: 'Name of the batch job.' })
  job: string;

  @Field(() => Timestamp, { description: 'Records at or after this time, by log timestamp.' })
  from: number;

  @Field(() => Timestamp, { description: 'Records before this time, by log timestamp.' })
  to: number;

  @Field(() => BackfillCut, { description: 'How it is cut into runs.' })
  cut: (typeof BackfillCut)[keyof typeof BackfillCut];

  @Field(() => Int, { description: 'Runs at the same time.' })
  concurrency: number;

  @Field(() => String, { description: 'Parameters of its runs, a JSON object.' })
  params: string;

  @Field(() => BackfillState, { description: 'Where it is.' })
  state: (typeof BackfillState)[keyof typeof BackfillState];

  @Field(() => Long, { description: 'Records that its runs read, all together.' })
  recordsTotal: number;

  @Field(() => Long, {
    nullable: true,
    description: 'What they take on disk, about; null where the brokers do not tell.',
  })
  bytesTotal: number | null;

  @Field(() => Long, {
    nullable: true,
    description: 'How long it takes at the pace of earlier runs, ms; null when there is none.',
  })
  estimatedMs: number | null;

  @Field(() => Timestamp, { description: 'When it was previewed.' })
  createdAt: number;

  @Field(() => Timestamp, { nullable: true, description: 'When it was started; null before.' })
  startedAt: number | null;

  @Field(() => Timestamp, {
    nullable: true,
    description: 'When it ended, however it ended; null before.',
  })
  finishedAt: number | null;

  @Field(() => Int, { description: 'How many runs it has.' })
  runs: number;

  @Field(() => Int, { description: 'Runs that are under way.' })
  active: number;

  @Field(() => Int, { description: 'Runs that succeeded.' })
  succeeded: number;

  @Field(() => Int, { description: 'Runs that failed or were cancelled.' })
  failed: number;
}

@InputType({ description: 'What a backfill should do over again.' })
export class PreviewBackfillInput {
  @Field(() => String, { description: 'Name of the batch job.' })
  job: string;

  @Field(() => Timestamp, { description: 'Records at or after this time, by log timestamp.' })
  from: number;

  @Field(() => Timestamp, { description: 'Records before this time, by log timestamp.' })
  to: number;

  @Field(() => BackfillCut, { description: 'How to cut it into runs, at most 1,000 of them.' })
  cut: 'grid' | 'one';

  @Field(() => Int, {
    nullable: true,
    description: `Runs at the same time, 1 to ${CONCURRENCY_MAX}; default: 1.`,
  })
  concurrency?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Parameters for the runs, a JSON object of at most 10,000 characters.',
  })
  params?: string | null;
}

const problemTypes: Record<
  string,
  typeof BackfillNotFound | typeof PipelineNotFound | typeof InvalidInput | typeof WrongState
> = {
  'backfill-not-found': BackfillNotFound,
  'pipeline-not-found': PipelineNotFound,
  'invalid-input': InvalidInput,
  'wrong-state': WrongState,
};

export const BackfillResult = createUnionType({
  name: 'BackfillResult',
  description: 'The backfill, or why what was asked for is not done.',
  types: () => [Backfill, BackfillNotFound, PipelineNotFound, InvalidInput, WrongState] as const,
  resolveType: (value: { kind?: string }) => problemTypes[value.kind ?? ''] ?? Backfill,
});
