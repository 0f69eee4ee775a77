export {
  type OperatorView,
  type PipelineMode,
  type PipelineRegistration,
  type PipelineView,
  PipelinesService,
} from './pipelines.service.ts';
