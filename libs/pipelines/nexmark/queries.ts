import { calendar, hopping, pipeline, session, table, tumbling, z } from '../src/index.ts';
import { Auction, Bid, Person } from './events.ts';

/** The queries of Nexmark as pipelines. What each asks for is said above it. */

export const LATENESS_MS = 4_000;
const timing = {
  lateness: LATENESS_MS,
  eventTime: ({ dateTime }: { dateTime: number }) => dateTime,
};
const persons = { schema: Person, ...timing };
const auctions = { schema: Auction, ...timing };
const bids = { schema: Bid, ...timing };

/** 0: every bid as it is; what the machinery costs. */
export const q0 = pipeline('nexmark-q0').from('bid', bids).to('q0');

/** 1: bids in euros. */
export const q1 = pipeline('nexmark-q1')
  .from('bid', bids)
  .map('to euros', (bid) => ({ ...bid, price: Math.round(bid.price * 0.908) }))
  .to('q1');

/** 2: bids on some auctions. */
export const q2 = pipeline('nexmark-q2')
  .from('bid', bids)
  .filter('some auctions', ({ auction }) => auction % 7 === 0)
  .map(({ auction, price }) => ({ auction, price }))
  .to('q2');

/** 3: who sells in category 10 in Oregon, Idaho or California. */
const start3 = pipeline('nexmark-q3');
export const q3 = start3
  .from('person', persons)
  .filter('in the west', ({ state }) => ['OR', 'ID', 'CA'].includes(state))
  .map((person) => ({ person, auction: null }))
  .keyBy('person', ({ person }) => String(person.id))
  .merge(
    start3
      .from('auction', auctions)
      .filter('category 10', ({ category }) => category === 10)
      .map((auction) => ({ person: null, auction }))
      .keyBy('seller', ({ auction }) => String(auction.seller)),
  )
  .process('sellers', {
    state: () => ({ seller: null as Person | null, auctions: [] as number[] }),
    onRecord: ({ person, auction }, context) => {
      if (person !== null) context.state.seller = person;
      else context.state.auctions.push(auction.id);
      const { seller } = context.state;
      if (seller === null) return;
      for (const id of context.state.auctions) {
        context.emit({ name: seller.name, city: seller.city, state: seller.state, auction: id });
      }
      context.state.auctions = [];
    },
  })
  .to('q3');

export interface Sale {
  readonly auction: number;
  readonly seller: number;
  readonly category: number;
  readonly bidder: number;
  readonly price: number;
}

/** Whether a bid wins against another: the higher, then the earlier, then the smaller bidder. */
export function beats(bid: Bid, other: Bid): boolean {
  if (bid.price !== other.price) return bid.price > other.price;
  if (bid.dateTime !== other.dateTime) return bid.dateTime < other.dateTime;
  return bid.bidder < other.bidder;
}

/** The best bid of each auction when it ends, if it reached the reserve. */
function sales(name: string) {
  const start = pipeline(name);
  return start
    .from('auction', auctions)
    .map((auction) => ({ auction, bid: null }))
    .keyBy('auction', ({ auction }) => String(auction.id))
    .merge(
      start
        .from('bid', bids)
        .map((bid) => ({ auction: null, bid }))
        .keyBy('auction of the bid', ({ bid }) => String(bid.auction)),
    )
    .process<{ auction: Auction | null; best: Bid | null }, Sale>('sales', {
      state: () => ({ auction: null, best: null }),
      onRecord: ({ auction, bid }, context) => {
        if (auction !== null) {
          context.state.auction = auction;
          context.schedule(auction.expires);
          return;
        }
        const { auction: open, best } = context.state;
        if (open !== null && bid.dateTime >= open.expires) return;
        if (best === null || beats(bid, best)) context.state.best = bid;
      },
      onTimer: (_: unknown, context) => {
        const { auction, best } = context.state;
        if (auction !== null && best !== null && best.price >= auction.reserve) {
          const { id, seller, category } = auction;
          context.emit({
            auction: id,
            seller,
            category,
            bidder: best.bidder,
            price: best.price,
          });
        }
      },
    });
}

/** 4: the average price of what was sold, by category. */
export const q4 = sales('nexmark-q4')
  .keyBy('category', ({ category }) => String(category))
  .aggregate({
    init: () => ({ count: 0, sum: 0 }),
    add: ({ count, sum }, { price }) => ({ count: count + 1, sum: sum + price }),
    result: (_, { count, sum }) => ({ average: Math.round(sum / count) }),
  })
  .to('q4');

