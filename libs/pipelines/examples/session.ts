import { pipeline, session, z } from '@penstock/pipelines';

const Click = z.object({ user: z.string(), at: z.number() });

export const definition = pipeline('visits')
  .from('clicks', { schema: Click, eventTime: ({ at }) => at })
  .keyBy('user', ({ user }) => user)
  .window(session('30m'))
  .aggregate({
    init: () => 0,
    add: (clicks) => clicks + 1,
    merge: (one, other) => one + other,
    result: (_, clicks) => ({ clicks }),
  })
  .to('visits');

export const input = [
  { value: { user: 'ada', at: 0 } },
  { value: { user: 'ada', at: 20 * 60_000 } },
];
export const advance = '1d';
export const output = [
  {
    key: 'ada',
    windowStart: '1970-01-01T00:00:00.000Z',
    windowEnd: '1970-01-01T00:50:00.000Z',
    clicks: 2,
  },
];
