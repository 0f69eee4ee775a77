import { Args, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import {
  type Backfill as BackfillView,
  type BackfillOutcome,
  type BackfillPart as BackfillPartView,
  BackfillsService,
  type BatchJobView,
} from '@penstock/control-plane';
import { FIRST_OF_LIST, firstOf, firstOfPage, pageSize } from '../graphql/list-size.ts';
import { pipelineNotFound, wrongState } from '../pipelines/pipeline-problems.ts';
import { backfillNotFound } from './batch-problems.ts';
import { BatchJob } from './batch.types.ts';
import { Backfill, BackfillPart, BackfillResult, PreviewBackfillInput } from './backfill.types.ts';

@Resolver(() => Backfill)
export class BackfillsResolver {
  readonly #service: BackfillsService;

  constructor(service: BackfillsService) {
    this.#service = service;
  }

  @Query(() => Backfill, {
    nullable: true,
    description: 'One backfill; null when there is none of the id.',
  })
  backfill(
    @Args('id', { type: () => ID, description: 'Id of the backfill.' }) id: string,
  ): Promise<BackfillView | null> {
    return this.#service.find(id);
  }

  @Mutation(() => BackfillResult, {
    description: 'Says what a backfill would do. It can be started within an hour.',
  })
  async previewBackfill(
    @Args('input', { type: () => PreviewBackfillInput, description: 'What to do over again.' })
    input: PreviewBackfillInput,
  ) {
    return toResult(await this.#service.preview(input));
  }

  @Mutation(() => BackfillResult, {
    description: 'Starts what was previewed. Its runs write to the sinks of the job.',
  })
  async startBackfill(
    @Args('previewId', { type: () => ID, description: 'Id of the preview.' }) previewId: string,
  ) {
    return toResult(await this.#service.start(previewId));
  }

  @Mutation(() => BackfillResult, {
    description: 'No further run of it begins; those under way go on.',
  })
  async pauseBackfill(
    @Args('id', { type: () => ID, description: 'Id of the backfill.' }) id: string,
  ) {
    return toResult(await this.#service.setPaused(id, true));
  }

  @Mutation(() => BackfillResult, { description: 'Its next runs begin again.' })
  async resumeBackfill(
    @Args('id', { type: () => ID, description: 'Id of the backfill.' }) id: string,
  ) {
    return toResult(await this.#service.setPaused(id, false));
  }

  @Mutation(() => BackfillResult, {
    description: 'No further run of it begins, and those under way are cancelled.',
  })
  async cancelBackfill(
    @Args('id', { type: () => ID, description: 'Id of the backfill.' }) id: string,
  ) {
    return toResult(await this.#service.cancel(id));
  }

  @ResolveField(() => [BackfillPart], { description: 'What its runs read, in the order of time.' })
  async parts(
    @Parent() backfill: BackfillView,
    @Args(FIRST_OF_LIST) first: number | null,
  ): Promise<BackfillPartView[]> {
    return firstOf(await this.#service.parts(backfill.id), first);
  }

  @ResolveField(() => Int, { description: 'How many parts it has.' })
  partCount(@Parent() backfill: BackfillView): number {
    return backfill.runs;
  }
}

@Resolver(() => BatchJob)
export class JobBackfillsResolver {
  readonly #service: BackfillsService;

  constructor(service: BackfillsService) {
    this.#service = service;
  }

  @ResolveField(() => [Backfill], { description: 'Those that were started, the newest first.' })
  async backfills(
    @Parent() job: BatchJobView,
    @Args(firstOfPage(20)) first: number | null,
  ): Promise<BackfillView[]> {
    return this.#service.list(job.name, pageSize(first, 20));
  }

  @ResolveField(() => Int, { description: 'How many backfills were started.' })
  backfillCount(@Parent() job: BatchJobView): Promise<number> {
    return this.#service.count(job.name);
  }
}

function toResult(outcome: BackfillOutcome) {
  switch (outcome.kind) {
    case 'backfill':
      return outcome.backfill;
    case 'backfill-not-found':
      return backfillNotFound(outcome);
    case 'pipeline-not-found':
      return pipelineNotFound(outcome);
    case 'invalid-input':
      return { ...outcome, code: 'INVALID_INPUT' };
    case 'wrong-state':
      return wrongState(outcome);
  }
}
