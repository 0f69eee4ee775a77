import { fetchAllParts } from '../../ui/on-demand.tsx';
import type { LiveStore } from '../../live/live-store.ts';

const idleWaitMsMax = 4_000;

/**
 * Fetches the code of all pages and dialogs while the browser has nothing else to do, and again
 * what failed whenever the server is back: where a person clicks next must not depend on the
 * server.
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
  // Safari has no idle callback; there it waits for what is under way by a timer.
  if ('requestIdleCallback' in window) requestIdleCallback(act, { timeout: idleWaitMsMax });
  else setTimeout(act, 1_000);
}
