import { describe, expect, it } from 'vitest';
import { retailNightly } from './retail-nightly.ts';
import * as sample from './sample-specs/sample-run.ts';

const { at, HOUR, MINUTE, SECOND } = sample;

interface Sale {
  readonly storeId: string;
  readonly productId: string;
  readonly quantity: number;
  readonly unitPriceCents: number;
  readonly kind: 'sale' | 'return';
  readonly time: string;
}

let numbered = 0;
const sale = (ms: number, quantity: number, fields: Partial<Sale> = {}) => ({
  topic: 'sales',
  partition: 0,
  value: {
    saleId: `s${++numbered}`,
    storeId: 'a',
    productId: 'p',
    quantity,
    unitPriceCents: 100,
    kind: 'sale' as 'sale' | 'return',
    time: at(ms),
    ...fields,
  },
});
const delivery = (ms: number, quantity: number, productId = 'p') => ({
  topic: 'deliveries',
  partition: 0,
  value: { deliveryId: `d${++numbered}`, storeId: 'a', productId, quantity, time: at(ms) },
});
const rule = (productId: string, reorderBelow: number) => ({
  topic: 'stock-rules',
  value: { productId, reorderBelow, reorderQuantity: 50 },
});

describe('retail-nightly', () => {
  it('keeps the stock, and reorders each time that it runs low', async () => {
    const driver = await sample.run(retailNightly, [
      rule('p', 5),
      delivery(0, 10),
      sale(10 * SECOND, 5),
      sale(20 * SECOND, 1),
      sale(30 * SECOND, 1),
      sale(40 * SECOND, 2, { kind: 'return' }),
      sale(50 * SECOND, 3),
      sale(60 * SECOND, 9, { productId: 'no rule' }),
    ]);
    const stock = driver.outputs.filter(({ topic }) => topic === 'inventory');
    expect(stock.map(({ key, value }) => [key, (value as { onHand: number }).onHand])).toEqual([
      ['a/p', 10],
      ['a/p', 5],
      ['a/p', 4],
      ['a/p', 3],
      ['a/p', 5],
      ['a/p', 2],
      ['a/no rule', -9],
    ]);
    expect(sample.valuesIn(driver, 'reorders')).toEqual([
      { reorderId: 'a/p/1', storeId: 'a', productId: 'p', quantity: 50, onHand: 4 },
      { reorderId: 'a/p/2', storeId: 'a', productId: 'p', quantity: 50, onHand: 2 },
    ]);
  });

  it('counts a late record in the stock, a double once, and never sets the clock back', async () => {
    const late = sale(MINUTE, 2);
    // Its turn is before the sale of 5 min, which waits for those that may still be in time.
    const driver = await sample.run(retailNightly, [
      delivery(0, 10),
      sale(3 * MINUTE, 1),
      sale(4 * MINUTE, 1),
      sale(5 * MINUTE, 1),
      late,
      late,
      sale(6 * MINUTE, 1),
    ]);
    const rows = driver.outputs.filter(({ topic }) => topic === 'inventory');
    expect(rows.map(({ value }) => value)).toMatchObject([
      { onHand: 10, asOf: at(0) },
      { onHand: 9, asOf: at(3 * MINUTE) },
      { onHand: 8, asOf: at(4 * MINUTE) },
      { onHand: 6, asOf: at(4 * MINUTE) },
      { onHand: 5, asOf: at(5 * MINUTE) },
      { onHand: 4, asOf: at(6 * MINUTE) },
    ]);
    expect(sample.valuesIn(driver, 'retail-nightly.late')).toEqual([]);
  });

  it('sums up each German day of a store', async () => {
    const driver = await sample.run(retailNightly, [
      sale(0, 2, { productId: 'b' }),
      sale(HOUR, 2, { productId: 'a', unitPriceCents: 250 }),
      sale(2 * HOUR, 1, { kind: 'return', unitPriceCents: 99 }),
      // 00:30 on the next day in Berlin.
      sale(14 * HOUR + 30 * MINUTE, 1, { kind: 'return' }),
    ]);
    const days = [
      {
        storeId: 'a',
        day: '2026-05-04',
        units: 4,
        revenueCents: 700,
        returnsCents: 99,
        topProductId: 'a',
      },
      {
        storeId: 'a',
        day: '2026-05-05',
        units: 0,
        revenueCents: 0,
        returnsCents: 100,
        topProductId: null,
      },
    ];
    expect(sample.valuesIn(driver, 'store-days')).toEqual(days);
    expect(sample.valuesIn(driver, 'store-days.csv')).toEqual(days);
    const [first] = driver.outputs.filter(({ topic }) => topic === 'store-days');
    expect(first!.key).toBe('a/2026-05-04');
  });

  it('does not mix up stores and products whose names are alike', async () => {
    const driver = await sample.run(retailNightly, [
      sale(0, 1, { storeId: 'a/b', productId: 'c' }),
      sale(0, 2, { storeId: 'a', productId: 'b/c' }),
      sale(0, 4, { storeId: '', productId: '__proto__' }),
    ]);
    const onHand = sample.valuesIn(driver, 'inventory').map((row) => row.onHand);
    expect(new Set(onHand)).toEqual(new Set([-1, -2, -4]));
  });

  it('counts a sale and a delivery once, even if they name another store then', async () => {
    const [sold, came] = [sale(0, 2), delivery(0, 10)];
    const driver = await sample.run(retailNightly, [
      came,
      sold,
      { ...sold, partition: 1, value: { ...sold.value, storeId: 'b', time: at(SECOND) } },
      { ...came, partition: 1, value: { ...came.value, storeId: 'b', time: at(SECOND) } },
    ]);
    const rows = [
      ...sample.valuesIn(driver, 'inventory'),
      ...sample.valuesIn(driver, 'store-days'),
    ];
    expect(new Set(rows.map(({ storeId }) => storeId))).toEqual(new Set(['a']));
  });

  it('adds stock and money exactly, however large and whatever their sign', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    const driver = await sample.run(retailNightly, [
      rule('p', 1),
      ...[most, 2, -most, -1].map((quantity, second) => delivery(second * SECOND, quantity)),
      ...[most, 2, -most].map((unitPriceCents, second) =>
        sale((10 + second) * SECOND, 3, { unitPriceCents, productId: 'q' }),
      ),
    ]);
    const stock = driver.outputs.filter(({ key }) => key === 'a/p' || key === 'a/p/1');
    expect(stock.map(({ value }) => (value as { onHand: number }).onHand)).toEqual([
      most,
      Number(BigInt(most) + 2n),
      2,
      1,
    ]);
    expect(sample.valuesIn(driver, 'store-days')).toMatchObject([{ units: 9, revenueCents: 6 }]);
  });

  it('gives the same in batch runs as in one go, in whatever order records come', async () => {
    const draw = sample.drawing(6);
    let ms = 0;
    const values = Array.from({ length: 300 }, () => {
      ms += draw(20) * MINUTE + 1;
      const fields = {
        storeId: `s${draw(2)}`,
        productId: `p${draw(3)}`,
        kind: draw(5) === 0 ? ('return' as const) : ('sale' as const),
      };
      return draw(4) === 0
        ? { ...delivery(ms, draw(20), fields.productId).value, storeId: fields.storeId }
        : sale(ms, draw(5), fields).value;
    });
    const expected = naiveStock(values);
    let first: unknown = null;
    for (const seed of [1, 2, 3]) {
      const log = sample.shuffledWithin(values, sample.drawing(seed)).map((value) => ({
        topic: 'saleId' in value ? 'sales' : 'deliveries',
        value,
        partition: seed === 1 ? 1 : Number(value.storeId.slice(1)),
      }));
      const driver = await sample.run(retailNightly, [rule('p0', -20), rule('p1', 0), ...log]);
      const stock = driver.outputs.filter(({ topic }) => topic === 'inventory');
      const last = new Map(
        stock.map(({ key, value }) => [key, (value as { onHand: number }).onHand]),
      );
      expect(last).toEqual(expected);
      const rows = driver.outputs
        .map(({ topic, key, value }) => JSON.stringify([topic, key, value]))
        .sort();
      first ??= rows;
      expect(rows).toEqual(first);
      const cuts = [97, 98, 200, log.length + 2].map((after) => ({
        after,
        at: after > 250 ? driver.now : sample.START + ms * (after / 300),
      }));
      expect(await driver.asBatch(cuts)).toEqual(driver.results);
    }
  });
});

function naiveStock(values: ReadonlyArray<object>): Map<string, number> {
  const stock = new Map<string, number>();
  for (const value of values as ReadonlyArray<Omit<Sale, 'kind'> & { kind?: string }>) {
    const key = `${value.storeId}/${value.productId}`;
    const units = value.kind === 'sale' ? -value.quantity : value.quantity;
    stock.set(key, (stock.get(key) ?? 0) + units);
  }
  return stock;
}
