import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { type History, requestHistory } from './history.ts';
import { liveStore } from './live-store.ts';
import {
  align,
  bucketed,
  joined,
  seriesId,
  type Aligned,
  type Samples,
  type SeriesKey,
} from './series.ts';

export interface SeriesReader {
  /** Series in the order of `keys`, on one axis, up to the moment shown. */
  read: () => Aligned;
  /** Changes when history arrives. */
  version: number;
  /** Seconds between two points of the history. */
  tierSeconds: number;
  error: unknown;
  retry: () => void;
}

const pointsMax = 900;
const frameHoleMs = 3_500;

/**
 * Series for a chart: the past by a query, the present from the live rings. When the rings no
 * longer reach back to the history's end (after a long time, or a gap in the connection), history
 * is fetched again; a hole that remains is shown.
 */
export function useSeries(keys: readonly SeriesKey[], rangeSeconds: number): SeriesReader {
  // Keys by value: callers give a new array at each render.
  const wanted = JSON.stringify(keys);
  const known = useMemo(() => JSON.parse(wanted) as SeriesKey[], [wanted]);
  const query = useQuery({
    queryKey: ['history', rangeSeconds, wanted],
    enabled: known.length > 0,
    queryFn: ({ signal }) => {
      const from = liveStore.shownAt - rangeSeconds * 1000;
      const input = { series: known, from: Math.floor(from), maxPoints: pointsMax };
      return requestHistory(input, signal);
    },
  });
  const { data, refetch, isFetching, dataUpdatedAt } = query;
  const read = useCallback(() => {
    const to = liveStore.shownAt;
    const from = to - rangeSeconds * 1000;
    const tierMs = (data?.tierSeconds ?? 1) * 1000;
    const past = pastSamples(data);
    let mustRefetch = false;
    const columns = known.map((key) => {
      const history = clipped(past.get(seriesId(key)), from, to);
      const live = liveStore.window(key, from, to);
      const oldest = liveStore.oldestAt(key);
      const end = history?.at.at(-1);
      if (oldest !== undefined && end !== undefined && oldest - end > 2.5 * tierMs + frameHoleMs) {
        mustRefetch = oldest > from;
      }
      return joined(history, tierMs > 1_000 ? bucketed(live, tierMs, key.metric) : live);
    });
    const stale = Math.abs(Date.now() - dataUpdatedAt) > 60_000;
    if (mustRefetch && stale && !isFetching) void refetch();
    return align(columns, Math.max(frameHoleMs, 2.5 * tierMs));
  }, [known, rangeSeconds, data, dataUpdatedAt, isFetching, refetch]);
  return {
    read,
    version: dataUpdatedAt,
    tierSeconds: data?.tierSeconds ?? 1,
    error: query.error,
    retry: () => void refetch(),
  };
}

function pastSamples(data: History | undefined): Map<string, Samples> {
  return new Map(data?.series.map((series) => [seriesId(series), series]));
}

function clipped(samples: Samples | undefined, from: number, to: number): Samples | undefined {
  if (!samples) return undefined;
  const first = samples.at.findIndex((time) => time > from);
  if (first < 0) return undefined;
  const after = samples.at.findIndex((time) => time > to);
  const end = after < 0 ? samples.at.length : after;
  return { at: samples.at.slice(first, end), value: samples.value.slice(first, end) };
}
