import { pipeline, type ProcessContext, table, z } from '@penstock/pipelines';
import { GERMAN_MONTHS, monthAt } from './months.ts';
import * as pay from './payslip.ts';
import type { Payslip, Work } from './payslip.ts';
import { eventTime, Id, LATENESS, msOf, Time, Whole } from './sample-fields.ts';

const Employee = z
  .looseObject({
    employeeId: Id,
    name: z.string(),
    monthlyCents: Whole.optional(),
    hourlyCents: Whole.optional(),
    contractMinutes: Whole.nonnegative(),
    iban: z.string(),
  })
  .refine(
    ({ monthlyCents, hourlyCents }) => (monthlyCents === undefined) !== (hourlyCents === undefined),
    'needs either monthlyCents or hourlyCents',
  );

const TimeEntry = z.looseObject({ entryId: Id, employeeId: Id, minutes: Whole, time: Time });

const Adjustment = z.looseObject({
  adjustmentId: Id,
  employeeId: Id,
  kind: z.enum(['bonus', 'deduction']),
  cents: Whole,
  time: Time,
});

const employees = table('employees', { schema: Employee, key: ({ employeeId }) => employeeId });

/** One record of a month, as far as it matters to the pay. */
type Entry = Work & Readonly<{ id: string; employeeId: string }>;

/** `end` is that of the month, ms since epoch. */
type MonthOfWork = Readonly<{ employeeId: string; end: number; work: Work }>;

interface Payroll {
  isRunning: boolean;
  /** The work of the month that is closed. */
  work: [employeeId: string, work: Work][];
}

const plan = pipeline('payroll-monthly', {
  description: 'Pays every employee for the month that is over.',
  schedule: { cron: '0 6 1 * *', timeZone: 'Europe/Berlin', onFailure: 'block' },
  skipLimit: 0,
  partitions: 3,
});

const worked = plan
  .from('time-entries', { schema: TimeEntry, eventTime, lateness: LATENESS })
  .map('minutes', ({ entryId, employeeId, minutes }): Entry => {
    return { ...pay.NO_WORK, id: `entry/${entryId}`, employeeId, entries: 1, minutes };
  });

const adjusted = plan
  .from('payroll-adjustments', { schema: Adjustment, eventTime, lateness: LATENESS })
  .map('cents', ({ adjustmentId, employeeId, kind, cents }): Entry => {
    const what = kind === 'bonus' ? { bonusCents: cents } : { deductionCents: cents };
    return { ...pay.NO_WORK, id: `adjustment/${adjustmentId}`, employeeId, ...what };
  });

/**
 * A payslip for each employee and month, from the month of the first record on; for who is paid by
 * the hour only if there are entries. A record of nobody who is employed fails the run before it
 * has paid anybody. An `entryId` or `adjustmentId` counts once, of whatever employee.
 */
export const payrollMonthly = worked
  .merge(adjusted)
  .keyBy('employee', ({ employeeId }) => employeeId)
  .joinTable(
    employees,
    (entry, employee) => {
      if (employee === null) throw new Error(`unknown employee ${entry.employeeId}`);
      return entry;
    },
    { missing: 'null' },
  )
  .keyBy('entry', ({ id }) => id)
  .dedupe({ by: ({ id }) => id, within: '35d' })
  .keyBy('employee', ({ employeeId }) => employeeId)
  .window(GERMAN_MONTHS, { late: 'deadLetter' })
  .aggregate({
    label: 'work of the month',
    init: () => pay.NO_WORK,
    add: pay.addWork,
    result: (_, work) => ({ work }),
  })
  .map('month', ({ key: employeeId, windowEnd, work }): MonthOfWork => {
    return { employeeId, end: msOf(windowEnd), work };
  })
  .keyBy('all employees', () => 'all')
  .process('payslips', {
    state: (): Payroll => ({ isRunning: false, work: [] }),
    tables: [employees],
    onRecord: ({ employeeId, end, work }, { state, schedule }) => {
      state.work.push([employeeId, work]);
      if (!state.isRunning) schedule(end);
      state.isRunning = true;
    },
    onTimer: (_: null, context: ProcessContext<Payroll, Payslip>) => {
      const { state, emit, schedule, eventTime: end } = context;
      const work = new Map(state.work);
      for (const [employeeId, employee] of context.table(employees).entries()) {
        const month = monthAt(end - 1).name;
        const payslip = pay.payslipOf(employee, month, work.get(employeeId) ?? pay.NO_WORK);
        if (payslip !== null) emit(payslip);
      }
      state.work = [];
      schedule(monthAt(end).end);
    },
  })
  .keyBy('employee', ({ employeeId }) => employeeId)
  .to('payslips', { id: ({ payslipId }) => payslipId })
  .toCsv('payroll.csv', pay.PAYSLIP_COLUMNS, { totals: ['netCents'] });
