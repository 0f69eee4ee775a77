import { useSearch } from '@tanstack/react-router';

export const ranges = {
  '5m': { label: 'Last 5 min', seconds: 300 },
  '15m': { label: 'Last 15 min', seconds: 900 },
  '1h': { label: 'Last 1 h', seconds: 3_600 },
  '6h': { label: 'Last 6 h', seconds: 21_600 },
  '24h': { label: 'Last 24 h', seconds: 86_400 },
  '7d': { label: 'Last 7 days', seconds: 604_800 },
} as const;

export type RangeKey = keyof typeof ranges;

export function isRangeKey(value: unknown): value is RangeKey {
  return typeof value === 'string' && Object.hasOwn(ranges, value);
}

/** The time range in the URL, 15 minutes when it names none. */
export function useRange(): { key: RangeKey; label: string; seconds: number } {
  const search = useSearch({ strict: false });
  const key = search.range ?? '15m';
  return { key, ...ranges[key] };
}
