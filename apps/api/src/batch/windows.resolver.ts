import { Args, Int, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import {
  BatchRunsService,
  type WindowGrid,
  type WindowGridCell as GridCell,
  WindowGridService,
  type WindowPartition as PartitionOfWindow,
} from '@penstock/control-plane';
import { FIRST_OF_LIST, firstOf, firstOfPage, pageSize } from '../graphql/list-size.ts';
import {
  BatchRunWindow,
  WindowGridCell,
  WindowGridConnection,
  WindowPartition,
} from './batch-window.types.ts';

@Resolver(() => WindowGridCell)
export class WindowGridResolver {
  readonly #service: WindowGridService;
  readonly #runsService: BatchRunsService;

  constructor(service: WindowGridService, runsService: BatchRunsService) {
    this.#service = service;
    this.#runsService = runsService;
  }

  @Query(() => WindowGridConnection, {
    description: 'The contiguous windows that the runs of a job have claimed, the newest first.',
  })
  windowGrid(
    @Args('job', { type: () => String, description: 'Name of the batch job.' }) job: string,
    @Args(firstOfPage(50)) first: number | null,
  ): Promise<WindowGrid> {
    return this.#service.grid(job, pageSize(first, 50));
  }

  @ResolveField(() => [WindowPartition], { description: 'Its offsets, by partition.' })
  async partitions(
    @Parent() cell: GridCell,
    @Args(FIRST_OF_LIST) first: number | null,
  ): Promise<PartitionOfWindow[]> {
    const steps = await this.#runsService.steps(cell.runId);
    return this.#service.partitions(cell.runId, firstOf(steps, first));
  }

  @ResolveField(() => Int, { description: 'How many partitions it has.' })
  async partitionCount(@Parent() cell: GridCell): Promise<number> {
    return (await this.#runsService.steps(cell.runId)).length;
  }
}

/** The offsets of a run's window; none until it is frozen. */
@Resolver(() => BatchRunWindow)
export class BatchRunWindowResolver {
  readonly #service: WindowGridService;
  readonly #runsService: BatchRunsService;

  constructor(service: WindowGridService, runsService: BatchRunsService) {
    this.#service = service;
    this.#runsService = runsService;
  }

  @ResolveField(() => [WindowPartition], {
    description: 'Its offsets, by partition; none until they are frozen.',
  })
  async partitions(
    @Parent() { runId }: { runId: string },
    @Args(FIRST_OF_LIST) first: number | null,
  ): Promise<PartitionOfWindow[]> {
    return this.#service.partitions(runId, firstOf(await this.#runsService.steps(runId), first));
  }

  @ResolveField(() => Int, { description: 'How many partitions it has.' })
  async partitionCount(@Parent() { runId }: { runId: string }): Promise<number> {
    return (await this.#runsService.steps(runId)).length;
  }
}
