import { Field, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { Long, Timestamp } from '../graphql/scalars.ts';
import { BatchWindowKind } from './batch-window.types.ts';

export const BatchJobState = {
  PAUSED: 'paused',
  BLOCKED: 'blocked',
  LATE: 'late',
  RUNNING: 'running',
  IDLE: 'idle',
} as const;
registerEnumType(BatchJobState, {
  name: 'BatchJobState',
  description: 'What is most worth knowing of a batch job; the first that holds.',
  valuesMap: {
    PAUSED: { description: 'Its schedule is paused.' },
    BLOCKED: { description: 'A run that did not succeed holds back the later ones.' },
    LATE: { description: 'The deadline of a due time has passed without a success.' },
    RUNNING: { description: 'A run has not ended.' },
    IDLE: { description: 'Nothing is under way.' },
  },
});

export const CatchUp = { COALESCE: 'coalesce', EACH: 'each', LATEST: 'latest' } as const;
registerEnumType(CatchUp, {
  name: 'CatchUp',
  description: 'What becomes of due times that passed while nothing could run.',
  valuesMap: {
    COALESCE: { description: 'One run stands for all of them.' },
    EACH: { description: 'Each gets a run, in order.' },
    LATEST: { description: 'Only the latest gets a run; the others count as skipped.' },
  },
});

export const Overlap = { SKIP: 'skip', QUEUE: 'queue' } as const;
registerEnumType(Overlap, {
  name: 'Overlap',
  description: 'What becomes of a due time while a run has not ended.',
  valuesMap: {
    SKIP: { description: 'It is passed over; its records are in the next run.' },
    QUEUE: { description: 'Its run follows when the run before has ended.' },
  },
});

export const OnFailure = { BLOCK: 'block', CONTINUE: 'continue' } as const;
registerEnumType(OnFailure, {
  name: 'OnFailure',
  description: 'Whether a run that did not succeed holds back later ones.',
  valuesMap: {
    BLOCK: { description: 'Due times wait and coalesce behind it.' },
    CONTINUE: { description: 'Later runs go on after it; it keeps its window.' },
  },
});

export const OnGap = { FAIL: 'fail', SKIP: 'skip' } as const;
registerEnumType(OnGap, {
  name: 'OnGap',
  description: 'What a run does when records of its window were deleted before it read them.',
  valuesMap: {
    FAIL: { description: 'It fails and says how many.' },
    SKIP: { description: 'It goes on without them and records how many.' },
  },
});

export const SkipReason = {
  OVERLAP: 'overlap',
  PAUSED: 'paused',
  CATCH_UP: 'catch-up',
} as const;
registerEnumType(SkipReason, {
  name: 'SkipReason',
  description: 'Why due times were passed over.',
  valuesMap: {
    OVERLAP: { description: 'The run before had not ended.' },
    PAUSED: { description: 'The schedule was paused.' },
    CATCH_UP: { description: 'Only the latest of several gets a run.' },
  },
});

@ObjectType({ description: 'What the runs of a job read, and what happens when one is missing.' })
export class ScheduleChoices {
  @Field(() => BatchWindowKind, { description: 'CONTIGUOUS or ALL.' })
  window: 'contiguous' | 'all';

  @Field(() => CatchUp, { description: 'For due times that passed while nothing could run.' })
  catchUp: (typeof CatchUp)[keyof typeof CatchUp];

  @Field(() => Overlap, { description: 'For a due time while a run has not ended.' })
  overlap: (typeof Overlap)[keyof typeof Overlap];

  @Field(() => OnFailure, { description: 'For due times after a run that did not succeed.' })
  onFailure: (typeof OnFailure)[keyof typeof OnFailure];

  @Field(() => Long, {
    nullable: true,
    description: 'Milliseconds after its due time by which a run should have succeeded.',
  })
  deadlineMs: number | null;

  @Field(() => OnGap, { description: 'For records that were deleted before they were read.' })
  onGap: (typeof OnGap)[keyof typeof OnGap];
}

@ObjectType({ description: 'Due times of a schedule that were passed over together.' })
export class SkippedTicks {
  @Field(() => Timestamp, { description: 'The newest of them.' })
  dueAt: number;

  @Field(() => Int, { description: 'How many.' })
  ticks: number;

  @Field(() => SkipReason, { description: 'Why.' })
  reason: (typeof SkipReason)[keyof typeof SkipReason];

  @Field(() => Timestamp, { description: 'When that was decided.' })
  skippedAt: number;
}
