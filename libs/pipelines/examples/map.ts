import { pipeline } from '@penstock/pipelines';
import { Reading } from './reading.ts';

export const definition = pipeline('fahrenheit')
  .from('readings', { schema: Reading })
  .map('to Fahrenheit', ({ device, celsius }) => ({ device, fahrenheit: celsius * 1.8 + 32 }))
  .to('fahrenheit');

export const input = [{ value: { device: 'a', celsius: 100, at: 0 } }];
export const output = [{ device: 'a', fahrenheit: 212 }];
