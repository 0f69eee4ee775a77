import { Module } from '@nestjs/common';
import { BatchJobsService, BatchRunsService, MonitoringModule } from '@penstock/control-plane';
import { PipelinesResolver, ProcessorsResolver } from '../pipelines/pipelines.resolver.ts';
import { BatchResultsController } from './batch-results.controller.ts';
import {
  BatchJobsResolver,
  BatchRunsResolver,
  PipelineBatchJobResolver,
} from './batch.resolver.ts';

/** The resolvers of pipelines, processors, batch jobs and runs. */
export const workResolvers = [
  BatchJobsResolver,
  BatchRunsResolver,
  PipelineBatchJobResolver,
  PipelinesResolver,
  ProcessorsResolver,
];

/** What the workers do, as the API shows and steers it. */
@Module({
  imports: [MonitoringModule],
  providers: [...workResolvers, BatchJobsService, BatchRunsService],
  controllers: [BatchResultsController],
})
export class WorkModule {}
