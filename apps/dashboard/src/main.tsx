import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { basePath } from './graphql/address.ts';
import { connectCache } from './live/cache.ts';
import { liveStore } from './live/live-store.ts';
import { keepPartsLoaded } from './features/shell/keep-parts-loaded.ts';
import { router } from './router.tsx';
import { theme } from './theme.ts';
import './ui/mantine.css';
import './ui/tokens.css';
import './ui/base.css';
import './ui/frame.css';
import './ui/parts.css';
import './ui/phone.css';

const queryClient = new QueryClient({
  defaultOptions: {
    // Nothing is polled: what changes is told by subscription, and the cache is told to look again.
    // What the browser thinks of the network says nothing about a server on this machine.
    queries: {
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      retry: 1,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

goBelowBase();
liveStore.start();
connectCache(liveStore, queryClient);
keepPartsLoaded(liveStore);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      {/* Variables and classes come from our own style sheets: no style element is injected. */}
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        colorSchemeManager={localStorageColorSchemeManager({ key: 'penstock-color-scheme' })}
        withCssVariables={false}
        withGlobalClasses={false}
      >
        <Notifications position="bottom-left" autoClose={8_000} containerWidth={480} />
        <RouterProvider router={router} />
      </MantineProvider>
    </QueryClientProvider>
  </StrictMode>,
);

/** Whoever comes past the proxy, straight to this server, is led to where the proxy shows it. */
function goBelowBase(): void {
  const { pathname, search, hash } = window.location;
  const base = basePath();
  if (pathname.startsWith(base)) return;
  const rest = `${pathname}/` === base ? '' : pathname.slice(1);
  window.history.replaceState(null, '', base + rest + search + hash);
}
