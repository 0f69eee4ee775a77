import { pipeline } from '@penstock/pipelines';
import { Reading } from './reading.ts';

/** Stands for a call over the network. */
async function roomOf(device: string): Promise<string> {
  return device === 'a' ? 'kitchen' : 'cellar';
}

export const definition = pipeline('rooms')
  .from('readings', { schema: Reading })
  .mapAsync(
    'look up the room',
    async ({ device, celsius }) => ({ room: await roomOf(device), celsius }),
    { concurrency: 16 },
  )
  .to('rooms');

export const input = [{ key: 'a', value: { device: 'a', celsius: 20, at: 0 } }];
export const output = [{ room: 'kitchen', celsius: 20 }];
