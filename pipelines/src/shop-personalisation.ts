import { endsIn, hopping, pipeline, type ProcessContext, table, z } from '@penstock/pipelines';
import { dynamicPrice } from './dynamic-price.ts';
import { eventTime, Id, LATENESS, Time, Whole } from './sample-fields.ts';
import {
  type Ask,
  type CoViews,
  type Learnt,
  noteEvent,
  noteLearnt,
  recommended,
  type Recommendation,
  sessionOver,
  type Visit,
} from './viewed-together.ts';

const ShopEvent = z.looseObject({
  eventId: Id,
  visitorId: Id,
  productId: Id,
  action: z.enum(['view', 'cart', 'purchase']),
  time: Time,
});

const Product = z.looseObject({
  productId: Id,
  name: z.string(),
  basePriceCents: Whole,
  expectedDemandPerMinute: z.number(),
});

const products = table('products', { schema: Product, key: ({ productId }) => productId });

const events = pipeline('shop-personalisation', {
  description: 'Recommends what is viewed together, and prices products by their demand.',
  partitions: 3,
})
  .from('shop-events', { schema: ShopEvent, eventTime, lateness: LATENESS })
  .keyBy('event', ({ eventId }) => eventId)
  .dedupe({ by: ({ eventId }) => eventId, within: '24h' });

/**
 * A visitor's session says what was viewed together when it is over, and asks at each view what
 * others viewed together with that product; both meet at the product, in the order of event time.
 */
const recommendations = events
  .keyBy('visitor', ({ visitorId }) => visitorId)
  .process('sessions', {
    state: (): Visit => ({ lastMs: null, viewed: [], bought: [] }),
    onRecord: (event, context: ProcessContext<Visit, Ask | Learnt>) => noteEvent(event, context),
    onTimer: (_: null, context: ProcessContext<Visit, Ask | Learnt>) => sessionOver(context),
  })
  .keyBy('product', ({ productId }) => productId)
  .process('viewed together', {
    state: (): CoViews => [],
    onRecord: (value, context: ProcessContext<CoViews, Recommendation>) => {
      if (value.kind === 'learnt') noteLearnt(value, context);
      else context.emit(recommended(value, context.state));
    },
  })
  .keyBy('visitor', ({ visitorId }) => visitorId);

/** The first price of a product that has a row, then each that differs from the one before. */
const prices = events
  .keyBy('product', ({ productId }) => productId)
  .window(hopping('10m', { every: '1m' }), { late: 'deadLetter' })
  .aggregate({
    label: 'demand',
    init: () => 0,
    add: (demand, { action }) => demand + { view: 0, cart: 1, purchase: 3 }[action],
    result: (productId, demand) => ({ productId, demand }),
  })
  .process('price', {
    state: (): { cents: number | null } => ({ cents: null }),
    tables: [products],
    onRecord: ({ productId, demand, windowEnd }, { state, table: rows, emit }) => {
      const product = rows(products).get(productId);
      if (product === undefined) return;
      const priceCents = dynamicPrice(product, demand);
      if (priceCents === state.cents) return;
      state.cents = priceCents;
      emit({ productId, priceCents, demand, windowEnd });
    },
  });

export const shopPersonalisation = endsIn(
  recommendations.to('recommendations'),
  prices.to('price-changes'),
);
