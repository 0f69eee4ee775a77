import { calendar, pipeline } from '@penstock/pipelines';
import { Earthquake, eventTimeOf } from './earthquake.ts';

/** All earthquakes are counted; mean and maximum are of those whose magnitude is known. */
export const earthquakeDailyReport = pipeline('earthquake-daily-report', {
  description: 'Counts the earthquakes of each UTC day, with mean and maximum magnitude.',
  runsAs: 'either',
  schedule: { cron: '5 0 * * *', timeZone: 'UTC' },
})
  // The weekly feed has its newest earthquake first: one may be a week behind those before it.
  .from('earthquakes', { schema: Earthquake, eventTime: eventTimeOf, lateness: '7d' })
  .keyBy('UTC day', (_, { eventTime }) => new Date(eventTime).toISOString().slice(0, 10))
  .window(calendar('day', { timeZone: 'UTC' }))
  .aggregate({
    label: 'count, mean and maximum magnitude per UTC day',
    init: () => ({ count: 0, measured: 0, sum: 0, max: null as number | null }),
    add: (day, { properties: { mag } }) =>
      mag === null
        ? { ...day, count: day.count + 1 }
        : {
            count: day.count + 1,
            measured: day.measured + 1,
            sum: day.sum + mag,
            max: Math.max(day.max ?? mag, mag),
          },
    result: (_, { count, measured, sum, max }) => ({
      count,
      meanMagnitude: measured === 0 ? null : Math.round((sum / measured) * 100) / 100,
      maxMagnitude: max,
    }),
  })
  .to('earthquakes-per-day')
  .toCsv('earthquakes-per-day.csv', {
    day: (row) => row.key,
    count: (row) => row.count,
    mean_magnitude: (row) => row.meanMagnitude,
    max_magnitude: (row) => row.maxMagnitude,
  });
