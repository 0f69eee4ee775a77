import { pipeline, z } from '@penstock/pipelines';

const Reading = z.object({ device: z.string(), celsius: z.number(), at: z.number() });

export const definition = pipeline('overheating', { description: 'Devices above 80 °C.' })
  .from('readings', { schema: Reading, eventTime: (reading) => reading.at })
  .filter('above 80 °C', (reading) => reading.celsius > 80)
  .map('to an alert', ({ device, celsius }) => ({ device, celsius }))
  .keyBy('device', (alert) => alert.device)
  .to('alerts');

export const input = [
  { value: { device: 'a', celsius: 70, at: 1_000 } },
  { value: { device: 'b', celsius: 90, at: 2_000 } },
];
export const output = [{ device: 'b', celsius: 90 }];
