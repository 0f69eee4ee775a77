import { createUnionType, Field, ID, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { PipelineNotFound, WrongState } from '../graphql/problem.types.ts';
import { Long, Timestamp } from '../graphql/scalars.ts';
import { ProcessorDesired, ProcessorState, StateProblem } from '../live/work-states.ts';

export const PipelineMode = { STREAM: 'stream', BATCH: 'batch', EITHER: 'either' } as const;
registerEnumType(PipelineMode, {
  name: 'PipelineMode',
  description: 'Runs continuously, over bounded windows, or either.',
  valuesMap: {
    STREAM: { description: 'Continuously, as a stream processor.' },
    BATCH: { description: 'Over bounded windows, as a batch job.' },
    EITHER: { description: 'One of the two at a time.' },
  },
});

export const StartFrom = {
  EARLIEST: 'earliest',
  LATEST: 'latest',
  COMMITTED: 'committed',
} as const;
registerEnumType(StartFrom, {
  name: 'StartFrom',
  description: 'Where the sources begin when a stream processor starts over.',
  valuesMap: {
    EARLIEST: { description: 'At the log start: everything that is kept is read again.' },
    LATEST: { description: 'At the log end: what is there already is left out.' },
    COMMITTED: { description: 'At the committed offsets: no record is left out or read again.' },
  },
});

@ObjectType({ description: 'One step of a pipeline between its source and its sink.' })
export class Operator {
  @Field(() => String, { description: 'Kind of the operator, such as `filter` or `map`.' })
  kind: string;

  @Field(() => String, { description: 'What it does, as its author named it.' })
  label: string;
}

@ObjectType({ description: 'A stream processor as one worker reports it, once a second.' })
export class ProcessorInstance {
  @Field(() => ID, { description: 'Id of the worker.' })
  workerId: string;

  @Field(() => ProcessorState, { description: 'What the instance does.' })
  state: (typeof ProcessorState)[keyof typeof ProcessorState];

  @Field(() => Long, { description: 'Records read since the worker took the pipeline up.' })
  consumed: number;

  @Field(() => Long, { description: 'Records written since the worker took the pipeline up.' })
  produced: number;

  @Field(() => Long, {
    description: 'Records sent to the dead-letter topic since the worker took the pipeline up.',
  })
  deadLettered: number;

  @Field(() => Int, { description: 'Partitions assigned to it now.' })
  partitions: number;

  @Field(() => String, {
    nullable: true,
    description: 'Why it last failed or retried, in words; null when it did not.',
  })
  lastError: string | null;

  @Field(() => Timestamp, { description: 'When the worker reported this.' })
  reportedAt: number;
}

@ObjectType({ description: 'A pipeline running continuously as a member of a consumer group.' })
export class Processor {
  @Field(() => String, { description: 'Name of the pipeline.' })
  pipeline: string;

  @Field(() => ProcessorDesired, { description: 'What it should do.' })
  desired: (typeof ProcessorDesired)[keyof typeof ProcessorDesired];

  @Field(() => ProcessorState, {
    description: 'What it does; of several instances, the one to know first.',
  })
  state: (typeof ProcessorState)[keyof typeof ProcessorState];

  @Field(() => [ProcessorInstance], { description: 'Of workers that live.' })
  instances: ProcessorInstance[];

  @Field(() => Long, { description: 'Records since the pipeline was first seen.' })
  consumed: number;

  @Field(() => Long, {
    description: 'Records written to its sinks since the pipeline was first seen.',
  })
  produced: number;

  @Field(() => Long, {
    description: 'Records sent to the dead-letter topic since the pipeline was first seen.',
  })
  deadLettered: number;

  @Field(() => Long, { nullable: true, description: 'Records behind; null until known.' })
  lag: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why it last failed or retried, in words; null when it did not.',
  })
  lastError: string | null;

  @Field(() => StateProblem, {
    nullable: true,
    description:
      'Why its state stops it until `keepProcessorState` or `startProcessorOver` decides; null while it does not.',
  })
  stateProblem: (typeof StateProblem)[keyof typeof StateProblem] | null;
}

@ObjectType({ description: "A user's definition: source topics, operators, sinks." })
export class Pipeline {
  @Field(() => String, { description: 'Name of the pipeline.' })
  name: string;

  @Field(() => String, { description: 'What it does, as its author wrote it.' })
  description: string;

  @Field(() => PipelineMode, { description: 'How it may run.' })
  mode: (typeof PipelineMode)[keyof typeof PipelineMode];

  @Field(() => [String], { description: 'Source topics.' })
  sources: string[];

  @Field(() => [String], { description: 'Topics, and names of result files.' })
  sinks: string[];

  @Field(() => [Operator], { description: 'Operators in the order in which a record passes them.' })
  operators: Operator[];

  @Field(() => String, { nullable: true, description: 'Null while it runs as batch.' })
  groupId: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Topic for records that cannot be processed; null when there is none.',
  })
  deadLetterTopic: string | null;

  @Field(() => String, {
    description:
      'Stands for what the kept state means: changed, the state stops the processor. Empty when no state is kept.',
  })
  stateHash: string;
}

@ObjectType({
  description: 'Why changed sources of the pipelines were refused; the definitions before go on.',
})
export class PipelinesProblem {
  @Field(() => String, { description: 'What is wrong and where, in words.' })
  message: string;

  @Field(() => Timestamp, { description: 'When they were refused.' })
  at: number;
}

export const ProcessorResult = createUnionType({
  name: 'ProcessorResult',
  description: 'The stream processor as it is told to be, or why it cannot be told.',
  types: () => [Processor, PipelineNotFound, WrongState] as const,
  resolveType: (value: { kind?: string }) =>
    value.kind === 'pipeline-not-found'
      ? PipelineNotFound
      : value.kind === 'wrong-state'
        ? WrongState
        : Processor,
});
