import type { ProcessContext, Table } from '@penstock/pipelines';
import {
  compare,
  dividedBy,
  fraction,
  type Kept,
  revived,
  rounded,
  times,
} from './exact-number.ts';
import { timeOf } from './sample-fields.ts';

const MINUTE = 60_000;
const WINDOW_MS = 5 * MINUTE;
const SILENT_AFTER_MS = 10 * MINUTE;
const JAM = { vehicles: 10, below: fraction(0.4), clearFrom: fraction(0.6) };

export interface Segment {
  readonly segmentId: string;
  readonly limitKmh: number;
  readonly alternatives: readonly string[];
}

/** What was measured on a segment in the window that ends at `end`, ms since epoch. */
export interface Measured {
  readonly segmentId: string;
  readonly end: number;
  readonly vehicles: number;
  readonly meanKmh: Kept;
}

export interface JamChange {
  readonly jamId: string;
  readonly segmentId: string;
  readonly state: 'jammed' | 'clear';
  readonly since: string;
  readonly windowEnd: string;
  readonly meanKmh: number | null;
  readonly alternative: string | null;
}

interface SegmentTraffic {
  newest: Measured;
  /** End of the newest slow window since it was last clear. */
  slowAt: number | null;
  /** Start of the jam that it is in. */
  since: string | null;
}

/** The traffic of each segment. A list, because a segment may have any name. */
export type Traffic = SegmentTraffic[];

/** Looks at all windows that end at a time, or at a segment that may have fallen silent. */
export type JamTimer = { readonly end: number } | { readonly silent: Measured };

export type JamContext = ProcessContext<Traffic, JamChange>;

/** Notes a window; those that end at the same time are judged when all have come. */
export function measured(window: Measured, { state, schedule, eventTime }: JamContext): void {
  const known = state.find(({ newest }) => newest.segmentId === window.segmentId);
  if (known === undefined) state.push({ newest: window, slowAt: null, since: null });
  else known.newest = window;
  schedule(eventTime, { end: window.end } satisfies JamTimer);
}

/** Judges each segment with a window that ends now; or one that has had none for ten minutes. */
export function due(timer: JamTimer, context: JamContext, segments: Table<Segment>): void {
  if ('silent' in timer) {
    const { segmentId, end } = timer.silent;
    const traffic = context.state.find(({ newest }) => newest.segmentId === segmentId);
    if (traffic?.newest.end === end) clear(traffic, end + SILENT_AFTER_MS, null, context);
    return;
  }
  for (const traffic of context.state) {
    if (traffic.newest.end !== timer.end) continue;
    const segment = context.table(segments).get(traffic.newest.segmentId);
    if (segment !== undefined) judge(traffic, segment, context, segments);
    if (traffic.since !== null) {
      const silent: JamTimer = { silent: traffic.newest };
      context.schedule(context.eventTime + SILENT_AFTER_MS, silent);
    }
  }
}

function judge(
  traffic: SegmentTraffic,
  segment: Segment,
  context: JamContext,
  segments: Table<Segment>,
): void {
  const { segmentId, end, vehicles, meanKmh } = traffic.newest;
  const mean = revived(meanKmh);
  const limit = fraction(segment.limitKmh);
  if (traffic.since !== null) {
    if (compare(mean, times(JAM.clearFrom, limit)) >= 0) {
      clear(traffic, end, rounded(mean, 1), context);
    }
    return;
  }
  if (vehicles < JAM.vehicles || compare(mean, times(JAM.below, limit)) >= 0) return;
  if (traffic.slowAt !== end - MINUTE) {
    traffic.slowAt = end;
    return;
  }
  const since = timeOf(traffic.slowAt - WINDOW_MS);
  traffic.since = since;
  context.emit({
    jamId: `${segmentId}/${since}`,
    segmentId,
    state: 'jammed',
    since,
    windowEnd: timeOf(end),
    meanKmh: rounded(mean, 1),
    alternative: fastest(segment.alternatives, context, segments),
  });
}

function clear(
  traffic: SegmentTraffic,
  end: number,
  meanKmh: number | null,
  { emit }: JamContext,
): void {
  const { segmentId } = traffic.newest;
  const since = traffic.since as string;
  const jamId = `${segmentId}/${since}`;
  const windowEnd = timeOf(end);
  emit({ jamId, segmentId, state: 'clear', since, windowEnd, meanKmh, alternative: null });
  traffic.since = null;
  traffic.slowAt = null;
}

/** Of segments the one that is fastest for its limit, the first of several; null: none is known. */
function fastest(
  ids: readonly string[],
  { state, table }: JamContext,
  segments: Table<Segment>,
): string | null {
  const known = ids.flatMap((id) => {
    const traffic = state.find(({ newest }) => newest.segmentId === id);
    const limitKmh = table(segments).get(id)?.limitKmh ?? 0;
    // No speed has a share of a limit of 0.
    return traffic === undefined || limitKmh === 0
      ? []
      : [{ id, share: dividedBy(revived(traffic.newest.meanKmh), fraction(limitKmh)) }];
  });
  const [first, ...others] = known;
  if (first === undefined) return null;
  return others.reduce((best, one) => (compare(one.share, best.share) > 0 ? one : best), first).id;
}
