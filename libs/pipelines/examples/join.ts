import { pipeline, z } from '@penstock/pipelines';

const Order = z.object({ id: z.string(), at: z.number() });
const Payment = z.object({ order: z.string(), euros: z.number(), at: z.number() });

const start = pipeline('paid-orders');
const orders = start
  .from('orders', { schema: Order, eventTime: ({ at }) => at })
  .keyBy('order', ({ id }) => id);
const payments = start
  .from('payments', { schema: Payment, eventTime: ({ at }) => at })
  .keyBy('order paid', ({ order }) => order);

// An order without a payment within the hour is paired with null.
export const definition = orders
  .join(payments, { within: '1h', kind: 'left' }, (order, payment) => ({
    id: order.id,
    euros: payment?.euros ?? null,
  }))
  .to('paid-orders');

export const input = [
  { topic: 'orders', value: { id: '7', at: 0 } },
  { topic: 'orders', value: { id: '8', at: 1_000 } },
  { topic: 'payments', value: { order: '7', euros: 20, at: 60_000 } },
];
export const advance = '1d';
export const output = [
  { id: '7', euros: 20 },
  { id: '8', euros: null },
];
