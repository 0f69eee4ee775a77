import { endsIn, pipeline } from '@penstock/pipelines';
import { Reading } from './reading.ts';

const { hot, cold } = pipeline('by-temperature')
  .from('readings', { schema: Reading })
  .branch({ hot: ({ celsius }) => celsius > 80, cold: ({ celsius }) => celsius < 0 });

export const definition = endsIn(
  hot.to('hot-readings'),
  cold.map(({ device }) => ({ device, isFrozen: true })).to('cold-readings'),
);

export const input = [
  { value: { device: 'a', celsius: 90, at: 0 } },
  { value: { device: 'b', celsius: -5, at: 0 } },
  { value: { device: 'c', celsius: 20, at: 0 } },
];
export const output = [
  { device: 'b', isFrozen: true },
  { device: 'a', celsius: 90, at: 0 },
];
