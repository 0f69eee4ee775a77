import { registerEnumType } from '@nestjs/graphql';

// GraphQL's words for the states that libs/control-plane writes in lower case. They stand here,
// beside the frames that need all of them; the nouns' own types import them.

export const ProcessorDesired = { RUNNING: 'running', PAUSED: 'paused' } as const;
registerEnumType(ProcessorDesired, {
  name: 'ProcessorDesired',
  description: 'What a stream processor should do.',
  valuesMap: {
    RUNNING: { description: 'Read and process.' },
    PAUSED: { description: 'Stand still, and keep its partitions.' },
  },
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
  valuesMap: {
    STARTING: { description: 'It joins its consumer group.' },
    RUNNING: { description: 'It reads and processes.' },
    PAUSED: { description: 'It stands still, because it should.' },
    RETRYING: { description: 'It failed and tries again by itself.' },
    FAILED: { description: 'It failed and does not try again by itself.' },
    STOPPED: { description: 'No living worker runs it.' },
  },
});

export const StateProblem = { CHANGED: 'changed', LOST: 'lost' } as const;
registerEnumType(StateProblem, {
  name: 'StateProblem',
  description: 'Why the state of a stream processor stops it, before it reads a record.',
  valuesMap: {
    CHANGED: { description: 'Another definition made it, which may mean something else by it.' },
    LOST: { description: 'It is missing, although the group has read records that are in it.' },
  },
});

export const BatchRunState = {
  WAITING: 'waiting',
  RUNNING: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
} as const;
registerEnumType(BatchRunState, {
  name: 'BatchRunState',
  description: 'Where a batch run is.',
  valuesMap: {
    WAITING: { description: 'It waits for a worker, for Redis, or for its next attempt.' },
    RUNNING: { description: 'A worker executes it.' },
    SUCCEEDED: { description: 'It ended, and its result is complete.' },
    FAILED: { description: 'It ended with an error, after all of its attempts.' },
    CANCELLED: { description: 'It was ended on request.' },
  },
});
