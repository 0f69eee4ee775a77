import { pipeline } from '@penstock/pipelines';
import { Reading } from './reading.ts';

// Two topics of the same schema, whose records may be 10 seconds out of order.
export const definition = pipeline('all-readings')
  .from(['readings-north', 'readings-south'], {
    schema: Reading,
    eventTime: (reading) => reading.at,
    lateness: '10s',
    idleAfter: '1m',
  })
  .to('readings');

export const input = [
  { topic: 'readings-north', value: { device: 'a', celsius: 20, at: 1_000 } },
  { topic: 'readings-south', value: { device: 'b', celsius: 30, at: 2_000 } },
];
export const output = [
  { device: 'a', celsius: 20, at: 1_000 },
  { device: 'b', celsius: 30, at: 2_000 },
];
