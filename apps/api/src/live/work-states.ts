import { registerEnumType } from '@nestjs/graphql';

// GraphQL's words for the states that libs/control-plane writes in lower case. They stand here,
// beside the frames that need all of them; the nouns' own types import them.

export const ProcessorDesired = { RUNNING: 'running', PAUSED: 'paused' } as const;
registerEnumType(ProcessorDesired, {
  name: 'ProcessorDesired',
  description: 'What a stream processor should do.',
});

export const ProcessorState = {
  STARTING: 'starting',
  RUNNING: 'running',
  PAUSED: 'paused',
  RETRYING: 'retrying',
  FAILED: 'failed',
  STOPPED: 'stopped',
} as const;
registerEnumType(ProcessorState, {
  name: 'ProcessorState',
  description: 'What a stream processor does; of several instances, the one to know first.',
});

export const BatchRunState = {
  WAITING: 'waiting',
  RUNNING: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
} as const;
registerEnumType(BatchRunState, { name: 'BatchRunState', description: 'Where a batch run is.' });