/** 5: the auctions with the most bids of the last 10 seconds, every 2 seconds. */
export const q5 = pipeline('nexmark-q5')
  .from('bid', bids)
  .keyBy('auction', ({ auction }) => String(auction))
  .window(hopping('10s', { every: '2s' }))
  .aggregate({ init: () => 0, add: (count) => count + 1, result: (_, count) => ({ count }) })
  .keyBy('all', () => 'all')
  // A row lies at the end of its window: those of one end are in one window of 2 seconds.
  .window(tumbling('2s'))
  .aggregate({
    init: () => ({ count: 0, auctions: [] as string[] }),
    add: (most, { key, count }) => {
      if (count < most.count) return most;
      return { count, auctions: count > most.count ? [key] : [...most.auctions, key] };
    },
    result: (_, { count, auctions: hot }) => ({ count, auctions: hot.toSorted() }),
  })
  .to('q5');

/** 6: the average price of the last 10 sales of each seller, at each sale. */
export const q6 = sales('nexmark-q6')
  .keyBy('seller', ({ seller }) => String(seller))
  .process('last 10', {
    state: () => [] as number[],
    onRecord: ({ seller, auction, price }, context) => {
      context.state = [...context.state, price].slice(-10);
      const sum = context.state.reduce((total, each) => total + each, 0);
      context.emit({ seller, auction, average: Math.round(sum / context.state.length) });
    },
  })
  .to('q6');

/** 7: the highest bids of each 10 seconds. */
export const q7 = pipeline('nexmark-q7')
  .from('bid', bids)
  .keyBy('all', () => 'all')
  .window(tumbling('10s'))
  .aggregate({
    init: () => ({ price: 0, bids: [] as Bid[] }),
    add: (highest, bid) => {
      if (bid.price < highest.price) return highest;
      return { price: bid.price, bids: bid.price > highest.price ? [bid] : [...highest.bids, bid] };
    },
    result: (_, highest) => highest,
  })
  .flatMap('bids', ({ bids: highest }) =>
    highest.toSorted((one, other) => (beats(one, other) ? -1 : 1)),
  )
  .to('q7', {
    id: ({ auction, bidder, dateTime, price }) => `${auction}/${bidder}/${dateTime}/${price}`,
  });

/** 8: people who opened an auction in the 10 seconds in which they came. */
const start8 = pipeline('nexmark-q8');
export const q8 = start8
  .from('person', persons)
  .map(({ id, name }) => ({ id, name: name as string | null }))
  .keyBy('person', ({ id }) => String(id))
  .merge(
    start8
      .from('auction', auctions)
      .map(({ seller }) => ({ id: seller, name: null }))
      .keyBy('seller', ({ id }) => String(id)),
  )
  .window(tumbling('10s'))
  .aggregate({
    init: () => ({ name: null as string | null, auctions: 0 }),
    add: (seen, { name }) =>
      name === null ? { ...seen, auctions: seen.auctions + 1 } : { ...seen, name },
    result: (_, seen) => seen,
  })
  .filter('new sellers', ({ name, auctions: opened }) => name !== null && opened > 0)
  .to('q8');

/** 9: the winning bid of each auction. */
export const q9 = sales('nexmark-q9').to('q9', { id: ({ auction }) => String(auction) });

/** 11: bids of each bidder in a session, which ends when he does not bid for 3 seconds. */
export const q11 = pipeline('nexmark-q11')
  .from('bid', bids)
  .keyBy('bidder', ({ bidder }) => String(bidder))
  .window(session('3s'), { grace: '1s' })
  .aggregate({
    init: () => 0,
    add: (count) => count + 1,
    merge: (one, other) => one + other,
    result: (_, count) => ({ count }),
  })
  .to('q11');

const states = table('state-names', {
  schema: z.object({ state: z.string(), name: z.string() }),
  key: ({ state }) => state,
});

/** 13: people with the name of their state, from a table. */
export const q13 = pipeline('nexmark-q13')
  .from('person', persons)
  .keyBy('state', ({ state }) => state)
  .joinTable(states, ({ id, name }, row) => ({ id, name, state: row?.name ?? 'unknown' }), {
    missing: 'null',
  })
  .to('q13');

/** 17: bids of each auction and day: how many, of which size, least, most and average. */
export const q17 = pipeline('nexmark-q17')
  .from('bid', bids)
  .keyBy('auction', ({ auction }) => String(auction))
  .window(calendar('day', { timeZone: 'America/Los_Angeles' }))
  .aggregate({
    init: () => ({
      count: 0,
      low: 0,
      middle: 0,
      high: 0,
      min: Infinity as number | null,
      max: 0,
      sum: 0,
    }),
    add: (day, { price }) => ({
      count: day.count + 1,
      low: day.low + (price < 5_000 ? 1 : 0),
      middle: day.middle + (price >= 5_000 && price < 15_000 ? 1 : 0),
      high: day.high + (price >= 15_000 ? 1 : 0),
      min: Math.min(day.min ?? Infinity, price),
      max: Math.max(day.max, price),
      sum: day.sum + price,
    }),
    result: (_, { sum, ...day }) => ({ ...day, average: Math.round(sum / day.count) }),
  })
  .to('q17');
