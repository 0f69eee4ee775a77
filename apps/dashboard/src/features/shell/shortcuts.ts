import { useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';
import { liveStore } from '../../live/live-store.ts';
import { toggleTables } from '../../ui/chart/chart-table.ts';
import { getUi, setUi } from '../../ui/ui-state.ts';
import { navItems } from './nav.ts';

const chordMs = 1_000;

/**
 * The keys that work everywhere; single letters only outside of inputs, and only while switched on.
 */
export function useShortcuts(): void {
  const router = useRouter();
  useEffect(() => {
    let goUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setUi({ paletteOpen: true });
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || !getUi().singleKeys) return;
      if (isTyping(event.target) || document.querySelector('[role="dialog"]')) return;
      if (event.timeStamp < goUntil) {
        goUntil = 0;
        const item = navItems.find((candidate) => candidate.key === event.key);
        if (item) void router.navigate({ to: item.to });
        return;
      }
      if (event.key === 'g') goUntil = event.timeStamp + chordMs;
      else if (act(event)) event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [router]);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches('input:not([type="checkbox"], [type="radio"]), textarea, select'))
  );
}

/** True when the key did something. */
function act(event: KeyboardEvent): boolean {
  switch (event.key) {
    case ' ':
      if (
        event.target instanceof HTMLElement &&
        event.target.closest('button:not([aria-selected="true"]), input, summary, [role="button"]')
      ) {
        return false; // Space presses what has the focus; links and the chosen tab know no Space.
      }
      liveStore.setPaused(liveStore.getState().pausedAt === null);
      return true;
    case 't':
      return openList('[data-key="t"]');
    case '.':
      toggleTables();
      return true;
    case '?':
      setUi({ keysOpen: true });
      return true;
    case '/':
      return focusOn('[data-filter]');
    case 'j':
      return moveRow(1);
    case 'k':
      return moveRow(-1);
    case '[':
      return moveTab(-1);
    case ']':
      return moveTab(1);
    case 'h':
      return press('[data-key="h"]');
    case 'p':
      return press('[data-key="p"]');
    case 'Escape':
      return press('[data-key="Escape"]');
    default:
      return false;
  }
}

function focusOn(selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector);
  element?.focus();
  return element !== null;
}

function openList(selector: string): boolean {
  const list = document.querySelector<HTMLSelectElement>(selector);
  list?.focus();
  list?.showPicker();
  return list !== null;
}

function press(selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector);
  element?.click();
  return element !== null;
}

/**
 * Rows are reached through the link or button in their first cell, so Enter opens them by itself.
 */
function moveRow(step: 1 | -1): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')];
  if (rows.length === 0) return false;
  const at = rows.indexOf(document.activeElement as HTMLElement);
  rows[Math.min(Math.max(at + step, 0), rows.length - 1)]?.focus();
  return true;
}

function moveTab(step: 1 | -1): boolean {
  const tabs = [...document.querySelectorAll<HTMLElement>('[role="tab"]')];
  const at = tabs.findIndex((tab) => tab.getAttribute('aria-selected') === 'true');
  const next = tabs[(at + step + tabs.length) % tabs.length];
  next?.click();
  next?.focus();
  return next !== undefined;
}
