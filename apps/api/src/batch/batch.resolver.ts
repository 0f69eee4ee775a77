import { Args, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import {
  BatchJobsService,
  type BatchJobView,
  type BatchRunPage,
  BatchRunsService,
  type BatchRunState as RunState,
  type BatchRunView,
  type BatchStepView,
  type CancelBatchRunOutcome,
  type PipelineView,
  type StartBatchRunOutcome,
} from '@penstock/control-plane';
import { AFTER, FIRST_OF_LIST, firstOf, firstOfPage, pageSize } from '../graphql/list-size.ts';
import { BatchRunState } from '../live/work-states.ts';
import { pipelineNotFound, wrongState } from '../pipelines/pipeline-problems.ts';
import { Pipeline } from '../pipelines/pipeline.types.ts';
import { runNotFound } from './batch-problems.ts';
import {
  BatchJob,
  BatchRun,
  BatchRunConnection,
  BatchStep,
  CancelBatchRunResult,
  StartBatchRunInput,
  StartBatchRunResult,
} from './batch.types.ts';
import { BatchRunWindow } from './batch-window.types.ts';

@Resolver(() => BatchJob)
export class BatchJobsResolver {
  readonly #service: BatchJobsService;
  readonly #runsService: BatchRunsService;

  constructor(service: BatchJobsService, runsService: BatchRunsService) {
    this.#service = service;
    this.#runsService = runsService;
  }

  @Query(() => [BatchJob], { description: 'All batch jobs that the workers know, by name.' })
  batchJobs(): Promise<BatchJobView[]> {
    return this.#service.list();
  }

  @Query(() => BatchJob, {
    nullable: true,
    description: 'One batch job; null when no worker knows one of the name.',
  })
  batchJob(
    @Args('name', { type: () => String, description: 'Name of the batch job.' }) name: string,
  ): Promise<BatchJobView | null> {
    return this.#service.find(name);
  }

  @ResolveField(() => [BatchRun], { description: 'Newest first.' })
  async runs(
    @Parent() job: BatchJobView,
    @Args(firstOfPage(20)) first: number | null,
  ): Promise<BatchRunView[]> {
    return (await this.#runsService.list({ job: job.name, first: pageSize(first, 20) })).nodes;
  }

  @ResolveField(() => BatchRun, {
    nullable: true,
    description: 'The newest run; null when there is none.',
  })
  async lastRun(@Parent() job: BatchJobView): Promise<BatchRunView | null> {
    return (await this.#runsService.list({ job: job.name, first: 1 })).nodes[0] ?? null;
  }
}

/** The batch job is a field of the pipeline that it is. */
@Resolver(() => Pipeline)
export class PipelineBatchJobResolver {
  readonly #service: BatchJobsService;

  constructor(service: BatchJobsService) {
    this.#service = service;
  }

  @ResolveField(() => BatchJob, {
    nullable: true,
    description: 'Null when it only runs as a stream processor.',
  })
  batchJob(@Parent() pipeline: PipelineView): Promise<BatchJobView | null> {
    return this.#service.find(pipeline.name);
  }
}

@Resolver(() => BatchRun)
export class BatchRunsResolver {
  readonly #service: BatchRunsService;

  constructor(service: BatchRunsService) {
    this.#service = service;
  }

  @Query(() => BatchRunConnection, { description: 'Newest first.' })
  batchRuns(
    @Args('job', {
      type: () => String,
      nullable: true,
      description: 'Only runs of this batch job.',
    })
    job: string | null,
    @Args('state', {
      type: () => BatchRunState,
      nullable: true,
      description: 'Only runs in this state.',
    })
    state: RunState | null,
    @Args(firstOfPage(50)) first: number | null,
    @Args(AFTER) after: string | null,
  ): Promise<BatchRunPage> {
    return this.#service.list({ job, state, first: pageSize(first, 50), after });
  }

  @Query(() => BatchRun, {
    nullable: true,
    description: 'One run; null when there is none of the id.',
  })
  batchRun(
    @Args('id', { type: () => ID, description: 'Id of the run.' }) id: string,
  ): Promise<BatchRunView | null> {
    return this.#service.find(id);
  }

  @Mutation(() => StartBatchRunResult, {
    description: 'Records that a run should happen; a worker takes it up within a second.',
  })
  async startBatchRun(
    @Args('input', { type: () => StartBatchRunInput, description: 'What to run.' })
    input: StartBatchRunInput,
  ) {
    return toStartResult(await this.#service.start(input));
  }

  @Mutation(() => CancelBatchRunResult, {
    description: 'Ends a run; its steps stop at their next checkpoint.',
  })
  async cancelBatchRun(@Args('id', { type: () => ID, description: 'Id of the run.' }) id: string) {
    return toCancelResult(await this.#service.cancel(id));
  }

  @ResolveField(() => [BatchStep], {
    description: 'One per partition; none until the first attempt.',
  })
  async steps(
    @Parent() run: BatchRunView,
    @Args(FIRST_OF_LIST) first: number | null,
  ): Promise<BatchStepView[]> {
    return firstOf(await this.#service.steps(run.id), first);
  }

  /** Carries the run's id to the resolver of its offsets. */
  @ResolveField(() => BatchRunWindow)
  window(@Parent() { id, window }: BatchRunView): BatchRunView['window'] & { runId: string } {
    return { ...window, runId: id };
  }

  @ResolveField(() => Int, { description: 'How many steps the run has.' })
  async stepCount(@Parent() run: BatchRunView): Promise<number> {
    return (await this.#service.steps(run.id)).length;
  }

  @ResolveField(() => String, {
    nullable: true,
    description: 'Path on this server that downloads the result file; null when there is none.',
  })
  resultUrl(@Parent() run: BatchRunView): string | null {
    return run.resultFile === null ? null : `/api/batch-runs/${run.id}/result`;
  }
}

function toStartResult(outcome: StartBatchRunOutcome) {
  switch (outcome.kind) {
    case 'run':
      return outcome.run;
    case 'pipeline-not-found':
      return pipelineNotFound(outcome);
    case 'invalid-input':
      return { ...outcome, code: 'INVALID_INPUT' };
    case 'wrong-state':
      return wrongState(outcome);
  }
}

function toCancelResult(outcome: CancelBatchRunOutcome) {
  switch (outcome.kind) {
    case 'run':
      return outcome.run;
    case 'run-not-found':
      return runNotFound(outcome);
    case 'wrong-state':
      return wrongState(outcome);
  }
}
