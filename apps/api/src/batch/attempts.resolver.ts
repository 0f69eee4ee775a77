import { Args, Int, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import {
  BatchAttemptsService,
  type BatchAttemptView,
  type BatchRunView,
  type LogLine as LogLineView,
} from '@penstock/control-plane';
import { FIRST_OF_LIST, firstOf } from '../graphql/list-size.ts';
import { AttemptLog, BatchAttempt, LogLine } from './attempt.types.ts';
import { BatchRun } from './batch.types.ts';

@Resolver(() => BatchRun)
export class AttemptsResolver {
  readonly #service: BatchAttemptsService;

  constructor(service: BatchAttemptsService) {
    this.#service = service;
  }

  @ResolveField(() => [BatchAttempt], { description: 'In order.' })
  async attempts(
    @Parent() run: BatchRunView,
    @Args(FIRST_OF_LIST) first: number | null,
  ): Promise<BatchAttemptView[]> {
    return firstOf(await this.#service.list(run.id), first);
  }

  @ResolveField(() => Int, { description: 'How many attempts have begun.' })
  async attemptCount(@Parent() run: BatchRunView): Promise<number> {
    return (await this.#service.list(run.id)).length;
  }

  @ResolveField(() => AttemptLog, { description: 'What one attempt said of itself.' })
  attemptLog(
    @Parent() run: BatchRunView,
    @Args('attempt', { type: () => Int, description: 'Number of the attempt, from 1.' })
    attempt: number,
  ): AttemptLog & { runId: string } {
    const url = `/api/batch-runs/${run.id}/attempts/${attempt}/log`;
    return { runId: run.id, attempt, url };
  }
}

@Resolver(() => AttemptLog)
export class AttemptLogResolver {
  readonly #service: BatchAttemptsService;

  constructor(service: BatchAttemptsService) {
    this.#service = service;
  }

  @ResolveField(() => [LogLine], { description: 'In order; none when there is no such attempt.' })
  async lines(
    @Parent() { runId, attempt }: { runId: string; attempt: number },
    @Args(FIRST_OF_LIST) first: number | null,
  ): Promise<LogLineView[]> {
    return firstOf(await this.#service.lines(runId, attempt), first);
  }

  @ResolveField(() => Int, { description: 'How many lines are kept.' })
  async lineCount(@Parent() { runId, attempt }: { runId: string; attempt: number }) {
    return (await this.#service.lines(runId, attempt)).length;
  }
}
