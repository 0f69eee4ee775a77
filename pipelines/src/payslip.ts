import {
  added,
  compare,
  dividedBy,
  type Fraction,
  fraction,
  type KeptWhole,
  plus,
  rounded,
  times,
} from './exact-number.ts';

export interface Employee {
  readonly employeeId: string;
  /** Of who is paid by the month; who is paid by the hour has `hourlyCents`. */
  readonly monthlyCents?: number | undefined;
  readonly hourlyCents?: number | undefined;
  readonly contractMinutes: number;
}

/** What is known of an employee's month. */
export interface Work {
  readonly entries: number;
  readonly minutes: KeptWhole;
  readonly bonusCents: KeptWhole;
  readonly deductionCents: KeptWhole;
}

export interface Payslip {
  readonly payslipId: string;
  readonly employeeId: string;
  readonly month: string;
  readonly grossCents: number;
  readonly overtimeCents: number;
  readonly pensionCents: number;
  readonly taxCents: number;
  readonly netCents: number;
}

export const NO_WORK: Work = { entries: 0, minutes: 0, bonusCents: 0, deductionCents: 0 };

export const PAYSLIP_COLUMNS = [
  'payslipId',
  'employeeId',
  'month',
  'grossCents',
  'overtimeCents',
  'pensionCents',
  'taxCents',
  'netCents',
] as const;

export function addWork(sum: Work, more: Work): Work {
  return {
    entries: sum.entries + more.entries,
    minutes: added(sum.minutes, more.minutes),
    bonusCents: added(sum.bonusCents, more.bonusCents),
    deductionCents: added(sum.deductionCents, more.deductionCents),
  };
}

const ZERO = fraction(0);
const OVERTIME = fraction(1.25);
const PENSION = fraction(0.093);
/** From so many cents on, so much of what is above them. */
const TAX: ReadonlyArray<readonly [from: number, more: number]> = [
  [100_000, 0.2],
  [300_000, 0.2],
];

/** Figures are rounded one by one, each from its exact value. Null: nothing is paid. */
export function payslipOf(employee: Employee, month: string, work: Work): Payslip | null {
  const { employeeId, hourlyCents } = employee;
  if (hourlyCents !== undefined && work.entries === 0) return null;
  const [gross, overtime] = wagesOf(employee, BigInt(work.minutes));
  const pay = plus(plus(gross, overtime), fraction(BigInt(work.bonusCents)));
  const pension = times(PENSION, pay);
  const tax = taxOn(minus(pay, pension));
  const net = minus(minus(minus(pay, pension), tax), fraction(BigInt(work.deductionCents)));
  return {
    payslipId: `${employeeId}/${month}`,
    employeeId,
    month,
    grossCents: rounded(gross),
    overtimeCents: rounded(overtime),
    pensionCents: rounded(pension),
    taxCents: rounded(tax),
    netCents: rounded(net),
  };
}

function wagesOf(
  { monthlyCents, hourlyCents = 0, contractMinutes }: Employee,
  minutes: bigint,
): [gross: Fraction, overtime: Fraction] {
  const perHour =
    monthlyCents === undefined
      ? fraction(hourlyCents)
      : contractMinutes === 0
        ? ZERO
        : dividedBy(times(fraction(monthlyCents), fraction(60)), fraction(contractMinutes));
  const hours = (worked: bigint) => dividedBy(fraction(worked), fraction(60));
  const contract = BigInt(contractMinutes);
  const within = minutes < contract ? minutes : contract;
  const gross = monthlyCents === undefined ? times(perHour, hours(within)) : fraction(monthlyCents);
  return [gross, times(OVERTIME, times(perHour, hours(minutes - within)))];
}

function taxOn(pay: Fraction): Fraction {
  return TAX.reduce((sum, [from, more]) => {
    const above = minus(pay, fraction(from));
    return compare(above, ZERO) > 0 ? plus(sum, times(fraction(more), above)) : sum;
  }, ZERO);
}

function minus(one: Fraction, other: Fraction): Fraction {
  return plus(one, times(fraction(-1), other));
}
