import type { TestRecord } from '@penstock/pipelines';
import { DAY, drawing, HOUR, MINUTE, START } from './sample-run.ts';

// Records for `npm run sim`: few keys and close times, so that much meets; some late by minutes.

type Draw = (limit: number) => number;
type Drawn = readonly [topic: string, key: string, value: object];

const from = (ms: number): string => new Date(START + ms).toISOString();
const one = <Value>(draw: Draw, values: readonly Value[]): Value =>
  values[draw(values.length)] as Value;

/** Records whose times go on by up to a step, of which one in twenty is late. */
function records(
  count: number,
  stepMs: number,
  each: (draw: Draw, time: string, index: number) => Drawn,
): TestRecord[] {
  const draw = drawing(count + stepMs);
  let ms = 0;
  return Array.from({ length: count }, (_, index) => {
    ms += draw(stepMs);
    const time = from(ms - (draw(20) === 0 ? draw(10 * stepMs) : 0));
    const [topic, key, value] = each(draw, time, index);
    return { topic, key, value };
  });
}

function rows(topic: string, idField: string, values: readonly object[]): TestRecord[] {
  return values.map((value, index) => {
    const key = `${idField[0]}${index}`;
    return { topic, key, value: { [idField]: key, name: key, ...value } };
  });
}

export const labResultsDigest = (): TestRecord[] =>
  records(300, 3 * HOUR, (draw, time, index) => {
    const [patientId, orderId] = [`p${draw(2)}`, `o${Math.floor(index / 5) - draw(3)}`];
    if (draw(4) === 0) {
      return ['lab-orders', patientId, { orderId, patientId, tests: ['k', 'na'], time }];
    }
    const range = { unit: 'mmol/l', referenceLow: 3, referenceHigh: 5, final: draw(4) > 0 };
    const measured = { test: one(draw, ['k', 'na', 'fe']), value: draw(9), ...range };
    const resultId = `r${index - draw(2)}`;
    return ['lab-results', patientId, { resultId, orderId, patientId, ...measured, time }];
  });

const contract = { contractMinutes: 1_000, iban: 'DE' };
export const payrollMonthly = (): TestRecord[] => [
  ...rows('employees', 'employeeId', [
    { ...contract, monthlyCents: 312_345 },
    { ...contract, hourlyCents: 1_799 },
    { ...contract, hourlyCents: 2_345 },
  ]),
  ...records(250, 16 * HOUR, (draw, time, index) => {
    const employeeId = `e${draw(3)}`;
    if (draw(5) > 0) {
      const entryId = `t${index - draw(2)}`;
      return ['time-entries', employeeId, { entryId, employeeId, minutes: draw(600), time }];
    }
    const kind = one(draw, ['bonus', 'deduction']);
    const adjustment = { adjustmentId: `a${index}`, employeeId, kind, cents: draw(9_999), time };
    return ['payroll-adjustments', employeeId, adjustment];
  }),
];

export const socialPosts = (): TestRecord[] =>
  records(120, 6 * MINUTE, (draw, time) => {
    const [account, postId] = [`a${draw(2)}`, `p${draw(60)}`];
    const publishAt = new Date(Date.parse(time) + (draw(60) - 10) * MINUTE).toISOString();
    const action = draw(5) === 0 ? 'cancel' : 'schedule';
    return ['scheduled-posts', account, { postId, account, text: time, publishAt, action, time }];
  });

export const telecomBilling = (): TestRecord[] => [
  ...rows('subscribers', 'subscriberId', [{ plan: 'basic' }, { plan: 'flat' }]),
  ...records(250, 16 * HOUR, (draw, startedAt, index) => {
    const subscriberId = `s${draw(3)}`;
    const kind = one(draw, ['national', 'mobile', 'international', 'premium']);
    const call = { called: '0', startedAt, seconds: draw(9_000), kind, time: startedAt };
    return ['call-records', subscriberId, { callId: `c${index - draw(2)}`, subscriberId, ...call }];
  }),
];

const rule = { reorderBelow: -5, reorderQuantity: 20 };
export const retailNightly = (): TestRecord[] => [
  ...rows('stock-rules', 'productId', [rule, rule]),
  ...records(300, DAY / 40, (draw, time, index) => {
    const place = { storeId: `s${draw(2)}`, productId: `p${draw(3)}` };
    const moved = { ...place, quantity: draw(6), time };
    if (draw(5) === 0) {
      return ['deliveries', place.storeId, { deliveryId: `d${index}`, ...moved, quantity: 20 }];
    }
    const sold = { unitPriceCents: draw(900), kind: draw(6) === 0 ? 'return' : 'sale' };
    return ['sales', place.storeId, { saleId: `s${index - draw(2)}`, ...moved, ...sold }];
  }),
];
