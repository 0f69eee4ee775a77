import { pipeline } from '@penstock/pipelines';
import { Reading } from './reading.ts';

export const definition = pipeline('hot')
  .from('readings', { schema: Reading })
  .filter('above 80 °C', ({ celsius }) => celsius > 80)
  .to('hot-readings');

export const input = [
  { value: { device: 'a', celsius: 80, at: 0 } },
  { value: { device: 'a', celsius: 81, at: 0 } },
];
export const output = [{ device: 'a', celsius: 81, at: 0 }];
