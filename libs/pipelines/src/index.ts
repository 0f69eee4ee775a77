/** Schemas are written with zod; any other Standard Schema works as well. */
export { z } from 'zod';
export { BackOff, pause } from './runtime/back-off.ts';
export { type BatchFinishOptions, finishBatchRun } from './runtime/batch/batch-finish.ts';
export type { BatchPart, BatchRun, TimeBounds } from './runtime/batch/batch-run.ts';
export {
  type BatchStepOptions,
  type BatchStepOutcome,
  runBatchStep,
  type StepCheckpoint,
} from './runtime/batch/batch-step.ts';
export { Claim, type ClaimEnd, type ClaimOptions } from './runtime/batch/claim.ts';
export type { BatchResult } from './runtime/batch/result-files.ts';
export { FailedForGood } from './runtime/batch/run-failure.ts';
export { RunFolder } from './runtime/batch/run-folder.ts';
export { removeUnfinished } from './runtime/batch/unfinished-files.ts';
export { reasonOf } from './runtime/kafka-errors.ts';
export { obstacleOf } from './runtime/obstacle.ts';
export { refusedRowsFile } from './runtime/refused-rows.ts';
export type { KafkaPort, LoggerPort } from './runtime/runtime-ports.ts';
export {
  type StartFrom,
  type StateChoice,
  type StateProblem,
  UNDECIDED,
} from './runtime/stream/state-choice.ts';
export { StreamProcessor } from './runtime/stream/stream-processor.ts';
export type {
  StreamProcessorOptions,
  StreamProcessorState,
  StreamProcessorStatus,
} from './runtime/stream/stream-processor-options.ts';
export { createTopicsOf } from './runtime/pipeline-topics.ts';
export { createMissingTopics } from './runtime/topic-creation.ts';
export { testDriver, type TestDriver, type TestDriverOptions } from './test-kit/test-driver.ts';
export type { TestRecord } from './test-kit/test-log.ts';
export type { TestDeadLetter, TestLate, TestOutput } from './test-kit/test-outputs.ts';
export {
  calendar,
  type CalendarWindows,
  hopping,
  session,
  tumbling,
  windowsAt,
  type WindowSpec,
} from './time/windows.ts';
export type { AggregateOptions, RowOf, WindowRow } from './topology/aggregate-options.ts';
export { PipelineDefinitionError, RetryLater } from './topology/definition-error.ts';
export {
  type CsvColumns,
  type CsvOptions,
  type EndedStream,
  endsIn,
  type TopicOptions,
} from './topology/ended-stream.ts';
export { pipeline, type RecordStream } from './topology/pipeline-builder.ts';
export {
  internalTopics,
  isStateful,
  type PipelineDefinition,
  sinkTopics,
  sourceTopics,
  tableTopics,
} from './topology/pipeline-definition.ts';
export type { PipelineOptions } from './topology/pipeline-options.ts';
export type { ScheduleDefinition, ScheduleOptions } from './topology/schedule-options.ts';
export { type Schema, SchemaError } from './topology/schema.ts';
export type {
  OperatorContext,
  ProcessContext,
  RunContext,
  SourceRecord,
  Table,
  TableView,
} from './topology/source-record.ts';
export type { SourceOptions } from './topology/stream-options.ts';
export { table, type TableOptions } from './topology/table.ts';
export {
  type MarksSeen,
  newSharedMark,
  SharedMark,
  SharedMarkReader,
} from './watch/shared-mark.ts';
export { type CutOff, type MarkedWork, workKey } from './watch/work-mark.ts';
