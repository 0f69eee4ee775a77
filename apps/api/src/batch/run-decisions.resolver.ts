import { Args, ID, Int, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import {
  type BatchRunView,
  type DecidedSkip as DecidedSkipView,
  type RunDecisionOutcome,
  RunDecisionsService,
  SKIPS_MAX,
} from '@penstock/control-plane';
import { FIRST_OF_LIST, firstOf } from '../graphql/list-size.ts';
import { wrongState } from '../pipelines/pipeline-problems.ts';
import { runNotFound } from './batch-problems.ts';
import { BatchRun, DecidedSkip, RunDecisionResult, SkippedRecord } from './batch.types.ts';
import { OnGap } from './schedule.types.ts';

/** What people decide about a run that has ended. */
@Resolver(() => BatchRun)
export class RunDecisionsResolver {
  readonly #service: RunDecisionsService;

  constructor(service: RunDecisionsService) {
    this.#service = service;
  }

  @Mutation(() => RunDecisionResult, {
    description:
      'Lets a run that failed or was cancelled go on at its checkpoints; it starts over when a record is to be skipped that lies before one.',
  })
  async retryBatchRun(
    @Args('id', { type: () => ID, description: 'Id of the run.' }) id: string,
    @Args('skip', {
      type: () => [SkippedRecord],
      nullable: true,
      description: `Records that go to the dead-letter topic instead, at most ${SKIPS_MAX}.`,
    })
    skip: SkippedRecord[] | null,
    @Args('onGap', {
      type: () => OnGap,
      nullable: true,
      description: 'SKIP: it goes on without records that are gone, whatever its schedule says.',
    })
    onGap: 'fail' | 'skip' | null,
  ) {
    return toResult(await this.#service.retry(id, skip ?? [], onGap ?? 'fail'));
  }

  @Mutation(() => RunDecisionResult, {
    description:
      'Starts the window of a run that has ended over. Its result of before stays until the new ' +
      'one is complete.',
  })
  async restartBatchRun(@Args('id', { type: () => ID, description: 'Id of the run.' }) id: string) {
    return toResult(await this.#service.restart(id));
  }

  @ResolveField(() => [DecidedSkip], { description: 'Records that were left out of it.' })
  async leftOut(
    @Parent() run: BatchRunView,
    @Args(FIRST_OF_LIST) first: number | null,
  ): Promise<DecidedSkipView[]> {
    return firstOf(await this.#service.skips(run.id), first);
  }

  @ResolveField(() => Int, { description: 'How many records were left out of it.' })
  async leftOutCount(@Parent() run: BatchRunView): Promise<number> {
    return (await this.#service.skips(run.id)).length;
  }
}

function toResult(outcome: RunDecisionOutcome) {
  switch (outcome.kind) {
    case 'run':
      return outcome.run;
    case 'run-not-found':
      return runNotFound(outcome);
    case 'invalid-input':
      return { ...outcome, code: 'INVALID_INPUT' };
    case 'wrong-state':
      return wrongState(outcome);
  }
}
