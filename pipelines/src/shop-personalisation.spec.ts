import { describe, expect, it } from 'vitest';
import { dynamicPrice } from './dynamic-price.ts';
import * as sample from './sample-specs/sample-run.ts';
import { shopPersonalisation } from './shop-personalisation.ts';

const { at, MINUTE, SECOND } = sample;

let numbered = 0;
const event = (
  ms: number,
  visitorId: string,
  productId: string,
  action: 'view' | 'cart' | 'purchase' = 'view',
) => ({
  topic: 'shop-events',
  partition: 0,
  value: { eventId: `e${++numbered}`, visitorId, productId, action, time: at(ms) },
});
const product = (productId: string, basePriceCents = 1_000, expectedDemandPerMinute = 1) => ({
  topic: 'products',
  value: { productId, name: productId, basePriceCents, expectedDemandPerMinute },
});

async function recommendedTo(visitor: string, ...records: Parameters<typeof sample.run>[1]) {
  const driver = await sample.run(shopPersonalisation, records);
  return sample
    .valuesIn<{ visitorId: string; recommend: string[]; time: string }>(driver, 'recommendations')
    .filter(({ visitorId }) => visitorId === visitor)
    .toSorted((one, other) => (one.time < other.time ? -1 : 1))
    .map(({ recommend }) => recommend);
}

describe('recommendations', () => {
  it('are of sessions that are over and of the running one, ties by product', async () => {
    const views = (ms: number, visitor: string, products: string) =>
      products.split('').map((id, index) => event(ms + index * SECOND, visitor, id));
    expect(
      await recommendedTo(
        'ada',
        ...views(0, 'x', 'abc'),
        ...views(0, 'y', 'abd'),
        ...views(0, 'z', 'ace'),
        // They are over when more than 30 minutes have passed.
        event(30 * MINUTE, 'ada', 'q'),
        event(31 * MINUTE, 'ada', 'a'),
        event(31 * MINUTE + 1, 'ada', 'f'),
      ),
    ).toEqual([[], ['b', 'c', 'd'], ['a', 'q']]);
  });

  it('leave out what was bought in the running session', async () => {
    expect(
      await recommendedTo(
        'ada',
        event(0, 'x', 'a'),
        event(1, 'x', 'b'),
        event(40 * MINUTE, 'ada', 'b', 'purchase'),
        event(41 * MINUTE, 'ada', 'a'),
        event(41 * MINUTE + 30 * MINUTE + 1, 'ada', 'a'),
      ),
    ).toEqual([[], ['b']]);
  });

  it('count a session to a gap of exactly 30 minutes, by whatever action', async () => {
    const half = 30 * MINUTE;
    expect(
      await recommendedTo(
        'ada',
        event(0, 'x', 'a'),
        event(half, 'x', 'n', 'cart'),
        event(2 * half, 'x', 'b'),
        // The session of x has its last event at 60 min; it is not over at 90 min.
        event(3 * half, 'ada', 'a'),
        event(3 * half + 1, 'ada', 'a'),
      ),
    ).toEqual([[], ['b']]);
  });
});

describe('an event', () => {
  it('counts once, even if it names another visitor and product the second time', async () => {
    const first = event(0, 'x', 'a');
    const again = event(SECOND, 'y', 'b');
    const { eventId } = first.value;
    const driver = await sample.run(shopPersonalisation, [
      product('a'),
      product('b'),
      { ...again, value: { ...again.value, eventId } },
      first,
    ]);
    const made = driver.outputs.filter(({ topic }) => !topic.endsWith('-repartition'));
    expect(new Set(made.map(({ key }) => key))).toEqual(new Set(['x', 'a']));
  });
});

describe('prices', () => {
  it('follow the demand, from 80 % to 130 %, rounded half up', () => {
    const priceOf = (demand: number, basePriceCents = 1_000, expectedDemandPerMinute = 1) =>
      dynamicPrice({ basePriceCents, expectedDemandPerMinute }, demand);
    expect([0, 9, 10, 11, 25, 26].map((demand) => priceOf(demand))).toEqual([
      800, 980, 1_000, 1_020, 1_300, 1_300,
    ]);
    // 25 × 1.02 = 25.5; 0.35 a minute is exact.
    expect([priceOf(11, 25), priceOf(4, 1_000, 0.35), priceOf(0, 1_001, 0)]).toEqual([
      26, 1_010, 1_001,
    ]);
  });

  it('are written at first and when they change, for products with a row', async () => {
    const driver = await sample.run(shopPersonalisation, [
      product('a'),
      event(0, 'x', 'a', 'cart'),
      event(1, 'x', 'a', 'purchase'),
      event(2, 'x', 'a', 'view'),
      event(3, 'x', 'b', 'cart'),
      { ...event(4, 'x', 'a', 'cart'), value: event(0, 'x', 'a', 'cart').value },
      event(MINUTE, 'y', 'a', 'purchase'),
    ]);
    const prices = sample.valuesIn(driver, 'price-changes');
    expect(prices).toEqual([
      { productId: 'a', priceCents: 900, demand: 5, windowEnd: at(MINUTE) },
      { productId: 'a', priceCents: 960, demand: 8, windowEnd: at(2 * MINUTE) },
      { productId: 'a', priceCents: 860, demand: 3, windowEnd: at(11 * MINUTE) },
    ]);
  });
});

