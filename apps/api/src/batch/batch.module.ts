import { Module } from '@nestjs/common';
import {
  BatchJobsService,
  BatchResultsService,
  BatchRunsService,
  MonitoringModule,
  RunCreation,
  RunDecisionsService,
  RunLine,
  ScheduleStates,
  WindowClaims,
  WindowGridService,
} from '@penstock/control-plane';
import { BatchResultsController } from './batch-results.controller.ts';
import {
  BatchJobsResolver,
  BatchRunsResolver,
  PipelineBatchJobResolver,
} from './batch.resolver.ts';
import { RunDecisionsResolver } from './run-decisions.resolver.ts';
import { SchedulesResolver } from './schedules.resolver.ts';
import { BatchRunWindowResolver, WindowGridResolver } from './windows.resolver.ts';

@Module({
  imports: [MonitoringModule],
  providers: [
    BatchJobsResolver,
    BatchJobsService,
    BatchResultsService,
    BatchRunsResolver,
    BatchRunsService,
    BatchRunWindowResolver,
    PipelineBatchJobResolver,
    RunCreation,
    RunDecisionsResolver,
    RunDecisionsService,
    RunLine,
    SchedulesResolver,
    ScheduleStates,
    WindowClaims,
    WindowGridResolver,
    WindowGridService,
  ],
  controllers: [BatchResultsController],
})
export class BatchModule {}
