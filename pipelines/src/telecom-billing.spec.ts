import { describe, expect, it } from 'vitest';
import { invoiceOf } from './invoice.ts';
import * as sample from './sample-specs/sample-run.ts';
import { telecomBilling } from './telecom-billing.ts';

let numbered = 0;
const call = (startedAt: string, fields: object = {}) => ({
  topic: 'call-records',
  value: {
    callId: `c${++numbered}`,
    subscriberId: 's',
    called: '0',
    startedAt,
    seconds: 60,
    kind: 'national',
    time: startedAt,
    ...fields,
  },
});
const subscriber = (subscriberId: string, plan: 'basic' | 'flat' = 'basic') => ({
  topic: 'subscribers',
  value: { subscriberId, name: subscriberId, plan },
});

const inMay = ({ month }: Invoice) => month === '2026-05';

interface Invoice {
  readonly invoiceId: string;
  readonly month: string;
  readonly netCents: number;
}

describe('an invoice', () => {
  it('counts started minutes, of which a hundred national ones are free on the basic plan', () => {
    const basic = { subscriberId: 's', plan: 'basic' as const };
    const calls = {
      premium: { calls: 1, minutes: 2 },
      national: { calls: 3, minutes: 103 },
      mobile: { calls: 2, minutes: 0 },
    };
    expect(invoiceOf(basic, '2026-05', calls)).toEqual({
      invoiceId: 's/2026-05',
      subscriberId: 's',
      month: '2026-05',
      lines: [
        { kind: 'national', calls: 3, minutes: 103, cents: 15 },
        { kind: 'mobile', calls: 2, minutes: 0, cents: 0 },
        { kind: 'premium', calls: 1, minutes: 2, cents: 240 },
      ],
      freeMinutes: 100,
      netCents: 1_254,
      // 238.26
      vatCents: 238,
      totalCents: 1_492,
    });
    expect(invoiceOf({ ...basic, plan: 'flat' }, '2026-05', calls)).toMatchObject({
      freeMinutes: 0,
      netCents: 2_999 + 240,
    });
    expect(invoiceOf(basic, '2026-05', {})).toMatchObject({
      lines: [],
      netCents: 999,
      vatCents: 190,
    });
  });
});

