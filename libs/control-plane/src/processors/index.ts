export {
  type ProcessorDesired,
  type ProcessorInstanceView,
  type ProcessorOutcome,
  type ProcessorReport,
  type ProcessorState,
  type ProcessorView,
  ProcessorsService,
} from './processors.service.ts';
