import { pipeline } from '@penstock/pipelines';
import { Reading } from './reading.ts';

export const definition = pipeline('newest')
  .from('readings', { schema: Reading })
  .keyBy('device', ({ device }) => device)
  .aggregate({
    init: () => ({ celsius: 0 }),
    add: (_, { celsius }) => ({ celsius }),
    result: (_, newest) => newest,
  })
  .to('newest');

export const input = [
  { value: { device: 'a', celsius: 20, at: 0 } },
  { value: { device: 'a', celsius: 21, at: 1 } },
];
export const output = [{ key: 'a', celsius: 21 }];
