export { BackfillRuns } from './backfill-runs.ts';
export {
  type BackfillInput,
  type BackfillOutcome,
  BackfillsService,
  CONCURRENCY_MAX,
} from './backfills.service.ts';
export type { Backfill, BackfillPart, BackfillState } from './backfill-view.ts';
export { AttemptLog, type LogLevel } from './attempt-log.ts';
export type { AttemptOutcome } from './batch-attempts.ts';
export {
  BatchAttemptsService,
  type BatchAttemptView,
  type LogLine,
} from './batch-attempts.service.ts';
export { type BatchJobState, type BatchJobView, BatchJobsService } from './batch-jobs.service.ts';
export { type SchedulePauseOutcome } from './batch-jobs.service.ts';
export { BatchLedger } from './batch-ledger.ts';
export { BatchResultsService, resultFolder } from './batch-results.service.ts';
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
  type StartBatchRun,
  type StartBatchRunOutcome,
} from './batch-runs.service.ts';
export type {
  Checkpoint,
  ClaimedRun,
  TableEnd,
  ClaimedStep,
  RunResult,
  RunTicket,
  StepPart,
  StepTicket,
  Ticket,
} from './batch-tickets.ts';
export { BatchTicksService } from './batch-ticks.service.ts';
export { RunCreation } from './run-creation.ts';
export {
  type DecidedSkip,
  type RunDecisionOutcome,
  RunDecisionsService,
  type SkippedRecord,
  SKIPS_MAX,
} from './run-decisions.service.ts';
export { RunLine } from './run-line.ts';
export { ScheduleStates, type SkippedTicks, type SkipReason } from './schedule-states.ts';
export { type SourceLog, SourceLogs } from './source-logs.ts';
export type { StateBase, StateName } from './state-bases.ts';
export { WindowClaims, type WindowFault } from './window-claims.ts';
export {
  type WindowGrid,
  type WindowGridCell,
  WindowGridService,
  type WindowPartition,
} from './window-grid.service.ts';
export {
  type AskedOffsets,
  askedWindows,
  type FrozenWindow,
  type WindowKind,
  windowsBetween,
  wholeWindows,
} from './window-planning.ts';
