import { pipeline, z } from '@penstock/pipelines';

const start = pipeline('all-alerts');
const fires = start.from('fires', { schema: z.object({ room: z.string() }) });
const floods = start.from('floods', { schema: z.object({ cellar: z.string() }) });

// Behind it a value is of one kind or the other: TypeScript asks which.
export const definition = fires
  .merge(floods)
  .map((alert) => ({ where: 'room' in alert ? alert.room : alert.cellar }))
  .to('all-alerts');

export const input = [
  { topic: 'fires', value: { room: 'kitchen' } },
  { topic: 'floods', value: { cellar: 'east' } },
];
export const output = [{ where: 'kitchen' }, { where: 'east' }];
