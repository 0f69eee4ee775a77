import { Args, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import {
  BatchJobsService,
  type BatchJobView,
  BatchRunsService,
  type BatchRunView,
  type SchedulePauseOutcome,
  ScheduleStates,
  type SkippedTicks as SkippedTicksView,
} from '@penstock/control-plane';
import { FIRST_OF_LIST, firstOf, LIST_SIZE_MAX } from '../graphql/list-size.ts';
import { Long } from '../graphql/scalars.ts';
import { pipelineNotFound, wrongState } from '../pipelines/pipeline-problems.ts';
import { BatchJob, BatchRun, SchedulePauseResult } from './batch.types.ts';
import { SkippedTicks } from './schedule.types.ts';

/** What a schedule does, and what stands in its way. */
@Resolver(() => BatchJob)
export class SchedulesResolver {
  readonly #service: BatchJobsService;
  readonly #runsService: BatchRunsService;
  readonly #states: ScheduleStates;

  constructor(service: BatchJobsService, runsService: BatchRunsService, states: ScheduleStates) {
    this.#service = service;
    this.#runsService = runsService;
    this.#states = states;
  }

  @Mutation(() => SchedulePauseResult, {
    description: 'Its due times are passed over until it is resumed; runs under way go on.',
  })
  async pauseSchedule(
    @Args('job', { type: () => String, description: 'Name of the batch job.' }) job: string,
  ) {
    return toPauseResult(await this.#service.setPaused(job, true));
  }

  @Mutation(() => SchedulePauseResult, {
    description: 'Its next due time makes a run again, over all records since the last one.',
  })
  async resumeSchedule(
    @Args('job', { type: () => String, description: 'Name of the batch job.' }) job: string,
  ) {
    return toPauseResult(await this.#service.setPaused(job, false));
  }

  @ResolveField(() => BatchRun, {
    nullable: true,
    description: 'The run that did not succeed and holds back later ones; null when none does.',
  })
  async blockedBy(@Parent() job: BatchJobView): Promise<BatchRunView | null> {
    return job.blockedBy === null ? null : this.#runsService.find(job.blockedBy);
  }

  @ResolveField(() => [SkippedTicks], { description: 'Due times passed over, the newest first.' })
  async skippedTicks(
    @Parent() job: BatchJobView,
    @Args(FIRST_OF_LIST) first: number | null,
  ): Promise<SkippedTicksView[]> {
    return firstOf(await this.#states.skipped(job.name, LIST_SIZE_MAX), first);
  }

  @ResolveField(() => Long, { description: 'How many entries `skippedTicks` has.' })
  skippedTickCount(@Parent() job: BatchJobView): Promise<number> {
    return this.#states.skippedCount(job.name);
  }
}

function toPauseResult(outcome: SchedulePauseOutcome) {
  switch (outcome.kind) {
    case 'job':
      return outcome.job;
    case 'pipeline-not-found':
      return pipelineNotFound(outcome);
    case 'wrong-state':
      return wrongState(outcome);
  }
}
