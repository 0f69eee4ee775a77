import { calendar, pipeline } from '@penstock/pipelines';
import { Reading } from './reading.ts';

export const definition = pipeline('daily-report', {
  runsAs: 'either',
  schedule: { cron: '5 0 * * *', timeZone: 'Europe/Berlin' },
})
  .from('readings', { schema: Reading, eventTime: ({ at }) => at, lateness: '1h' })
  .keyBy('device', ({ device }) => device)
  .window(calendar('day', { timeZone: 'Europe/Berlin' }))
  .aggregate({
    init: () => -Infinity,
    add: (max, { celsius }) => Math.max(max, celsius),
    result: (_, max) => ({ max }),
  })
  .to('daily-maximum')
  .toCsv('daily-maximum.csv', { device: (row) => row.key, maximum: (row) => row.max });

export const input = [{ value: { device: 'a', celsius: 20, at: 0 } }];
export const advance = '2d';
const row = {
  key: 'a',
  windowStart: '1969-12-31T23:00:00.000Z',
  windowEnd: '1970-01-01T23:00:00.000Z',
  max: 20,
};
// The row of the topic, and that of the file.
export const output = [row, row];
