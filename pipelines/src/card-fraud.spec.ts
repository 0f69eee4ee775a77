import { describe, expect, it } from 'vitest';
import { cardFraud } from './card-fraud.ts';
import * as sample from './sample-specs/sample-run.ts';

const { at, DAY, HOUR, MINUTE, SECOND } = sample;

interface Payment {
  readonly paymentId: string;
  readonly cardId: string;
  readonly amountCents: number;
  readonly country: string;
  readonly channel: 'pos' | 'online' | 'atm';
  readonly time: string;
}

let numbered = 0;
const payment = (ms: number, fields: Partial<Payment> = {}) => ({
  paymentId: `p${++numbered}`,
  cardId: 'c',
  amountCents: 1_000,
  currency: 'EUR',
  merchantId: 'm',
  merchantCategory: 'food',
  country: 'DE',
  channel: 'online' as Payment['channel'],
  time: at(ms),
  ...fields,
});
const card = (cardId = 'c', fields = {}) => ({
  topic: 'cards',
  value: {
    cardId,
    holder: 'Ada',
    homeCountry: 'DE',
    dailyLimitCents: 50_000,
    typicalAmountCents: 2_000,
    ...fields,
  },
});
const paid = (value: object, partition = 0) => ({ topic: 'card-payments', value, partition });

async function alertsOf(...records: Parameters<typeof sample.run>[1]): Promise<string[]> {
  const driver = await sample.run(cardFraud, records);
  return sample
    .valuesIn<{ alertId: string }>(driver, 'fraud-alerts')
    .map(({ alertId }) => alertId)
    .sort();
}