describe('telecom-billing', () => {
  it('bills every subscriber for each German month from that of the first call on', async () => {
    const driver = await sample.run(
      telecomBilling,
      [
        subscriber('s'),
        subscriber('silent', 'flat'),
        // 23:30 on the last day of April in Berlin, and half an hour into May.
        call('2026-04-30T21:30:00.000Z', { seconds: 61 }),
        call('2026-04-30T22:30:00.000Z', { seconds: 0 }),
        call('2026-05-02T10:00:00.000Z', { kind: 'premium', seconds: 1 }),
      ],
      { after: 35 * sample.DAY },
    );
    const invoices = sample.valuesIn<Invoice>(driver, 'invoices');
    expect(invoices.map(({ invoiceId, netCents }) => [invoiceId, netCents])).toEqual([
      ['s/2026-04', 999],
      ['s/2026-05', 1_119],
      ['silent/2026-04', 2_999],
      ['silent/2026-05', 2_999],
    ]);
    const rows = sample.valuesIn<Invoice>(driver, 'invoices.csv');
    expect(rows).toHaveLength(4);
    expect(rows).toEqual(expect.arrayContaining(invoices));
  });

  it('gives up the calls of nobody at the close, puts aside what is too late, counts once', async () => {
    const twice = call('2026-05-03T10:00:00.000Z', { subscriberId: 'known', kind: 'premium' });
    const driver = await sample.run(
      telecomBilling,
      [
        subscriber('known'),
        call('2026-05-01T10:00:00.000Z', { subscriberId: 'nobody', callId: 'x' }),
        call('2026-05-02T10:00:00.000Z', { subscriberId: 'nobody', callId: 'y' }),
        twice,
        twice,
        call('2026-05-20T10:00:00.000Z', { subscriberId: 'known' }),
        // Days late, in time for its month.
        call('2026-05-05T10:00:00.000Z', { subscriberId: 'known', kind: 'mobile' }),
        call('2026-06-02T10:00:00.000Z', { subscriberId: 'known' }),
        call('2026-05-31T10:00:00.000Z', { subscriberId: 'known', callId: 'too late' }),
        call('2026-06-02T10:00:00.000Z', { subscriberId: 'known', seconds: -1 }),
      ],
      { after: 40 * sample.DAY },
    );
    const idOf = (value: unknown) => (JSON.parse(String(value)) as { callId: string }).callId;
    const unknown = driver.deadLetters.filter(({ headers }) =>
      headers['penstock.errors.message']!.includes('unknown subscriber'),
    );
    expect(unknown.map(({ value }) => idOf(value)).sort()).toEqual(['x', 'y']);
    expect(driver.deadLetters).toHaveLength(3);
    const late = driver.outputs.filter(({ topic }) => topic === 'telecom-billing.late');
    expect(late.map(({ value }) => (value as { callId: string }).callId)).toEqual(['too late']);
    const [may] = sample.valuesIn<Invoice>(driver, 'invoices');
    expect(may).toMatchObject({ invoiceId: 'known/2026-05', netCents: 999 + 120 + 12 });
  });

  it('counts a call once, even if it names another subscriber the second time', async () => {
    const fields = { callId: 'once', kind: 'premium' };
    const driver = await sample.run(telecomBilling, [
      subscriber('first'),
      subscriber('second'),
      // Each in a partition of its own: event time says which of them was first.
      {
        ...call('2026-05-01T10:00:01.000Z', { ...fields, subscriberId: 'second' }),
        partition: 1,
      },
      { ...call('2026-05-01T10:00:00.000Z', { ...fields, subscriberId: 'first' }), partition: 2 },
    ]);
    const bills = sample.valuesIn<Invoice>(driver, 'invoices').filter(inMay);
    const [first, second] = bills;
    expect(first).toMatchObject({ invoiceId: 'first/2026-05', netCents: 999 + 120 });
    expect(second).toMatchObject({ invoiceId: 'second/2026-05', netCents: 999 });
  });

  it('counts the minutes of a call exactly, however long it is', async () => {
    const driver = await sample.run(telecomBilling, [
      subscriber('s', 'flat'),
      ...[1, 2, 3].map(() =>
        call('2026-05-01T10:00:00.000Z', { kind: 'premium', seconds: Number.MAX_SAFE_INTEGER }),
      ),
    ]);
    const minutes = 3n * ((BigInt(Number.MAX_SAFE_INTEGER) + 59n) / 60n);
    const net = minutes * 120n + 2_999n;
    const vat = (net * 19n + 50n) / 100n;
    expect(sample.valuesIn<Invoice>(driver, 'invoices')[0]).toMatchObject({
      lines: [{ minutes: Number(minutes), cents: Number(minutes * 120n) }],
      netCents: Number(net),
      vatCents: Number(vat),
      totalCents: Number(net + vat),
    });
  });

  it('gives the same in batch runs as in one go, wherever they are cut', async () => {
    const draw = sample.drawing(8);
    const records = [subscriber('s0'), subscriber('s1', 'flat'), subscriber('s2')];
    for (let hour = 0; hour < 24 * 70; hour += 3) {
      const startedAt = new Date(Date.parse('2026-03-20T00:00:00.000Z') + hour * sample.HOUR);
      const kind = ['national', 'mobile', 'international', 'premium'][draw(4)];
      const fields = { subscriberId: `s${draw(4)}`, seconds: draw(7_000), kind };
      records.push({
        ...call(startedAt.toISOString(), fields),
        partition: draw(3),
      } as unknown as (typeof records)[number]);
    }
    const driver = await sample.run(telecomBilling, records, { after: 40 * sample.DAY });
    const cuts = [100, 300, 301, records.length].map((after) => ({
      after,
      at:
        after === records.length
          ? driver.now
          : Date.parse('2026-03-20T00:00:00.000Z') + after * 3 * sample.HOUR,
    }));
    const batch = await driver.asBatch(cuts);
    expect(batch.length).toBeGreaterThan(6);
    expect(batch).toEqual(driver.results);
  });
});
