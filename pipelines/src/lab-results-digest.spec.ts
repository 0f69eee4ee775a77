import { describe, expect, it } from 'vitest';
import { labResultsDigest } from './lab-results-digest.ts';
import * as sample from './sample-specs/sample-run.ts';

const { at, DAY, HOUR, MINUTE } = sample;

let numbered = 0;
const order = (ms: number, orderId: string, tests: readonly string[], patientId = 'p') => ({
  topic: 'lab-orders',
  partition: 0,
  value: { orderId, patientId, tests, time: at(ms) },
});
const result = (ms: number, orderId: string, test: string, value: number, fields: object = {}) => ({
  topic: 'lab-results',
  partition: 0,
  value: {
    resultId: `r${++numbered}`,
    orderId,
    patientId: 'p',
    test,
    value,
    unit: 'mmol/l',
    referenceLow: 3,
    referenceHigh: 5,
    final: true,
    time: at(ms),
    ...fields,
  },
});

interface Notification {
  readonly notificationId: string;
  readonly amended: boolean;
  readonly results: ReadonlyArray<{ test: string; value: number; flag: string }>;
  readonly time: string;
}

const told = (driver: Awaited<ReturnType<typeof sample.run>>) =>
  sample
    .valuesIn<Notification>(driver, 'patient-notifications')
    .map(({ notificationId, amended, results, time }) => [
      notificationId,
      amended,
      results.map(({ test, value, flag }) => `${test} ${value} ${flag}`).join(),
      time,
    ]);

describe('lab-results-digest', () => {
  it('notifies when every test has a final result, and again at each later one', async () => {
    const driver = await sample.run(labResultsDigest, [
      order(0, 'o', ['k', 'na', 'k']),
      result(1, 'o', 'na', 5),
      result(2, 'o', 'k', 2.9, { final: false }),
      result(3, 'o', 'not ordered', 1),
      result(4, 'o', 'na', 3),
      result(HOUR, 'o', 'k', 5.1),
      result(2 * HOUR, 'o', 'k', 2.9),
      result(3 * HOUR, 'o', 'k', 9, { final: false }),
    ]);
    expect(told(driver)).toEqual([
      ['o/1', false, 'k 5.1 high,na 3 normal', at(HOUR)],
      ['o/2', true, 'k 2.9 low,na 3 normal', at(2 * HOUR)],
    ]);
    expect(driver.deadLetters).toEqual([]);
  });

  it('keeps results seven days for their order, then gives them up as they came', async () => {
    const driver = await sample.run(
      labResultsDigest,
      [
        result(0, 'later', 'k', 3),
        result(0, 'later', 'k', 4),
        result(0, 'too late', 'k', 4, { resultId: 'gone' }),
        result(1, 'another patient', 'k', 4, { resultId: 'lost' }),
        result(2, 'never', 'k', 4, { final: false }),
        order(3, 'another patient', ['k'], 'q'),
        order(7 * DAY, 'later', ['k']),
        order(7 * DAY + 1, 'too late', ['k']),
      ],
      { after: 8 * DAY },
    );
    expect(told(driver)).toEqual([['later/1', false, 'k 4 normal', at(7 * DAY)]]);
    const given = driver.deadLetters.map(({ value, headers }) => [
      (JSON.parse(String(value)) as { resultId: string }).resultId,
      headers['penstock.errors.message'],
    ]);
    expect(given.map(([id]) => id).sort()).toEqual(['gone', 'lost']);
    expect(given.every(([, message]) => message!.includes('unknown order'))).toBe(true);
  });

  it('counts orders and results once, and refuses an order of nothing', async () => {
    const [once, first] = [order(0, 'o', ['k']), result(MINUTE, 'o', 'k', 4)];
    const driver = await sample.run(labResultsDigest, [
      once,
      first,
      once,
      first,
      order(2 * MINUTE, 'empty', []),
    ]);
    expect(told(driver)).toHaveLength(1);
    expect(driver.deadLetters).toHaveLength(1);
  });

  it('counts a result once, even if it names another patient and order then', async () => {
    const first = result(MINUTE, 'o', 'k', 4);
    const driver = await sample.run(labResultsDigest, [
      order(0, 'o', ['k']),
      order(0, 'other', ['k'], 'q'),
      { ...order(1, 'o', ['k'], 'q'), partition: 1 },
      first,
      {
        ...first,
        partition: 1,
        value: { ...first.value, patientId: 'q', orderId: 'other', time: at(2 * MINUTE) },
      },
    ]);
    expect(told(driver).map(([id]) => id)).toEqual(['o/1']);
    expect(driver.deadLetters).toEqual([]);
  });

  it('gives the same in hourly runs as in one go, in whatever order records come', async () => {
    const draw = sample.drawing(17);
    const values: object[] = [];
    for (let index = 0; index < 120; index++) {
      const [ms, patientId] = [index * 20 * MINUTE, `p${draw(5)}`];
      const orderId = `o${index}`;
      const tests = ['k', 'na', 'glucose'].slice(0, 1 + draw(3));
      if (draw(9) > 0) values.push(order(ms, orderId, tests, patientId).value);
      for (const test of tests) {
        if (draw(8) === 0) continue;
        const later = ms + (draw(6) - 1) * 50 * MINUTE + draw(5_000);
        const fields = { patientId, final: draw(5) > 0 };
        values.push(result(later, orderId, test, draw(8), fields).value);
      }
    }
    const byTime = (values as { time: string }[]).toSorted((a, b) => (a.time < b.time ? -1 : 1));
    let first: unknown = null;
    for (const seed of [1, 2]) {
      const log = sample.shuffledWithin(byTime, sample.drawing(seed)).map((value) => ({
        topic: 'resultId' in value ? 'lab-results' : 'lab-orders',
        value,
        partition: seed === 1 ? 0 : sample.drawing(value.time.length + numbered)(3),
      }));
      const driver = await sample.run(labResultsDigest, log, { after: 30 * DAY });
      const rows = driver.results.map(({ topic, value }) => JSON.stringify([topic, value])).sort();
      expect(rows.length).toBeGreaterThan(100);
      first ??= rows;
      expect(rows).toEqual(first);
      const ends = [1, 2, 3, 4, 5, 6, 7, 8].map((part) => Math.floor((log.length * part) / 8));
      // A run ends before what the next one reads.
      const cuts = ends.map((after) => ({
        after,
        at: after === log.length ? driver.now : Date.parse(log[after]!.value.time),
      }));
      expect(await driver.asBatch(cuts)).toEqual(driver.results);
    }
  });
});
