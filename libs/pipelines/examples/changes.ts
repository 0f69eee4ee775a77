import { pipeline, tumbling } from '@penstock/pipelines';
import { Reading } from './reading.ts';

// The row of a window is written at each commit that changed it, under the same identity.
export const definition = pipeline('running-counts', { commitEvery: '1s' })
  .from('readings', { schema: Reading, eventTime: ({ at }) => at })
  .keyBy('device', ({ device }) => device)
  .window(tumbling('1h'), { emit: 'changes', late: 'update', keep: '2d' })
  .aggregate({ init: () => 0, add: (count) => count + 1, result: (_, count) => ({ count }) })
  .to('running-counts');

export const input = [
  { value: { device: 'a', celsius: 20, at: 1_000 } },
  { value: { device: 'a', celsius: 21, at: 2_000 } },
];
export const output = [
  {
    key: 'a',
    windowStart: '1970-01-01T00:00:00.000Z',
    windowEnd: '1970-01-01T01:00:00.000Z',
    count: 2,
  },
];
