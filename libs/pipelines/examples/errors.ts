import { pipeline, RetryLater } from '@penstock/pipelines';
import { Reading } from './reading.ts';

/** Stands for a service that may be away. */
async function store(celsius: number): Promise<number> {
  if (celsius === 0) throw new RetryLater('the store is away');
  if (celsius > 1_000) throw new RangeError('no device is as hot as that');
  return celsius;
}

export const definition = pipeline('stored', {
  retry: { attempts: 3, backoffMs: 200 },
  deadLetterTopic: 'stored.failed',
})
  .from('readings', { schema: Reading })
  .map('store', ({ celsius }) => store(celsius))
  .to('stored');

export const input = [
  // Its bytes are no JSON, the next does not fit the schema, and the operator refuses the third.
  { value: Buffer.from('{"device":') },
  { value: { device: 'a' } },
  { value: { device: 'a', celsius: 5_000, at: 0 } },
  { value: { device: 'a', celsius: 20, at: 0 } },
];
export const output = [20];
export const deadLetters = ['decode', 'schema', 'map store'];
