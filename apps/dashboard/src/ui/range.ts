import { useSearch } from '@tanstack/react-router';
import { useEffect, useSyncExternalStore } from 'react';

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

interface Range {
  key: RangeKey;
  label: string;
  seconds: number;
}

let followers = 0;
const listeners = new Set<() => void>();

function changeFollowers(by: 1 | -1): void {
  followers += by;
  for (const listener of listeners) listener();
}

/**
 * The range for what is drawn over time; while something follows it, the page offers the choice.
 */
export function useRange(): Range {
  useEffect(() => {
    changeFollowers(1);
    return () => changeFollowers(-1);
  }, []);
  return useRangeChoice();
}

/**
 * Whether something on the page follows the range; a choice that changes nothing is not offered.
 */
export function useHasFollowers(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => followers > 0,
  );
}

/** The time range in the URL, 15 minutes when it names none. */
export function useRangeChoice(): Range {
  const search = useSearch({ strict: false });
  const key = search.range ?? '15m';
  return { key, ...ranges[key] };
}
