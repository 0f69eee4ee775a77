import { useSyncExternalStore } from 'react';
import { liveStore, type LiveFrame, type LiveState } from './live-store.ts';

/** Part of the live state; renders again only when the part itself changed. */
export function useLive<Part>(select: (state: LiveState) => Part): Part {
  return useSyncExternalStore(liveStore.subscribe, () => select(liveStore.getState()));
}

/** The frame shown, null before the first. */
export function useFrame(): LiveFrame | null {
  return useLive((state) => state.frame);
}
