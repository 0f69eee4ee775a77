import { pipeline } from '@penstock/pipelines';
import { Reading } from './reading.ts';

export const definition = pipeline('with-origin')
  .from('readings', { schema: Reading, eventTime: ({ at }) => at })
  .map(({ device }, { topic, partition, offset, eventTime }) => ({
    device,
    at: new Date(eventTime).toISOString(),
    from: `${topic}/${partition}/${offset}`,
  }))
  .to('with-origin');

export const input = [{ value: { device: 'a', celsius: 20, at: 1_000 } }];
export const output = [{ device: 'a', at: '1970-01-01T00:00:01.000Z', from: 'readings/0/0' }];
