import { Field, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { Long, Timestamp } from '../graphql/scalars.ts';
import { BatchRunState } from '../live/work-states.ts';

export const BatchWindowKind = {
  CONTIGUOUS: 'contiguous',
  ALL: 'all',
  TIME: 'time',
  OFFSETS: 'offsets',
} as const;
registerEnumType(BatchWindowKind, {
  name: 'BatchWindowKind',
  description: 'How it is decided which records a run reads.',
  valuesMap: {
    CONTIGUOUS: { description: 'From where the run before ended to the log end.' },
    ALL: { description: 'The whole log.' },
    TIME: { description: 'Between two times.' },
    OFFSETS: { description: 'Between offsets that were given.' },
  },
});

export const WindowOrigin = {
  FIRST: 'first',
  NEXT: 'next',
  GROWN: 'grown',
  RECREATED: 'recreated',
} as const;
registerEnumType(WindowOrigin, {
  name: 'WindowOrigin',
  description: 'Why a contiguous window begins where it does.',
  valuesMap: {
    FIRST: { description: 'It is the first of the job: it begins at the log start.' },
    NEXT: { description: 'The window before ended there.' },
    GROWN: { description: 'The partition is new: it begins at the log start.' },
    RECREATED: {
      description: 'The topic was deleted and made anew: it begins at its log start.',
    },
  },
});

export const WindowFaultKind = { GAP: 'gap', OVERLAP: 'overlap', UNREAD: 'unread' } as const;
registerEnumType(WindowFaultKind, {
  name: 'WindowFaultKind',
  description: 'How the windows of a job break the rule that each offset is in exactly one run.',
  valuesMap: {
    GAP: { description: 'Offsets are in no window.' },
    OVERLAP: { description: 'Offsets are in two windows.' },
    UNREAD: { description: 'A run succeeded without having read them.' },
  },
});

@InputType({ description: 'Offsets of one partition.' })
export class AskedOffsets {
  @Field(() => String, { description: 'Name of the topic.' })
  topic: string;

  @Field(() => Int, { description: 'Number of the partition, from 0.' })
  partition: number;

  @Field(() => Long, { description: 'First offset.' })
  startOffset: number;

  @Field(() => Long, { description: 'Offset after the last one.' })
  endOffset: number;
}

@ObjectType({ description: "One partition's part of a window: the offsets [start, end)." })
export class WindowPartition {
  @Field(() => String, { description: 'Name of the topic.' })
  topic: string;

  @Field(() => Int, { description: 'Number of the partition, from 0.' })
  partition: number;

  @Field(() => Long, { description: 'First offset of the window.' })
  startOffset: number;

  @Field(() => Long, { description: 'Offset after the last one of the window.' })
  endOffset: number;

  @Field(() => Long, {
    description: 'Records of the window that were gone before they were read.',
  })
  lost: number;

  @Field(() => WindowOrigin, {
    nullable: true,
    description: 'Why it begins where it does; null unless it is contiguous and holds records.',
  })
  origin: (typeof WindowOrigin)[keyof typeof WindowOrigin] | null;
}

@ObjectType({ description: 'Which records a run reads.' })
export class BatchRunWindow {
  @Field(() => BatchWindowKind, { description: 'How that is decided.' })
  kind: (typeof BatchWindowKind)[keyof typeof BatchWindowKind];

  @Field(() => Timestamp, {
    nullable: true,
    description: 'Records at or after this time; null when no such bound was asked for.',
  })
  from: number | null;

  @Field(() => Timestamp, {
    nullable: true,
    description: 'Records before this time; null when no such bound was asked for.',
  })
  to: number | null;
}

@ObjectType({ description: 'A run in the window grid of its job.' })
export class WindowGridCell {
  @Field(() => ID, { description: 'Id of the run.' })
  runId: string;

  @Field(() => BatchRunState, { description: 'Where the run is.' })
  state: (typeof BatchRunState)[keyof typeof BatchRunState];

  @Field(() => Timestamp, {
    nullable: true,
    description: 'Nominal time of the run; null when a person started it.',
  })
  scheduledFor: number | null;

  @Field(() => Timestamp, { description: 'When the window was frozen.' })
  frozenAt: number;

  @Field(() => Int, { description: 'Generation of the run.' })
  generation: number;

  @Field(() => Long, { description: 'Offsets in the window, all partitions.' })
  recordsTotal: number;

  @Field(() => Long, { description: 'Records that were gone before they were read.' })
  lostTotal: number;
}

@ObjectType({ description: 'Where the windows of a job break the rule. Should never be seen.' })
export class WindowFault {
  @Field(() => WindowFaultKind, { description: 'How.' })
  kind: (typeof WindowFaultKind)[keyof typeof WindowFaultKind];

  @Field(() => String, { description: 'Name of the topic.' })
  topic: string;

  @Field(() => Int, { description: 'Number of the partition, from 0.' })
  partition: number;

  @Field(() => Long, { description: 'First offset that is concerned.' })
  startOffset: number;

  @Field(() => Long, { description: 'Offset after the last one that is concerned.' })
  endOffset: number;

  @Field(() => ID, { description: 'Id of the run whose window it is.' })
  runId: string;
}

@ObjectType({
  description:
    'The contiguous windows of a job, the newest first. Each offset is in exactly one of them; ' +
    'what breaks that is in `faults`.',
})
export class WindowGridConnection {
  @Field(() => [WindowGridCell], { description: 'The runs of this page.' })
  nodes: WindowGridCell[];

  @Field(() => Long, { description: 'Runs of the job with a contiguous window.' })
  totalCount: number;

  @Field(() => [WindowFault], {
    description: 'Gaps, overlaps, and what was left unread, from the oldest run of this page on.',
  })
  faults: WindowFault[];
}
