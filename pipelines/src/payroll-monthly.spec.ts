import { describe, expect, it } from 'vitest';
import { payrollMonthly } from './payroll-monthly.ts';
import { NO_WORK, type Payslip, payslipOf } from './payslip.ts';
import * as sample from './sample-specs/sample-run.ts';

const MAY = '2026-05-10T08:00:00.000Z';

let numbered = 0;
const entry = (employeeId: string, minutes: number, time = MAY, fields: object = {}) => ({
  topic: 'time-entries',
  value: { entryId: `e${++numbered}`, employeeId, minutes, time, ...fields },
});
const adjustment = (
  employeeId: string,
  kind: 'bonus' | 'deduction',
  cents: number,
  time = MAY,
) => ({
  topic: 'payroll-adjustments',
  value: { adjustmentId: `a${++numbered}`, employeeId, kind, cents, time },
});
const employee = (employeeId: string, fields: object) => ({
  topic: 'employees',
  value: { employeeId, name: employeeId, contractMinutes: 9_600, iban: 'DE', ...fields },
});
const slips = (driver: Awaited<ReturnType<typeof sample.run>>) =>
  sample
    .valuesIn<Payslip>(driver, 'payslips')
    .map(({ payslipId, netCents }) => [payslipId, netCents]);

describe('a payslip', () => {
  const hourly = { employeeId: 'h', hourlyCents: 1_999, contractMinutes: 60 };
  const salaried = { employeeId: 's', monthlyCents: 400_000, contractMinutes: 9_600 };

  it('pays hours up to the contract, and 125 % beyond', () => {
    expect(payslipOf(hourly, '2026-05', { ...NO_WORK, entries: 2, minutes: 61 })).toEqual({
      payslipId: 'h/2026-05',
      employeeId: 'h',
      month: '2026-05',
      grossCents: 1_999,
      // 1 minute of 2,498.75 cents an hour: 41.6458
      overtimeCents: 42,
      // 9.3 % of 2,040.6458: 189.78
      pensionCents: 190,
      taxCents: 0,
      // 2,040.6458 − 189.7801: 1,850.8658
      netCents: 1_851,
    });
    expect(payslipOf(hourly, '2026-05', NO_WORK)).toBeNull();
    const none = { ...hourly, contractMinutes: 0 };
    expect(payslipOf(none, '2026-05', { ...NO_WORK, entries: 1, minutes: 60 })).toMatchObject({
      grossCents: 0,
      overtimeCents: 2_499,
    });
  });

  it('takes pension of the pay with the bonus, tax in steps, and deductions from what is left', () => {
    // P 410,000; pension 38,130; taxed 371,870: 40,000 + 28,748.
    expect(
      payslipOf(salaried, '2026-05', { ...NO_WORK, bonusCents: 10_000, deductionCents: 500_000 }),
    ).toMatchObject({
      grossCents: 400_000,
      pensionCents: 38_130,
      taxCents: 68_748,
      netCents: 410_000 - 38_130 - 68_748 - 500_000,
    });
    const none = { ...salaried, contractMinutes: 0 };
    expect(payslipOf(none, '2026-05', { ...NO_WORK, entries: 1, minutes: 600 })).toMatchObject({
      grossCents: 400_000,
      overtimeCents: 0,
    });
    // 4,000.00 × 60 / 9,600 is 25.00 an hour.
    expect(payslipOf(salaried, '2026-05', { ...NO_WORK, minutes: 9_660 })).toMatchObject({
      overtimeCents: 3_125,
    });
  });
});

