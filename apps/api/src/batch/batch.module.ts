import { Module } from '@nestjs/common';
import { BatchJobsService, BatchRunsService, MonitoringModule } from '@penstock/control-plane';
import { BatchResultsController } from './batch-results.controller.ts';
import {
  BatchJobsResolver,
  BatchRunsResolver,
  PipelineBatchJobResolver,
} from './batch.resolver.ts';

@Module({
  imports: [MonitoringModule],
  providers: [
    BatchJobsResolver,
    BatchJobsService,
    BatchRunsResolver,
    BatchRunsService,
    PipelineBatchJobResolver,
  ],
  controllers: [BatchResultsController],
})
export class BatchModule {}
