/**
 * Five cron fields and nothing else: minute, hour, day of month, month, day of week.
 *
 * A field is a list of numbers, of ranges `a-b`, of `*`, and of ranges and `*` with a step (`/n`).
 * Whatever other programs allow besides (H, L, W, #, ?, names, seconds, years) is refused: its
 * meaning differs from program to program, or is drawn at random. A restricted day of month and a
 * restricted day of week are alternatives, as in crontab(5).
 */
export interface CronExpression {
  /** Values in ascending order. */
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly daysOfMonth: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly daysOfWeek: ReadonlySet<number>;
  /** The minute is `*` or a step of it. */
  readonly repeatsByMinutes: boolean;
  /** The hour is `*`, or a step of it that divides the day. */
  readonly repeatsByHours: boolean;
}

/** What is wrong with an expression, where, and what is allowed there. */
export class CronSyntaxError extends Error {
  override readonly name = 'CronSyntaxError';
}

interface FieldRange {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

const MINUTE: FieldRange = { name: 'minute', min: 0, max: 59 };
const HOUR: FieldRange = { name: 'hour', min: 0, max: 23 };
const DAY_OF_MONTH: FieldRange = { name: 'day-of-month', min: 1, max: 31 };
const MONTH: FieldRange = { name: 'month', min: 1, max: 12 };
/** 0 and 7 are Sunday. */
const DAY_OF_WEEK: FieldRange = { name: 'day-of-week', min: 0, max: 7 };

/** Days of each month, January first, in a leap year. */
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Throws {@link CronSyntaxError}. */
export function parseCron(text: string): CronExpression {
  const fields = text.trim().split(/\s+/);
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = fields;
  if (fields.length !== 5) {
    throw new CronSyntaxError(
      'five fields are needed, minute hour day-of-month month day-of-week, ' +
        'for example "0 6 * * *"',
    );
  }
  const expression = {
    minutes: valuesOf(minute, MINUTE),
    hours: valuesOf(hour, HOUR),
    daysOfMonth: new Set(valuesOf(dayOfMonth, DAY_OF_MONTH)),
    months: new Set(valuesOf(month, MONTH)),
    daysOfWeek: new Set(valuesOf(dayOfWeek, DAY_OF_WEEK).map((value) => value % 7)),
    repeatsByMinutes: stepOfAll(minute) !== null,
    repeatsByHours: 24 % (stepOfAll(hour) ?? Infinity) === 0,
  };
  checkDaysExist(expression, dayOfMonth, month);
  return expression;
}

/**
 * Whether an expression is due on a calendar day, given as the ms since epoch of its start in UTC.
 */
export function matchesDay(expression: CronExpression, day: number): boolean {
  const date = new Date(day);
  if (!expression.months.has(date.getUTCMonth() + 1)) {
    return false;
  }
  const byDayOfMonth = expression.daysOfMonth.has(date.getUTCDate());
  const byDayOfWeek = expression.daysOfWeek.has(date.getUTCDay());
  return restrictsDayOfMonth(expression) && restrictsDayOfWeek(expression)
    ? byDayOfMonth || byDayOfWeek
    : byDayOfMonth && byDayOfWeek;
}

export function restrictsDayOfMonth(expression: CronExpression): boolean {
  return expression.daysOfMonth.size < 31;
}

export function restrictsDayOfWeek(expression: CronExpression): boolean {
  return expression.daysOfWeek.size < 7;
}

/** The step of a field that is `*`, with a step or without (1); null for any other field. */
function stepOfAll(field: string): number | null {
  const step = /^\*(?:\/(\d{1,2}))?$/.exec(field);
  return step === null ? null : Number(step[1] ?? 1);
}

function valuesOf(field: string, range: FieldRange): number[] {
  const values = new Set<number>();
  for (const part of field.split(',')) {
    for (const value of valuesOfPart(part, range)) {
      values.add(value);
    }
  }
  return [...values].sort((a, b) => a - b);
}

function valuesOfPart(part: string, range: FieldRange): number[] {
  const match = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part);
  if (match === null || (match[3] !== undefined && match[1] !== undefined && !match[2])) {
    throw refusal(part, range, `is not allowed${hintFor(part)}`);
  }
  const all = match[1] === undefined;
  const first = all ? range.min : Number(match[1]);
  // 7 is another name of Sunday: a step over the whole week must not count it twice.
  const last = all
    ? Math.min(range.max, range.min + lengthOf(range) - 1)
    : Number(match[2] ?? first);
  const step = Number(match[3] ?? 1);
  if (first < range.min || last > range.max) {
    throw refusal(part, range, 'is out of range');
  }
  if (last < first) {
    throw refusal(part, range, 'ends before it begins');
  }
  if (step < 1 || (match[3] !== undefined && step > last - first)) {
    throw refusal(part, range, 'has a step that never comes to a second value');
  }
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => first + i * step);
}

function lengthOf(range: FieldRange): number {
  return range === DAY_OF_WEEK ? 7 : range.max - range.min + 1;
}

function refusal(part: string, range: FieldRange, what: string): CronSyntaxError {
  const { name, min, max } = range;
  const sunday = range === DAY_OF_WEEK ? ' (0 and 7 are Sunday)' : '';
  return new CronSyntaxError(
    `${name} "${part}" ${what}; allowed are *, */n, a, a-b, a-b/n and lists of them with commas, ` +
      `of numbers from ${min} to ${max}${sunday}`,
  );
}

function hintFor(part: string): string {
  if (/^h/i.test(part)) {
    return ' (H would be another moment at each start)';
  }
  return /^[a-z]{3}/i.test(part) ? ' (names are not, write numbers)' : '';
}

/** Refuses days of month that none of the months has, such as 30 February. */
function checkDaysExist(expression: CronExpression, dayOfMonth: string, month: string): void {
  const longest = Math.max(...[...expression.months].map((each) => MONTH_DAYS[each - 1] ?? 0));
  if (Math.min(...expression.daysOfMonth) > longest) {
    throw new CronSyntaxError(
      `by its day-of-month "${dayOfMonth}" it is never due: month "${month}" has no such day`,
    );
  }
}
