import { eventually, startSupervised, type Supervised } from '@penstock/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { graphql } from './graphql.ts';
import { readAll } from './kafka-reader.ts';

// The samples on a running system, fed as their users would by HTTP. What their rules say at the
// edges is in pipelines/src; here records go in at one end and results come out at the other.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Long ago enough that everything is due when the partitions have become idle. */
const START = Date.now() - HOUR;

// Event time goes on by itself when partitions have been quiet for half a minute.
vi.setConfig({ testTimeout: 200_000 });

let system: Supervised;
beforeAll(async () => {
  system = await startSupervised();
});
afterAll(() => system?.[Symbol.asyncDispose]());

const at = (ms: number, from = START) => new Date(from + ms).toISOString();

/** Sends values under the key that a field of theirs has. */
async function send(topic: string, keyField: string, ...values: object[]): Promise<void> {
  const answer = await fetch(`${system.baseUrl}/ingest/${topic}?keyField=/${keyField}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: values.map((value) => JSON.stringify(value)).join('\n'),
  });
  expect(answer.status, await answer.text()).toBe(200);
}

/** The values of a topic, when there are so many. */
async function valuesIn<Value = Record<string, unknown>>(
  topic: string,
  count: number,
): Promise<Value[]> {
  const found = await eventually(
    async () => {
      const records = await readAll(system.bootstrapServers, topic).catch(() => []);
      return records.length >= count ? records : undefined;
    },
    { deadlineMs: 180_000, intervalMs: 500, what: `${count} records in ${topic}` },
  );
  return found.map(({ value }) => JSON.parse(value!) as Value);
}

/** Runs a job by hand; returns its result file. */
async function runJob(job: string): Promise<string> {
  const { startBatchRun: started } = await graphql<{ startBatchRun: { id?: string } }>(
    system.baseUrl,
    `
      mutation ($job: String!) {
        startBatchRun(input: { job: $job }) {
          ... on BatchRun {
            id
          }
          ... on Problem {
            message
          }
        }
      }
    `,
    { job },
  );
  const run = await eventually(
    async () => {
      const { batchRun } = await graphql<{
        batchRun: { state: string; error: string | null; resultUrl: string | null };
      }>(system.baseUrl, 'query ($id: ID!) { batchRun(id: $id) { state error resultUrl } }', {
        id: started.id,
      });
      return ['SUCCEEDED', 'FAILED'].includes(batchRun.state) ? batchRun : undefined;
    },
    { deadlineMs: 60_000, what: `the end of ${job}` },
  );
  expect(run).toMatchObject({ state: 'SUCCEEDED', error: null });
  return run.resultUrl === null ? '' : (await fetch(`${system.baseUrl}${run.resultUrl}`)).text();
}

describe('streams', () => {
  beforeAll(async () => {
    const payment = {
      cardId: 'c1',
      currency: 'EUR',
      merchantId: 'm',
      merchantCategory: 'food',
      country: 'DE',
      channel: 'atm',
    };
    await send('cards', 'cardId', {
      cardId: 'c1',
      holder: 'Ada',
      homeCountry: 'DE',
      dailyLimitCents: 100,
      typicalAmountCents: 50,
    });
    await send(
      'card-payments',
      'cardId',
      { ...payment, paymentId: 'p1', amountCents: 90, time: at(0) },
      { ...payment, paymentId: 'p2', amountCents: 20, time: at(MINUTE), country: 'FR' },
      { paymentId: 'no payment', cardId: 'c1' },
    );
    await send('road-segments', 'segmentId', {
      segmentId: 's1',
      name: 'A1',
      limitKmh: 100,
      lengthM: 500,
      alternatives: [],
    });
    const slow = Array.from({ length: 30 }, (_, index) => ({
      vehicleId: `v${index % 10}`,
      segmentId: 's1',
      speedKmh: 12.5,
      time: at(Math.floor(index / 10) * MINUTE),
    }));
    await send('vehicle-positions', 'segmentId', ...slow);
    await send('devices', 'deviceId', {
      deviceId: 'd1',
      name: 'Press',
      maxCelsius: 80,
      recoverCelsius: 60,
    });
    const hot = [81, 82, 83].map((celsius, index) => ({
      deviceId: 'd1',
      celsius,
      powered: true,
      time: at(index * SECOND),
    }));
    await send('sensor-readings', 'deviceId', ...hot);
    await send('vital-signs', 'patientId', {
      patientId: 'p1',
      respirationRate: 30,
      spo2: 90,
      oxygen: true,
      systolic: 120,
      pulse: 70,
      consciousness: 'A',
      temperatureC: 37,
      time: at(0),
    });
    await send('products', 'productId', {
      productId: 'tea',
      name: 'Tea',
      basePriceCents: 1_000,
      expectedDemandPerMinute: 0,
    });
    const views = ['tea', 'cup', 'tea'].map((productId, index) => ({
      eventId: `e${index}`,
      visitorId: 'v1',
      productId,
      action: 'view',
      time: at(index * SECOND),
    }));
    await send('shop-events', 'visitorId', ...views);
  });

  test('card-fraud raises alerts, and gives up what is no payment', async () => {
    const alerts = await valuesIn('fraud-alerts', 2);
    expect(alerts.map(({ alertId }) => String(alertId)).sort()).toEqual([
      'p2/impossible-travel',
      'p2/large-withdrawal',
    ]);
    expect(await valuesIn('card-fraud.dlt', 1)).toMatchObject([{ paymentId: 'no payment' }]);
  });

  test('road-traffic measures speeds, and tells of a jam until it is over', async () => {
    expect(await valuesIn('segment-speeds', 7)).toHaveLength(7);
    const jams = await valuesIn('traffic-jams', 2);
    expect(jams.map(({ state }) => state)).toEqual(['jammed', 'clear']);
    expect(jams[0]).toMatchObject({ segmentId: 's1', meanKmh: 12.5, alternative: null });
  });

  test('machine-overheating turns a hot machine off', async () => {
    expect(await valuesIn('device-commands', 1)).toMatchObject([
      { commandId: `d1/turn-off/${at(2 * SECOND)}`, command: 'turn-off' },
    ]);
    const alerts = await valuesIn('overheating-alerts', 2);
    expect(alerts.map(({ kind }) => kind)).toEqual(['overheating', 'silent']);
  });

  test('patient-vitals alerts, and escalates what nobody acknowledged', async () => {
    const alerts = await valuesIn('patient-alerts', 2);
    expect(alerts.map(({ level, score, escalated }) => [level, score, escalated])).toEqual([
      ['high', 8, false],
      ['high', 8, true],
    ]);
  });

  test('shop-personalisation recommends, and prices by demand', async () => {
    const recommendations = await valuesIn('recommendations', 3);
    expect(recommendations.map(({ recommend }) => recommend)).toEqual(
      expect.arrayContaining([[], ['tea'], ['cup']]),
    );
    expect(await valuesIn('price-changes', 1)).toMatchObject([
      { productId: 'tea', priceCents: 1_000, demand: 0 },
    ]);
  });
});

describe('batch jobs', () => {
  /** A month that is over, at noon of its tenth day. */
  const lastMonth = new Date(
    Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() - 1, 10, 12),
  );
  const inLastMonth = (ms: number) => at(ms, lastMonth.getTime());
  const month = lastMonth.toISOString().slice(0, 7);

  test('telecom-billing bills last month', async () => {
    await send('subscribers', 'subscriberId', { subscriberId: 's1', name: 'Ada', plan: 'basic' });
    const call = { called: '0', seconds: 61, kind: 'mobile', time: inLastMonth(0) };
    await send(
      'call-records',
      'subscriberId',
      { ...call, callId: 'c1', subscriberId: 's1', startedAt: inLastMonth(0) },
      { ...call, callId: 'c2', subscriberId: 'nobody', startedAt: inLastMonth(1) },
    );
    const [, row] = (await runJob('telecom-billing')).split('\r\n');
    expect(row).toMatch(new RegExp(`^s1/${month},s1,${month},.*,0,1023,194,1217$`));
    expect(await valuesIn('invoices', 1)).toMatchObject([{ invoiceId: `s1/${month}` }]);
    expect(await valuesIn('telecom-billing.dlt', 1)).toMatchObject([{ callId: 'c2' }]);
  });

  test('payroll-monthly pays last month, and its file ends with the total', async () => {
    const employee = { contractMinutes: 9_600, iban: 'DE00' };
    await send(
      'employees',
      'employeeId',
      { ...employee, employeeId: 'e1', name: 'Ada', monthlyCents: 100_000 },
      { ...employee, employeeId: 'e2', name: 'Kim', hourlyCents: 2_000 },
    );
    const entry = { entryId: 't1', employeeId: 'e2', minutes: 90, time: inLastMonth(0) };
    await send('time-entries', 'employeeId', entry);
    expect((await runJob('payroll-monthly')).trim().split('\r\n')).toEqual([
      'payslipId,employeeId,month,grossCents,overtimeCents,pensionCents,taxCents,netCents',
      `e1/${month},e1,${month},100000,0,9300,0,90700`,
      `e2/${month},e2,${month},3000,0,279,0,2721`,
      'TOTAL,2,,,,,,93421',
    ]);
  });

  test('retail-nightly keeps stock and sums up a day', async () => {
    await send('stock-rules', 'productId', {
      productId: 'tea',
      reorderBelow: 5,
      reorderQuantity: 9,
    });
    const sale = { storeId: 'x', productId: 'tea', quantity: 2, unitPriceCents: 250, kind: 'sale' };
    await send('sales', 'storeId', { ...sale, saleId: 'a', time: inLastMonth(0) });
    expect((await runJob('retail-nightly')).trim().split('\r\n')[1]).toBe(
      `x,${month}-10,2,500,0,tea`,
    );
    expect(await valuesIn('inventory', 1)).toMatchObject([{ onHand: -2 }]);
    expect(await valuesIn('reorders', 1)).toMatchObject([{ reorderId: 'x/tea/1', quantity: 9 }]);
  });

  test('lab-results-digest notifies when an order is complete', async () => {
    const order = { orderId: 'o1', patientId: 'p1', tests: ['K'], time: at(0) };
    await send('lab-orders', 'patientId', order);
    await send('lab-results', 'patientId', {
      resultId: 'r1',
      orderId: 'o1',
      patientId: 'p1',
      test: 'K',
      value: 5.5,
      unit: 'mmol/l',
      referenceLow: 3.5,
      referenceHigh: 5,
      final: true,
      time: at(MINUTE),
    });
    await runJob('lab-results-digest');
    expect(await valuesIn('patient-notifications', 1)).toMatchObject([
      { notificationId: 'o1/1', amended: false, results: [{ test: 'K', flag: 'high' }] },
    ]);
  });

  test('social-posts publishes each post at its time, not before', async () => {
    const now = Date.now();
    const post = { text: 'Hello', action: 'schedule', time: at(0, now - SECOND) };
    const publishAt = at(8 * SECOND, now);
    await send(
      'scheduled-posts',
      'account',
      { ...post, account: 'a', postId: 'due', publishAt: at(0, now - MINUTE) },
      { ...post, account: 'b', postId: 'soon', publishAt },
      { ...post, account: 'c', postId: 'next year', publishAt: at(365 * 24 * HOUR, now) },
    );
    await runJob('social-posts');
    expect(await valuesIn('published-posts', 1)).toMatchObject([{ postId: 'due' }]);
    // The second is published by a run that a timer makes.
    const [, soon] = await valuesIn<Record<'plannedFor' | 'publishedAt', string>>(
      'published-posts',
      2,
    );
    expect(soon).toMatchObject({ postId: 'soon', plannedFor: publishAt });
    expect(soon!.publishedAt > publishAt).toBe(true);
  });
});
