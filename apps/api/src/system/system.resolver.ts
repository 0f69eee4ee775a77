import { Query, ResolveField, Resolver } from '@nestjs/graphql';
import {
  ProcessTable,
  SystemService,
  WorkersService,
  type ProcessEntry,
  type SystemOverview,
  type WorkerView,
} from '@penstock/control-plane';
import { Process, System, Worker } from './system.types.ts';

@Resolver(() => System)
export class SystemResolver {
  readonly #system: SystemService;
  readonly #processTable: ProcessTable;
  readonly #workersService: WorkersService;

  constructor(system: SystemService, processTable: ProcessTable, workersService: WorkersService) {
    this.#system = system;
    this.#processTable = processTable;
    this.#workersService = workersService;
  }

  @Query(() => System, {
    name: 'system',
    description: 'What this installation is: cluster, versions, processes, Redis, where data lies.',
  })
  overview(): SystemOverview {
    return this.#system.overview();
  }

  @ResolveField(() => String, { nullable: true })
  clusterId(): Promise<string | null> {
    return this.#system.clusterId();
  }

  @ResolveField(() => [Process])
  processes(): readonly ProcessEntry[] {
    return this.#processTable.processes;
  }

  @ResolveField(() => [Worker])
  workers(): Promise<WorkerView[]> {
    return this.#workersService.list();
  }
}
