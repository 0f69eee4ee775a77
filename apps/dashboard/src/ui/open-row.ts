import type { MouseEvent } from 'react';

/**
 * A click anywhere in a row is a click on the link in its first cell, with the keys that were held,
 * so that a new tab opens as people know it. Controls in the row, and text being marked, stay as
 * they are.
 */
export function openRow(event: MouseEvent<HTMLTableRowElement>): void {
  const { target, currentTarget, ctrlKey, metaKey, shiftKey } = event;
  if (!(target instanceof Element) || target.closest('a, button, input, label, select')) return;
  if (window.getSelection()?.isCollapsed === false) return;
  currentTarget.querySelector('[data-row]')?.dispatchEvent(
    new window.MouseEvent('click', {
      bubbles: true,
      cancelable: true,
      ctrlKey,
      metaKey,
      shiftKey,
    }),
  );
}
