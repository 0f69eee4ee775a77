import type { Auction, Bid, Events } from './events.ts';

/** The answers of the queries, computed from all events at once and in the plainest way. */

const S = 1_000;

export const naive = {
  q0: ({ bids }: Events) => bids,

  q1: ({ bids }: Events) => bids.map((bid) => ({ ...bid, price: Math.round(bid.price * 0.908) })),

  q2: ({ bids }: Events) =>
    bids
      .filter(({ auction }) => auction % 7 === 0)
      .map(({ auction, price }) => ({ auction, price })),

  q3: ({ persons, auctions }: Events) =>
    auctions.flatMap(({ id, seller, category }) =>
      persons
        .filter((person) => person.id === seller && /^(OR|ID|CA)$/.test(person.state))
        .filter(() => category === 10)
        .map(({ name, city, state }) => ({ name, city, state, auction: id })),
    ),

  q4: (events: Events) =>
    groups(salesOf(events), ({ auction }) => String(auction.category)).map(([key, sales]) => ({
      key,
      average: average(sales.map(({ bid }) => bid.price)),
    })),

  q5: ({ bids }: Events) => {
    const ends = new Set<number>();
    for (const { dateTime } of bids) {
      const first = Math.floor(dateTime / (2 * S)) * 2 * S + 2 * S;
      for (let end = first; end < first + 10 * S; end += 2 * S) ends.add(end);
    }
    return [...ends].map((end) => {
      const near = bids.filter(({ dateTime }) => dateTime >= end - 10 * S && dateTime < end);
      const counts = groups(near, ({ auction }) => String(auction));
      const most = Math.max(...counts.map(([, { length }]) => length));
      return {
        key: 'all',
        windowStart: iso(end - 2 * S),
        windowEnd: iso(end),
        count: most,
        auctions: counts.flatMap(([key, { length }]) => (length === most ? [key] : [])).sort(),
      };
    });
  },

  q6: (events: Events) =>
    groups(salesOf(events), ({ auction }) => String(auction.seller)).flatMap(([, sales]) => {
      const inOrder = sales.toSorted(
        (one, other) =>
          one.auction.expires - other.auction.expires ||
          // Sales at the same time have the order of their timers: by the key.
          (String(one.auction.id) < String(other.auction.id) ? -1 : 1),
      );
      return inOrder.map(({ auction }, at) => ({
        seller: auction.seller,
        auction: auction.id,
        average: average(inOrder.slice(Math.max(0, at - 9), at + 1).map(({ bid }) => bid.price)),
      }));
    }),

  q7: ({ bids }: Events) =>
    groups(bids, ({ dateTime }) => String(Math.floor(dateTime / (10 * S)))).flatMap(([, some]) => {
      const price = Math.max(...some.map((bid) => bid.price));
      return some.filter((bid) => bid.price === price);
    }),

  q8: ({ persons, auctions }: Events) =>
    persons.flatMap(({ id, name, dateTime }) => {
      const start = Math.floor(dateTime / (10 * S)) * 10 * S;
      const opened = auctions.filter(
        (auction) =>
          auction.seller === id && auction.dateTime >= start && auction.dateTime < start + 10 * S,
      );
      return opened.length === 0
        ? []
        : [
            {
              key: String(id),
              windowStart: iso(start),
              windowEnd: iso(start + 10 * S),
              name,
              auctions: opened.length,
            },
          ];
    }),

  q9: (events: Events) =>
    salesOf(events).map(({ auction: { id, seller, category }, bid: { bidder, price } }) => ({
      auction: id,
      seller,
      category,
      bidder,
      price,
    })),

  q11: ({ bids }: Events) =>
    groups(bids, ({ bidder }) => String(bidder)).flatMap(([key, some]) => {
      const times = some.map(({ dateTime }) => dateTime).sort((one, other) => one - other);
      const sessions: number[][] = [];
      for (const time of times) {
        const current = sessions.at(-1);
        if (current !== undefined && time - (current.at(-1) as number) <= 3 * S) current.push(time);
        else sessions.push([time]);
      }
      return sessions.map((session) => ({
        key,
        windowStart: iso(session[0] as number),
        windowEnd: iso((session.at(-1) as number) + 3 * S),
        count: session.length,
      }));
    }),

  q13: ({ persons }: Events, names: Readonly<Record<string, string>>) =>
    persons.map(({ id, name, state }) => ({ id, name, state: names[state] ?? 'unknown' })),

  q17: ({ bids }: Events) =>
    groups(bids, ({ auction, dateTime }) => `${auction} ${dayOf(dateTime)}`).map(([name, some]) => {
      const prices = some.map(({ price }) => price);
      const [key, day] = name.split(' ') as [string, string];
      return {
        key,
        day,
        count: prices.length,
        low: prices.filter((price) => price < 5_000).length,
        middle: prices.filter((price) => price >= 5_000 && price < 15_000).length,
        high: prices.filter((price) => price >= 15_000).length,
        min: Math.min(...prices),
        max: Math.max(...prices),
        average: average(prices),
      };
    }),
};

interface Sold {
  readonly auction: Auction;
  readonly bid: Bid;
}

function salesOf({ auctions, bids }: Events): Sold[] {
  return auctions.flatMap((auction) => {
    const [best] = bids
      .filter((bid) => bid.auction === auction.id && bid.dateTime < auction.expires)
      .sort(
        (one, other) =>
          other.price - one.price || one.dateTime - other.dateTime || one.bidder - other.bidder,
      );
    return best === undefined || best.price < auction.reserve ? [] : [{ auction, bid: best }];
  });
}

function groups<Value>(
  values: readonly Value[],
  by: (value: Value) => string,
): Array<[string, Value[]]> {
  return Object.entries(Object.groupBy(values, by)) as Array<[string, Value[]]>;
}

function average(numbers: readonly number[]): number {
  return Math.round(numbers.reduce((sum, each) => sum + each, 0) / numbers.length);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

/** The date in Los Angeles, as 2026-03-08. */
export function dayOf(time: number): string {
  return new Date(time).toLocaleDateString('en-CA', { timeZone: 'America/Los_Angeles' });
}
