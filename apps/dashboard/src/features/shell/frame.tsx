import { Outlet } from '@tanstack/react-router';
import { Suspense } from 'react';
import { onDemand } from '../../ui/on-demand.tsx';
import { useUi } from '../../ui/ui-state.ts';
import { Rail } from './rail.tsx';
import { PhoneTabs } from './phone-tabs.tsx';
import { useShortcuts } from './shortcuts.ts';

const Palette = onDemand(() => import('./palette.tsx').then((module) => module.Palette));
const KeySheet = onDemand(() => import('./key-sheet.tsx').then((module) => module.KeySheet));

/**
 * What stays while pages change: the rail, on phones the tab bar, and what opens over the sheet.
 */
export function Frame() {
  useShortcuts();
  const { paletteUsed, keysUsed } = useUi();
  return (
    <div className="frame">
      <Rail />
      <main className="sheet">
        <Suspense>
          <Outlet />
        </Suspense>
      </main>
      <PhoneTabs />
      <Suspense>
        {paletteUsed && <Palette />}
        {keysUsed && <KeySheet />}
      </Suspense>
    </div>
  );
}
