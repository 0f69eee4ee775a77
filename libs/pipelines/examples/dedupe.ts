import { pipeline, z } from '@penstock/pipelines';

const Event = z.object({ user: z.string(), id: z.string(), at: z.number() });

export const definition = pipeline('unique-events')
  .from('events', { schema: Event, eventTime: ({ at }) => at, lateness: '1m' })
  .keyBy('user', ({ user }) => user)
  .dedupe({ by: ({ id }) => id, within: '1d' })
  .to('unique-events');

export const input = [
  { value: { user: 'ada', id: 'x', at: 1_000 } },
  { value: { user: 'ada', id: 'x', at: 5_000 } },
];
export const advance = '1h';
export const output = [{ user: 'ada', id: 'x', at: 1_000 }];
