/** A length of time: a number of milliseconds, or a whole number with its unit (`'10s'`). */
export type Duration = number | string;

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The milliseconds of a duration; null when it is none. */
export function durationMs(duration: Duration): number | null {
  if (typeof duration === 'number') {
    return Number.isSafeInteger(duration) && duration >= 0 ? duration : null;
  }
  const [, amount, unit] = /^(\d{1,12})(ms|s|m|h|d)$/.exec(duration) ?? [];
  return amount === undefined ? null : Number(amount) * (UNITS[unit ?? ''] ?? 0);
}
