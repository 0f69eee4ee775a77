import { calendar, pipeline, z } from '@penstock/pipelines';

const Sale = z.object({ shop: z.string(), euros: z.number(), at: z.string() });

export const definition = pipeline('monthly-sales', { runsAs: 'either' })
  .from('sales', { schema: Sale, eventTime: ({ at }) => Date.parse(at) })
  .keyBy('shop', ({ shop }) => shop)
  .window(calendar('month', { timeZone: 'Europe/Berlin' }))
  .aggregate({
    init: () => 0,
    add: (sum, { euros }) => sum + euros,
    result: (_, euros) => ({ euros }),
  })
  .to('monthly-sales');

export const input = [
  { value: { shop: 'a', euros: 10, at: '2026-02-28T23:30:00Z' } },
  { value: { shop: 'a', euros: 5, at: '2026-03-15T12:00:00Z' } },
];
export const advance = '60d';
// In Berlin it was March already.
export const output = [
  {
    key: 'a',
    windowStart: '2026-02-28T23:00:00.000Z',
    windowEnd: '2026-03-31T22:00:00.000Z',
    euros: 15,
  },
];
