import { z } from '@penstock/pipelines';

// Fields that the samples' records have in common.

const EVENT_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A moment in UTC with milliseconds, written as in 2026-05-01T06:00:00.000Z. */
export const Time = z
  .string()
  .refine(
    (text) => EVENT_TIME.test(text) && isMoment(text),
    'must be a moment written as 2026-05-01T06:00:00.000Z',
  );

/** Any text, an empty one too. */
export const Id = z.string();

/** A whole number that JSON carries exactly. */
export const Whole = z.int();

/** Milliseconds since epoch of a {@link Time}. */
export function msOf(time: string): number {
  return Date.parse(time);
}

/** Event time of a record with a `time`. */
export function eventTime({ time }: { readonly time: string }): number {
  return msOf(time);
}

/** The {@link Time} of a moment in ms since epoch. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** How all samples read their sources: records may be 10 s out of order in their partition. */
export const LATENESS = '10s';

/** Refuses what only looks like a moment, such as February 30. */
function isMoment(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && timeOf(ms) === text;
}
