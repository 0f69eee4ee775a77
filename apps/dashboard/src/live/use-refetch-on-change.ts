import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

const refetchMs = 2_000;

/**
 * Asks again for what lies under a query key when `seen`, a figure of the live frame, has changed:
 * at most every 2 s and only while the page is looked at.
 */
export function useRefetchOnChange(queryKey: readonly string[], seen: unknown): void {
  const client = useQueryClient();
  const askedAt = useRef(0);
  const asked = useRef(seen);
  const key = JSON.stringify(queryKey);
  useEffect(() => {
    if (seen === asked.current || document.visibilityState === 'hidden') return;
    const waitMs = Math.max(0, askedAt.current + refetchMs - performance.now());
    const timer = setTimeout(() => {
      asked.current = seen;
      askedAt.current = performance.now();
      const exact = { queryKey: JSON.parse(key) as string[] };
      void client.invalidateQueries(exact, { cancelRefetch: false });
    }, waitMs);
    return () => clearTimeout(timer);
  }, [client, key, seen]);
}