describe('card-fraud', () => {
  it('knows the edges of a large withdrawal', async () => {
    const alerts = await alertsOf(
      card(),
      paid(
        payment(0, { paymentId: 'just', channel: 'atm', amountCents: 99_999, cardId: 'no row' }),
      ),
      paid(
        payment(0, { paymentId: 'large', channel: 'atm', amountCents: 100_000, cardId: 'none' }),
      ),
      paid(payment(HOUR, { paymentId: 'limit', channel: 'atm', amountCents: 20_000 })),
      paid(payment(2 * HOUR, { paymentId: 'online', amountCents: 20_000 })),
      paid(payment(3 * HOUR, { paymentId: 'equal', channel: 'atm', amountCents: 30_000 / 2 })),
      paid(payment(4 * HOUR, { paymentId: 'reached', channel: 'atm', amountCents: 15_000 })),
      paid(payment(5 * HOUR, { paymentId: 'above', channel: 'atm', amountCents: 1 })),
      paid(payment(17 * HOUR, { paymentId: 'next day', channel: 'atm', amountCents: 1 })),
    );
    expect(alerts).toEqual(['above/large-withdrawal', 'large/large-withdrawal']);
  });

  it('adds withdrawals exactly, however large and whatever their sign', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    const limits = card('c', { dailyLimitCents: 1, typicalAmountCents: most });
    const withdrawals = [most, 2, -most, -1];
    const alerts = await alertsOf(
      limits,
      ...withdrawals.map((amountCents, index) =>
        paid(payment(index * HOUR, { paymentId: `${index}`, channel: 'atm', amountCents })),
      ),
    );
    // The sum is 2 after the third, and 1 after the fourth, which is the limit.
    expect(alerts.map((id) => id.slice(0, 1))).toEqual(['0', '1', '2']);
  });

  it('counts payments of a minute, its beginning not included', async () => {
    const times = [0, 10, 20, 30, 40, 60, 61, 200].map((seconds) => seconds * SECOND);
    const alerts = await alertsOf(
      ...times.map((ms, index) => paid(payment(ms, { paymentId: String(index) }))),
    );
    // At 60 s the one of 0 s is no longer within.
    expect(alerts).toEqual(['6/velocity']);
    expect(
      await alertsOf(
        ...[0, 10, 20, 30, 40, 59].map((s, index) =>
          paid(payment(s * SECOND, { paymentId: String(index) })),
        ),
      ),
    ).toEqual(['5/velocity']);
  });

  it('sees travel between two places in less than two hours, online payments aside', async () => {
    const alerts = await alertsOf(
      paid(payment(0, { paymentId: 'a', channel: 'pos' })),
      paid(payment(MINUTE, { paymentId: 'b', channel: 'online', country: 'US' })),
      paid(payment(2 * HOUR - 1, { paymentId: 'c', channel: 'atm', country: 'FR' })),
      paid(payment(4 * HOUR - 1, { paymentId: 'd', channel: 'pos', country: 'DE' })),
    );
    expect(alerts).toEqual(['c/impossible-travel']);
  });

  it('needs a row for what is typical, and takes the newest', async () => {
    const alerts = await alertsOf(
      paid(payment(0, { paymentId: 'before', amountCents: 90_000 })),
      card('c'),
      paid(payment(DAY, { paymentId: 'equal', amountCents: 20_000 })),
      paid(payment(2 * DAY, { paymentId: 'above', amountCents: 20_001 })),
    );
    // A row is looked up when a payment is judged: the first one waited for those after it.
    expect(alerts).toEqual(['above/unusual-amount', 'before/unusual-amount']);
  });

  it('counts a payment once, judges in order of event time, and gives up what is none', async () => {
    const twice = payment(0, { paymentId: 'twice', channel: 'atm', amountCents: 100_000 });
    const driver = await sample.run(cardFraud, [
      paid(twice),
      paid(payment(8 * SECOND, { channel: 'pos', country: 'FR', paymentId: 'later' })),
      paid(payment(3 * SECOND, { channel: 'pos', country: 'DE', paymentId: 'earlier' })),
      paid({ ...twice, cardId: 'another', time: at(SECOND) }, 1),
      paid({ ...twice, time: '2026-05-04T08:00:00Z' }),
      paid({ ...twice, amountCents: 1.5 }),
      { topic: 'cards', value: { cardId: 'c' } },
    ]);
    const alerts = sample.valuesIn(driver, 'fraud-alerts').map(({ alertId }) => String(alertId));
    expect(alerts.sort()).toEqual(['later/impossible-travel', 'twice/large-withdrawal']);
    expect(driver.deadLetters).toHaveLength(3);
  });

  it('counts a payment once, even if it names another card the second time', async () => {
    const large = { paymentId: 'p', channel: 'atm', amountCents: 100_000 } as const;
    const driver = await sample.run(cardFraud, [
      paid(payment(9 * SECOND, { ...large, cardId: 'second' }), 1),
      paid(payment(5 * SECOND, { ...large, cardId: 'first' }), 2),
      paid(payment(DAY + 9 * SECOND, { ...large, cardId: 'after a day' })),
    ]);
    const alerts = driver.outputs.filter(({ topic }) => topic === 'fraud-alerts');
    expect(new Set(alerts.map(({ key }) => key))).toEqual(new Set(['first', 'after a day']));
    expect(alerts).toHaveLength(2);
  });

  it('gives what a naive reading of the rules gives, in whatever order payments come', async () => {
    const draw = sample.drawing(11);
    const payments = Array.from({ length: 600 }, (_, index) =>
      payment(Math.floor(index / 2) * 7 * SECOND, {
        paymentId: `n${index}`,
        cardId: `c${draw(4)}`,
        channel: (['pos', 'online', 'atm'] as const)[draw(3)]!,
        country: ['DE', 'DE', 'DE', 'FR'][draw(4)]!,
        amountCents: draw(10) === 0 ? 100_000 : draw(9_000),
      }),
    );
    const rows = ['c0', 'c1', 'c2'].map((id) => card(id, { typicalAmountCents: 700 }));
    const log = sample.shuffledWithin(payments, draw).flatMap((value) => {
      const record = paid(value, draw(3));
      return draw(9) === 0 ? [record, paid(value, record.partition)] : [record];
    });
    const place = new Map(log.map(({ value, partition }, index) => [value, [partition, index]]));
    const inOrder = payments.toSorted(
      (one, other) =>
        Date.parse(one.time) - Date.parse(other.time) ||
        place.get(one)![0]! - place.get(other)![0]! ||
        place.get(one)![1]! - place.get(other)![1]!,
    );
    expect(await alertsOf(...rows, ...log)).toEqual(naive(inOrder, new Set(['c0', 'c1', 'c2'])));
  });
});

function naive(payments: readonly Payment[], known: ReadonlySet<string>): string[] {
  return payments
    .flatMap((payment, index) => {
      const ms = Date.parse(payment.time);
      const before = payments.slice(0, index).filter(({ cardId }) => cardId === payment.cardId);
      const withdrawn = [...before, payment]
        .filter(
          ({ channel, time }) => channel === 'atm' && time.startsWith(payment.time.slice(0, 10)),
        )
        .reduce((sum, { amountCents }) => sum + amountCents, 0);
      const recent = before.filter(({ time }) => Date.parse(time) > ms - MINUTE);
      const seen = before.findLast(({ channel }) => channel !== 'online');
      const hasRow = known.has(payment.cardId);
      const broken = {
        'large-withdrawal':
          payment.channel === 'atm' &&
          (payment.amountCents >= 100_000 || (hasRow && withdrawn > 50_000)),
        velocity: recent.length + 1 >= 6,
        'impossible-travel':
          payment.channel !== 'online' &&
          seen !== undefined &&
          seen.country !== payment.country &&
          ms - Date.parse(seen.time) < 2 * HOUR,
        'unusual-amount': hasRow && payment.amountCents > 7_000,
      };
      return Object.entries(broken).flatMap(([rule, is]) =>
        is ? [`${payment.paymentId}/${rule}`] : [],
      );
    })
    .sort();
}
