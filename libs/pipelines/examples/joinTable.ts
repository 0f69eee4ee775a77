import { pipeline, table, z } from '@penstock/pipelines';
import { Reading } from './reading.ts';

const devices = table('devices', { schema: z.object({ id: z.string(), limit: z.number() }) });

export const definition = pipeline('above-limit')
  .from('readings', { schema: Reading })
  .keyBy('device', ({ device }) => device)
  .joinTable(devices, ({ device, celsius }, { limit }) => ({ device, above: celsius - limit }), {
    missing: 'wait',
  })
  .filter(({ above }) => above > 0)
  .to('above-limit');

export const input = [
  { topic: 'readings', value: { device: 'a', celsius: 85, at: 0 } },
  // The reading waited for this row.
  { topic: 'devices', key: 'a', value: { id: 'a', limit: 80 } },
];
export const output = [{ device: 'a', above: 5 }];
