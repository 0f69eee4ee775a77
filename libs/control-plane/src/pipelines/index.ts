export {
  type OperatorView,
  type PipelineMode,
  type PipelineRegistration,
  type PipelineView,
  PipelinesService,
  type ScheduleChoices,
  UNSCHEDULED,
} from './pipelines.service.ts';
