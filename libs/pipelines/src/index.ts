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
export { type Schema, SchemaError } from './definition/schema.ts';
export type { OperatorContext, SourceRecord } from './definition/source-record.ts';
