import { pipeline } from '@penstock/pipelines';
import { Reading } from './reading.ts';

// The producer writes the device as the key of the record.
export const definition = pipeline('readings-per-device')
  .from('readings', { schema: Reading })
  .byRecordKey()
  .aggregate({ init: () => 0, add: (count) => count + 1, result: (_, count) => ({ count }) })
  .to('readings-per-device');

export const input = [
  { key: 'a', value: { device: 'a', celsius: 20, at: 0 } },
  { key: 'a', value: { device: 'a', celsius: 21, at: 1 } },
];
export const output = [{ key: 'a', count: 2 }];
