import { pipeline, z } from '@penstock/pipelines';

const Order = z.object({ id: z.string(), items: z.array(z.string()) });

export const definition = pipeline('items')
  .from('orders', { schema: Order })
  .flatMap('one for each item', ({ id, items }) => items.map((item) => ({ order: id, item })))
  .to('items');

export const input = [{ value: { id: '7', items: ['pen', 'ink'] } }];
export const output = [
  { order: '7', item: 'pen' },
  { order: '7', item: 'ink' },
];
