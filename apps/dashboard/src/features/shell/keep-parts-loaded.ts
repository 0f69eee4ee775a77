import { fetchAllParts } from '../../ui/on-demand.tsx';
import type { LiveStore } from '../../live/live-store.ts';

const idleWaitMsMax = 4_000;

/**
 * Fetches the code of all pages and dialogs while the browser is idle, and fetches again what
 * failed when the server is back: the next click must not depend on the server.
 */
export function keepPartsLoaded(store: LiveStore): void {
  let wasLive = false;
  store.subscribe(() => {
    const isLive = store.getState().connection === 'live';
    if (isLive && !wasLive) whenIdle(() => void fetchAllParts());
    wasLive = isLive;
  });
}

function whenIdle(act: () => void): void {
  // Safari has no idle callback; a timer waits there instead.
  if ('requestIdleCallback' in window) requestIdleCallback(act, { timeout: idleWaitMsMax });
  else setTimeout(act, 1_000);
}
