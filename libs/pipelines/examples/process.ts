import { pipeline } from '@penstock/pipelines';
import { Reading } from './reading.ts';

interface Silence {
  readonly device: string;
  readonly last: number;
}

// Says when a device has not been heard of for 5 minutes.
export const definition = pipeline('silent-devices')
  .from('readings', { schema: Reading, eventTime: ({ at }) => at, lateness: '10s' })
  .keyBy('device', ({ device }) => device)
  // The types of the state and of what is emitted.
  .process<{ last: number }, Silence>('silence', {
    state: () => ({ last: 0 }),
    onRecord: ({ at }, context) => {
      context.state.last = at;
      context.schedule(at + 5 * 60_000);
    },
    onTimer: (_, context) => {
      const { last } = context.state;
      if (context.now() - last >= 5 * 60_000) context.emit({ device: context.key, last });
    },
  })
  .to('silent-devices');

export const input = [
  { value: { device: 'a', celsius: 20, at: 0 } },
  { value: { device: 'a', celsius: 20, at: 60_000 } },
];
export const advance = '1h';
export const output = [{ device: 'a', last: 60_000 }];
