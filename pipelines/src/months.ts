import { calendar, windowsAt } from '@penstock/pipelines';

/** Months as they are in Germany, where the samples' jobs run. */
export const GERMAN_MONTHS = calendar('month', { timeZone: 'Europe/Berlin' });
export const GERMAN_DAYS = calendar('day', { timeZone: 'Europe/Berlin' });

const DATE = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin' });

export interface Month {
  /** YYYY-MM */
  readonly name: string;
  /** Its first moment after it, ms since epoch. */
  readonly end: number;
}

/** The German month of a moment in ms since epoch. */
export function monthAt(ms: number): Month {
  return { name: dayAt(ms).slice(0, 7), end: windowsAt(GERMAN_MONTHS, ms)[0]?.end ?? ms };
}

/** The German day of a moment in ms since epoch, YYYY-MM-DD. */
export function dayAt(ms: number): string {
  return DATE.format(ms);
}
