import { useSyncExternalStore } from 'react';

/**
 * What is open over the page, and whether single-letter keys act. Nothing that belongs in the URL.
 */
export interface UiState {
  paletteOpen: boolean;
  keysOpen: boolean;
  /** Opened at least once, so its code is loaded and it stays mounted. */
  paletteUsed: boolean;
  keysUsed: boolean;
  singleKeys: boolean;
}

const storageKey = 'penstock-single-keys';
const listeners = new Set<() => void>();
let state: UiState = {
  paletteOpen: false,
  keysOpen: false,
  paletteUsed: false,
  keysUsed: false,
  singleKeys: readSingleKeys(),
};

function readSingleKeys(): boolean {
  try {
    return localStorage.getItem(storageKey) !== 'off';
  } catch {
    return true; // no storage: the default
  }
}

export function getUi(): UiState {
  return state;
}

export function setUi(change: Partial<UiState>): void {
  state = { ...state, ...change };
  state.paletteUsed ||= state.paletteOpen;
  state.keysUsed ||= state.keysOpen;
  for (const listener of listeners) listener();
}

export function setSingleKeys(on: boolean): void {
  setUi({ singleKeys: on });
  try {
    localStorage.setItem(storageKey, on ? 'on' : 'off');
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

export function useUi(): UiState {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, getUi);
}
