import { createUnionType, Field, ID, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { PipelineNotFound, WrongState } from '../graphql/problem.types.ts';
import { Long, Timestamp } from '../graphql/scalars.ts';
import { ProcessorDesired, ProcessorState } from '../live/work-states.ts';

export const PipelineMode = { STREAM: 'stream', BATCH: 'batch', BOTH: 'both' } as const;
registerEnumType(PipelineMode, {
  name: 'PipelineMode',
  description: 'Runs continuously, over bounded windows, or either.',
});

@ObjectType({ description: 'One step of a pipeline between its source and its sink.' })
export class Operator {
  @Field(() => String)
  kind: string;

  @Field(() => String)
  label: string;
}

@ObjectType({ description: 'A stream processor as one worker reports it, once a second.' })
export class ProcessorInstance {
  @Field(() => ID)
  workerId: string;

  @Field(() => ProcessorState)
  state: (typeof ProcessorState)[keyof typeof ProcessorState];

  @Field(() => Long)
  consumed: number;

  @Field(() => Long)
  produced: number;

  @Field(() => Long)
  deadLettered: number;

  @Field(() => Int, { description: 'Partitions assigned to it now.' })
  partitions: number;

  @Field(() => String, { nullable: true })
  lastError: string | null;

  @Field(() => Timestamp)
  reportedAt: number;
}

@ObjectType({ description: 'A pipeline running continuously as a member of a consumer group.' })
export class Processor {
  @Field(() => String)
  pipeline: string;

  @Field(() => ProcessorDesired)
  desired: (typeof ProcessorDesired)[keyof typeof ProcessorDesired];

  @Field(() => ProcessorState)
  state: (typeof ProcessorState)[keyof typeof ProcessorState];

  @Field(() => [ProcessorInstance], { description: 'Of workers that live.' })
  instances: ProcessorInstance[];

  @Field(() => Long, { description: 'Records since the pipeline was first seen.' })
  consumed: number;

  @Field(() => Long)
  produced: number;

  @Field(() => Long)
  deadLettered: number;

  @Field(() => Long, { nullable: true, description: 'Records behind; null until known.' })
  lag: number | null;

  @Field(() => String, { nullable: true })
  lastError: string | null;
}

@ObjectType({ description: "A user's definition: source topics, operators, sinks." })
export class Pipeline {
  @Field(() => String)
  name: string;

  @Field(() => String)
  description: string;

  @Field(() => PipelineMode)
  mode: (typeof PipelineMode)[keyof typeof PipelineMode];

  @Field(() => [String], { description: 'Source topics.' })
  sources: string[];

  @Field(() => [String], { description: 'Topics, and names of result files.' })
  sinks: string[];

  @Field(() => [Operator])
  operators: Operator[];

  @Field(() => String, { nullable: true, description: 'Null when it only runs as batch.' })
  groupId: string | null;

  @Field(() => String, { nullable: true })
  deadLetterTopic: string | null;
}

export const ProcessorResult = createUnionType({
  name: 'ProcessorResult',
  types: () => [Processor, PipelineNotFound, WrongState] as const,
  resolveType: (value: { kind?: string }) =>
    value.kind === 'pipeline-not-found'
      ? PipelineNotFound
      : value.kind === 'wrong-state'
        ? WrongState
        : Processor,
});
