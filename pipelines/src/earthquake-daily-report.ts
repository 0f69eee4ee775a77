import { pipeline } from '@penstock/pipelines';
import { Earthquake, eventTimeOf } from './earthquake.ts';

/** All earthquakes are counted; mean and maximum are of those whose magnitude is known. */
export const earthquakeDailyReport = pipeline('earthquake-daily-report', {
  description: 'Counts the earthquakes of each UTC day, with mean and maximum magnitude.',
  // The mean of a day needs all of its records, also those that an earlier run read.
  schedule: { cron: '5 0 * * *', timeZone: 'UTC', window: 'all' },
})
  .from('earthquakes', { schema: Earthquake, eventTime: eventTimeOf })
  .aggregate({
    label: 'count, mean and maximum magnitude per UTC day',
    key: (_, { eventTime }) => new Date(eventTime).toISOString().slice(0, 10),
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
    merge: (left, right) => ({
      count: left.count + right.count,
      measured: left.measured + right.measured,
      sum: left.sum + right.sum,
      max: left.max === null ? right.max : Math.max(left.max, right.max ?? left.max),
    }),
    result: (day, { count, measured, sum, max }) => ({
      day,
      count,
      meanMagnitude: measured === 0 ? null : Math.round((sum / measured) * 100) / 100,
      maxMagnitude: max,
    }),
  })
  .toCsv('earthquakes-per-day.csv', {
    day: (row) => row.day,
    count: (row) => row.count,
    mean_magnitude: (row) => row.meanMagnitude,
    max_magnitude: (row) => row.maxMagnitude,
  });