describe('shop-personalisation', () => {
  it('gives what a naive reading of its rules gives, in whatever order events come', async () => {
    const draw = sample.drawing(21);
    let ms = 0;
    const events = Array.from({ length: 400 }, () => {
      ms += draw(4) * MINUTE + draw(3) * SECOND + 1;
      const action = (['view', 'view', 'view', 'cart', 'purchase'] as const)[draw(5)]!;
      return event(ms, `v${draw(6)}`, 'abcdef'[draw(6)]!, action).value;
    });
    const log = sample.shuffledWithin(events, draw).flatMap((value) => {
      const record = { topic: 'shop-events', value, partition: draw(3) };
      return draw(6) === 0 ? [record, record] : [record];
    });
    const rows = [...BASE_PRICES].map(([id, cents]) => product(id, cents, EXPECTED));
    const driver = await sample.run(shopPersonalisation, [...rows, ...log]);
    const found = sample
      .valuesIn<{ time: string; visitorId: string; productId: string; recommend: string[] }>(
        driver,
        'recommendations',
      )
      .map((row) => `${row.time} ${row.visitorId} ${row.productId} ${row.recommend.join()}`);
    expect(found.sort()).toEqual(naive(events).sort());
    const prices = sample.valuesIn(driver, 'price-changes').map((row) => JSON.stringify(row));
    expect(prices.sort()).toEqual(naivePrices(events).sort());
  });
});

const BASE_PRICES = new Map([
  ['a', 999],
  ['b', 1_001],
  ['c', -225],
  ['d', 0],
  ['e', 25],
]);
const EXPECTED = 0.3;

interface Event {
  readonly visitorId: string;
  readonly productId: string;
  readonly action: string;
  readonly time: string;
}

function naive(events: readonly Event[]): string[] {
  const sessions: Event[][] = [];
  const running = new Map<string, Event[]>();
  const said: string[] = [];
  for (const one of events) {
    const now = Date.parse(one.time);
    let own = running.get(one.visitorId);
    if (own === undefined || now - Date.parse(own.at(-1)!.time) > 30 * MINUTE) {
      own = [];
      sessions.push(own);
      running.set(one.visitorId, own);
    }
    own.push(one);
    if (one.action !== 'view') continue;
    const counts = new Map<string, number>();
    for (const session of sessions) {
      const isOver = now - Date.parse(session.at(-1)!.time) > 30 * MINUTE;
      const viewed = new Set(
        session.flatMap(({ action, productId }) => (action === 'view' ? [productId] : [])),
      );
      if ((session !== own && !isOver) || !viewed.has(one.productId)) continue;
      for (const id of viewed) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    counts.delete(one.productId);
    for (const { action, productId } of own) if (action === 'purchase') counts.delete(productId);
    const best = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, 3);
    said.push(`${one.time} ${one.visitorId} ${one.productId} ${best.map(([id]) => id).join()}`);
  }
  return said;
}

function naivePrices(events: readonly Event[]): string[] {
  return [...BASE_PRICES].flatMap(([productId, base]) => {
    const own = events.filter((event) => event.productId === productId);
    const first = Math.ceil((Date.parse(own[0]!.time) + 1) / MINUTE) * MINUTE;
    const last = Date.parse(own.at(-1)!.time) + 10 * MINUTE;
    const written: string[] = [];
    let before: number | null = null;
    for (let end = first; end <= last; end += MINUTE) {
      const within = own.filter(
        ({ time }) => Date.parse(time) < end && Date.parse(time) >= end - 10 * MINUTE,
      );
      if (within.length === 0) continue;
      const carts = within.filter(({ action }) => action === 'cart').length;
      const purchases = within.filter(({ action }) => action === 'purchase').length;
      const demand = carts + 3 * purchases;
      const percent = Math.min(130, Math.max(80, 100 + 2 * (demand - 10 * EXPECTED)));
      const priceCents = Math.floor((base * percent + 50) / 100);
      if (priceCents === before) continue;
      before = priceCents;
      const windowEnd = new Date(end).toISOString();
      written.push(JSON.stringify({ productId, priceCents, demand, windowEnd }));
    }
    return written;
  });
}
