export {
  type ProcessorDesired,
  type ProcessorInstanceView,
  type ProcessorOutcome,
  type ProcessorReport,
  type ProcessorState,
  type ProcessorView,
  ProcessorsService,
  type StartFrom,
  type StateDecision,
  type StateProblem,
} from './processors.service.ts';
