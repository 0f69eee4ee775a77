/** Schemas are written with zod; any other Standard Schema works as well. */
export { z } from 'zod';
export { PipelineDefinitionError, RetryLater } from './definition/definition-error.ts';
export {
  type AggregateDefinition,
  type AggregateOptions,
  type CsvColumns,
  pipeline,
  type PipelineOptions,
  type SourceOptions,
} from './definition/pipeline-builder.ts';
export { type PipelineDefinition, sinkTopics } from './definition/pipeline-definition.ts';
export type { ScheduleDefinition, ScheduleOptions } from './definition/schedule-options.ts';
export { type Schema, SchemaError } from './definition/schema.ts';
export type { OperatorContext, SourceRecord } from './definition/source-record.ts';
export {
  type BatchResult,
  type BatchResultOptions,
  writeBatchResult,
} from './runtime/batch-result.ts';
export {
  type BatchStepOptions,
  type BatchStepOutcome,
  runBatchStep,
  type StepCheckpoint,
} from './runtime/batch-step.ts';
export type { TimeBounds } from './runtime/batch-window.ts';
export { BackOff, pause } from './runtime/back-off.ts';
export { reasonOf } from './runtime/kafka-errors.ts';
export { obstacleOf } from './runtime/obstacle.ts';
export type { KafkaPort, LoggerPort } from './runtime/runtime-ports.ts';
export {
  StreamProcessor,
  type StreamProcessorOptions,
  type StreamProcessorState,
  type StreamProcessorStatus,
} from './runtime/stream-processor.ts';
export { createMissingTopics } from './runtime/topic-creation.ts';
export {
  runOverRecords,
  type TestDeadLetter,
  type TestOutput,
  type TestRecord,
  type TestRun,
} from './test-kit/run-over-records.ts';
