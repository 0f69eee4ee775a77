import { Args, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import {
  EventLog,
  LiveMonitor,
  type PipelinesProblem as PipelinesProblemView,
  PipelinesService,
  type PipelineView,
  type ProcessorOutcome,
  ProcessorsService,
  type ProcessorView,
} from '@penstock/control-plane';
import { Long } from '../graphql/scalars.ts';
import { pipelineNotFound, wrongState } from './pipeline-problems.ts';
import {
  Pipeline,
  PipelinesProblem,
  Processor,
  ProcessorResult,
  StartFrom,
} from './pipeline.types.ts';

@Resolver(() => Pipeline)
export class PipelinesResolver {
  readonly #service: PipelinesService;
  readonly #processors: ProcessorsService;
  readonly #events: EventLog;

  constructor(service: PipelinesService, processors: ProcessorsService, events: EventLog) {
    this.#service = service;
    this.#processors = processors;
    this.#events = events;
  }

  @Query(() => [Pipeline], { description: 'All pipelines that the workers know, by name.' })
  pipelines(): Promise<PipelineView[]> {
    return this.#service.list();
  }

  @Query(() => Pipeline, {
    nullable: true,
    description: 'One pipeline; null when no worker knows one of the name.',
  })
  pipeline(
    @Args('name', { type: () => String, description: 'Name of the pipeline.' }) name: string,
  ): Promise<PipelineView | null> {
    return this.#service.find(name);
  }

  @Query(() => PipelinesProblem, {
    nullable: true,
    description: 'Null while the pipelines run as their sources say.',
  })
  pipelinesProblem(): Promise<PipelinesProblemView | null> {
    return this.#events.pipelinesProblem();
  }

  @ResolveField(() => Processor, {
    nullable: true,
    description: 'Null while it runs as batch.',
  })
  processor(@Parent() pipeline: PipelineView): Promise<ProcessorView | null> {
    return this.#processors.find(pipeline.name);
  }
}

@Resolver(() => Processor)
export class ProcessorsResolver {
  readonly #service: ProcessorsService;
  readonly #pipelines: PipelinesService;
  readonly #monitor: LiveMonitor;

  constructor(service: ProcessorsService, pipelines: PipelinesService, monitor: LiveMonitor) {
    this.#service = service;
    this.#pipelines = pipelines;
    this.#monitor = monitor;
  }

  @Mutation(() => ProcessorResult, {
    description:
      'The processor stops fetching and keeps its partitions: records wait, none is lost.',
  })
  async pauseProcessor(
    @Args('pipeline', { type: () => String, description: 'Name of the pipeline.' })
    pipeline: string,
  ) {
    return toResult(await this.#service.setDesired(pipeline, 'paused'));
  }

  @Mutation(() => ProcessorResult, { description: 'It goes on where it was paused.' })
  async resumeProcessor(
    @Args('pipeline', { type: () => String, description: 'Name of the pipeline.' })
    pipeline: string,
  ) {
    return toResult(await this.#service.setDesired(pipeline, 'running'));
  }

  @Mutation(() => ProcessorResult, {
    description:
      'The processor begins its state anew, and reads its sources from there. What it wrote stays; rows of records that it reads again are written again, under the same ids.',
  })
  async startProcessorOver(
    @Args('pipeline', { type: () => String, description: 'Name of the pipeline.' })
    pipeline: string,
    @Args('from', { type: () => StartFrom, description: 'Where its sources begin.' })
    from: (typeof StartFrom)[keyof typeof StartFrom],
  ) {
    return toResult(await this.#service.startOver(pipeline, from));
  }

  @Mutation(() => ProcessorResult, {
    description:
      'The processor goes on with the state that another definition made. No record is left out or read again; what is counted is right when both mean the same by the state.',
  })
  async keepProcessorState(
    @Args('pipeline', { type: () => String, description: 'Name of the pipeline.' })
    pipeline: string,
  ) {
    return toResult(await this.#service.keepState(pipeline));
  }

  @ResolveField(() => Long, { nullable: true })
  async lag(@Parent() processor: ProcessorView): Promise<number | null> {
    const pipeline = await this.#pipelines.find(processor.pipeline);
    const groups = this.#monitor.figures()?.groups ?? [];
    return groups.find((group) => group.groupId === pipeline?.groupId)?.lag ?? null;
  }
}

function toResult(outcome: ProcessorOutcome) {
  switch (outcome.kind) {
    case 'processor':
      return outcome.processor;
    case 'pipeline-not-found':
      return pipelineNotFound(outcome);
    case 'wrong-state':
      return wrongState(outcome);
  }
}
