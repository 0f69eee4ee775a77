import { useSyncExternalStore } from 'react';

/** Whether charts also show their data as tables; one switch for the page, on the key `.`. */
let shown = false;
const listeners = new Set<() => void>();

export function toggleTables(): void {
  shown = !shown;
  for (const listener of listeners) listener();
}

export function useTablesShown(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );
}