describe('payroll-monthly', () => {
  it('pays everybody for each German month from that of the first record on', async () => {
    const driver = await sample.run(
      payrollMonthly,
      [
        employee('h', { hourlyCents: 1_000 }),
        employee('s', { monthlyCents: 100_000 }),
        employee('s', { monthlyCents: 50_000 }),
        // Half past midnight on the first of May in Berlin.
        entry('h', 60, '2026-04-30T22:30:00.000Z'),
        entry('h', 60),
        adjustment('h', 'bonus', 100),
        entry('h', 30, '2026-06-03T08:00:00.000Z'),
        // Too late for May.
        entry('h', 30, '2026-05-31T08:00:00.000Z'),
      ],
      { after: 28 * sample.DAY },
    );
    expect(driver.deadLetters).toEqual([]);
    expect(slips(driver)).toEqual([
      // 2,100 − 195.3; 50,000 − 4,650.
      ['h/2026-05', 1_905],
      ['h/2026-06', 454],
      ['s/2026-05', 45_350],
      ['s/2026-06', 45_350],
    ]);
    expect(sample.valuesIn(driver, 'payroll-monthly.late')).toHaveLength(1);
  });

  it('gives up records of nobody who is employed, and rows that pay twice or not at all', async () => {
    const twice = entry('s', 10);
    const driver = await sample.run(payrollMonthly, [
      employee('s', { monthlyCents: 1_000 }),
      employee('s', { monthlyCents: 1_000, hourlyCents: 1 }),
      employee('s', {}),
      entry('nobody', 60),
      { ...twice, partition: 2 },
      { ...twice, partition: 1 },
    ]);
    const reasons = driver.deadLetters.map(({ headers }) => headers['penstock.errors.message']);
    expect(reasons.filter((reason) => reason!.includes('needs either'))).toHaveLength(2);
    expect(reasons.filter((reason) => reason!.includes('unknown employee nobody'))).toHaveLength(1);
    expect(reasons).toHaveLength(3);
    expect(payrollMonthly).toMatchObject({ skipLimit: 0, schedule: { onFailure: 'block' } });
  });

  it('counts an entry once, even if it names somebody else the second time', async () => {
    const first = entry('h', 60);
    const again = { ...first.value, time: '2026-05-10T08:00:01.000Z' };
    const driver = await sample.run(
      payrollMonthly,
      [
        employee('h', { hourlyCents: 1_000 }),
        employee('i', { hourlyCents: 1_000 }),
        { ...first, value: { ...again, employeeId: 'i' }, partition: 1 },
        { ...first, partition: 2 },
      ],
      { after: 28 * sample.DAY },
    );
    expect(slips(driver).map(([id]) => id)).toEqual(['h/2026-05']);
  });

  it('adds up exactly, however large and whatever the sign', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    const driver = await sample.run(payrollMonthly, [
      employee('h', { hourlyCents: 1_000 }),
      ...[most, 62, -most, -2].map((minutes) => entry('h', minutes)),
    ]);
    expect(sample.valuesIn<Payslip>(driver, 'payslips')[0]).toMatchObject({ grossCents: 1_000 });
  });

  it('gives the same in batch runs as in one go, wherever they are cut', async () => {
    const draw = sample.drawing(4);
    const begin = Date.parse('2026-03-20T06:00:00.000Z');
    const records = [
      ...['a', 'b', 'c'].map((id) => employee(id, { hourlyCents: 1_234 })),
      employee('d', { monthlyCents: 312_345 }),
      ...Array.from({ length: 400 }, (_, index) => {
        const time = new Date(begin + index * 4 * sample.HOUR).toISOString();
        const id = 'abcd'[draw(4)]!;
        return draw(6) === 0
          ? adjustment(id, draw(2) === 0 ? 'bonus' : 'deduction', draw(9_000), time)
          : entry(id, draw(600), time);
      }).map((record) => ({ ...record, partition: draw(3) })),
    ];
    const driver = await sample.run(payrollMonthly, records, { after: 30 * sample.DAY });
    const cuts = [150, 151, 300, records.length].map((after) => ({
      after,
      at: after === records.length ? driver.now : begin + after * 4 * sample.HOUR,
    }));
    expect(driver.results.length).toBeGreaterThan(12);
    expect(await driver.asBatch(cuts)).toEqual(driver.results);
  });
});
