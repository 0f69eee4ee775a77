import { pipeline, tumbling } from '@penstock/pipelines';
import { Reading } from './reading.ts';

export const definition = pipeline('means')
  .from('readings', { schema: Reading, eventTime: ({ at }) => at, lateness: '5s' })
  .keyBy('device', ({ device }) => device)
  .window(tumbling('1m'), { grace: '30s', late: 'deadLetter' })
  .aggregate({
    init: () => ({ sum: 0, count: 0 }),
    add: ({ sum, count }, { celsius }) => ({ sum: sum + celsius, count: count + 1 }),
    result: (_, { sum, count }) => ({ mean: sum / count }),
  })
  .to('means');

export const input = [
  { value: { device: 'a', celsius: 20, at: 0 } },
  { value: { device: 'a', celsius: 22, at: 59_999 } },
  { value: { device: 'a', celsius: 30, at: 60_000 } },
];
export const advance = '1h';
export const output = [
  {
    key: 'a',
    windowStart: '1970-01-01T00:00:00.000Z',
    windowEnd: '1970-01-01T00:01:00.000Z',
    mean: 21,
  },
  {
    key: 'a',
    windowStart: '1970-01-01T00:01:00.000Z',
    windowEnd: '1970-01-01T00:02:00.000Z',
    mean: 30,
  },
];
