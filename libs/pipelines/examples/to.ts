import { pipeline } from '@penstock/pipelines';
import { Reading } from './reading.ts';

// The newest reading of each minute replaces those before it, for who goes by penstock.id.
export const definition = pipeline('per-minute')
  .from('readings', { schema: Reading })
  .keyBy('device', ({ device }) => device)
  .to('per-minute', { id: ({ device, at }) => `${device}/${Math.floor(at / 60_000)}` });

export const input = [
  { value: { device: 'a', celsius: 20, at: 1_000 } },
  { value: { device: 'a', celsius: 21, at: 2_000 } },
];
export const output = [{ device: 'a', celsius: 21, at: 2_000 }];
