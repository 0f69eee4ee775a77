export { type BatchJobView, BatchJobsService } from './batch-jobs.service.ts';
export {
  BatchLedger,
  type Checkpoint,
  type ClaimedRun,
  type ClaimedStep,
  type FrozenWindow,
  type RunResult,
  type RunTicket,
  type StepTicket,
  type Ticket,
} from './batch-ledger.ts';
export type {
  BatchRunState,
  BatchRunView,
  BatchStepState,
  BatchStepView,
  BatchTrigger,
} from './batch-run-view.ts';
export {
  type BatchRunPage,
  BatchRunsService,
  type CancelBatchRunOutcome,
  resultFolder,
  type StartBatchRun,
  type StartBatchRunOutcome,
} from './batch-runs.service.ts';
export { BatchTicksService } from './batch-ticks.service.ts';
