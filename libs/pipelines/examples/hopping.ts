import { hopping, pipeline } from '@penstock/pipelines';
import { Reading } from './reading.ts';

export const definition = pipeline('busy')
  .from('readings', { schema: Reading, eventTime: ({ at }) => at })
  .keyBy('device', ({ device }) => device)
  .window(hopping('2m', { every: '1m' }))
  .aggregate({ init: () => 0, add: (count) => count + 1, result: (_, count) => ({ count }) })
  .to('busy');

// A record lies in two windows.
export const input = [{ value: { device: 'a', celsius: 20, at: 90_000 } }];
export const advance = '1h';
export const output = [
  {
    key: 'a',
    windowStart: '1970-01-01T00:00:00.000Z',
    windowEnd: '1970-01-01T00:02:00.000Z',
    count: 1,
  },
  {
    key: 'a',
    windowStart: '1970-01-01T00:01:00.000Z',
    windowEnd: '1970-01-01T00:03:00.000Z',
    count: 1,
  },
];
