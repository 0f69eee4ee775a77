import { endsIn, pipeline, type ProcessContext, table, z } from '@penstock/pipelines';
import { added, type KeptWhole } from './exact-number.ts';
import { dayAt, GERMAN_DAYS } from './months.ts';
import { addSale, dayRow, newDay, STORE_DAY_COLUMNS } from './store-day.ts';
import { eventTime, Id, LATENESS, msOf, Time, Whole } from './sample-fields.ts';

const Sale = z.looseObject({
  saleId: Id,
  storeId: Id,
  productId: Id,
  quantity: Whole,
  unitPriceCents: Whole,
  kind: z.enum(['sale', 'return']),
  time: Time,
});

const Delivered = { deliveryId: Id, storeId: Id, productId: Id, quantity: Whole, time: Time };
const Delivery = z.looseObject(Delivered);

const Rule = { productId: Id, reorderBelow: z.number(), reorderQuantity: Whole };
const StockRule = z.looseObject(Rule);

const rules = table('stock-rules', { schema: StockRule, key: ({ productId }) => productId });

interface Stock {
  onHand: KeptWhole;
  asOf: string;
  isLow: boolean;
  reorders: number;
}

interface Movement {
  readonly storeId: string;
  readonly productId: string;
  /** Units that come into the store; below 0: that leave it. */
  readonly units: number;
  readonly time: string;
}

type Inventory = Readonly<{ storeId: string; productId: string; onHand: number; asOf: string }>;
type Reorder = Readonly<Record<'reorderId' | 'storeId' | 'productId', string>> &
  Readonly<{ quantity: number; onHand: number }>;

const plan = pipeline('retail-nightly', {
  description: 'Keeps the stock of stores, reorders what runs low, and sums up each day.',
  runsAs: 'either',
  schedule: { cron: '0 2 * * *', timeZone: 'Europe/Berlin' },
  partitions: 3,
});

const sales = plan
  .from('sales', { schema: Sale, eventTime, lateness: LATENESS })
  .keyBy('sale', ({ saleId }) => saleId)
  .dedupe({ by: ({ saleId }) => saleId, within: '35d' });

const deliveries = plan
  .from('deliveries', { schema: Delivery, eventTime, lateness: LATENESS })
  .keyBy('delivery', ({ deliveryId }) => deliveryId)
  .dedupe({ by: ({ deliveryId }) => deliveryId, within: '35d' });

const sold = sales.map('units', ({ storeId, productId, quantity, kind, time }): Movement => {
  return { storeId, productId, units: kind === 'sale' ? -quantity : quantity, time };
});

const delivered = deliveries.map('units', ({ storeId, productId, quantity, time }): Movement => {
  return { storeId, productId, units: quantity, time };
});

/** Every record moves the stock once, of whatever store; a late one when its log had come to it. */
const stock = sold
  .merge(delivered)
  .keyBy('product', ({ storeId, productId }) => JSON.stringify([storeId, productId]))
  .process('stock', {
    state: (): Stock => ({ onHand: 0, asOf: '', isLow: false, reorders: 0 }),
    tables: [rules],
    late: 'apply',
    onRecord: (movement, context: ProcessContext<Stock, Inventory | Reorder>) => {
      const { storeId, productId, units, time } = movement;
      const { state, emit } = context;
      state.onHand = added(state.onHand, units);
      if (time > state.asOf) state.asOf = time;
      const onHand = Number(state.onHand);
      const { asOf } = state;
      emit({ storeId, productId, onHand, asOf });
      const rule = context.table(rules).get(productId);
      if (rule === undefined) return;
      const wasLow = state.isLow;
      state.isLow = BigInt(state.onHand) < rule.reorderBelow;
      if (!state.isLow || wasLow) return;
      state.reorders += 1;
      const reorderId = `${storeId}/${productId}/${state.reorders}`;
      emit({ reorderId, storeId, productId, quantity: rule.reorderQuantity, onHand });
    },
  })
  .keyBy('store and product', ({ storeId, productId }) => `${storeId}/${productId}`)
  .branch({
    inventory: (made) => !('reorderId' in made),
    reorders: (made) => 'reorderId' in made,
  });

const days = sales
  .keyBy('store', ({ storeId }) => storeId)
  .window(GERMAN_DAYS)
  .aggregate({ label: 'sales of the day', init: newDay, add: addSale, result: dayRow })
  .map('day', ({ key: storeId, windowStart, windowEnd: _, ...row }) => {
    return { storeId, day: dayAt(msOf(windowStart)), ...row };
  })
  .keyBy('store and day', ({ storeId, day }) => `${storeId}/${day}`);

export const retailNightly = endsIn(
  stock.inventory.to('inventory', { compacted: true }),
  stock.reorders.to('reorders', { id: (made) => (made as Reorder).reorderId }),
  days.to('store-days').toCsv('store-days.csv', STORE_DAY_COLUMNS),
);
