import { Module } from '@nestjs/common';
import {
  BackfillsService,
  BatchAttemptsService,
  BatchJobsService,
  BatchResultsService,
  BatchRunsService,
  MonitoringModule,
  RunCreation,
  RunDecisionsService,
  RunLine,
  ScheduleStates,
  SourceLogs,
  WindowClaims,
  WindowGridService,
} from '@penstock/control-plane';
import { AttemptLogResolver, AttemptsResolver } from './attempts.resolver.ts';
import { BackfillsResolver, JobBackfillsResolver } from './backfills.resolver.ts';
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
    AttemptLogResolver,
    AttemptsResolver,
    BackfillsResolver,
    BackfillsService,
    BatchAttemptsService,
    BatchJobsResolver,
    BatchJobsService,
    BatchResultsService,
    BatchRunsResolver,
    BatchRunsService,
    BatchRunWindowResolver,
    JobBackfillsResolver,
    PipelineBatchJobResolver,
    RunCreation,
    RunDecisionsResolver,
    RunDecisionsService,
    RunLine,
    SchedulesResolver,
    ScheduleStates,
    SourceLogs,
    WindowClaims,
    WindowGridResolver,
    WindowGridService,
  ],
  controllers: [BatchResultsController],
})
export class BatchModule {}
