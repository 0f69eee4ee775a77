import type { Page } from 'playwright-core';

/** Widths from the smallest phone in use to a desk, CSS pixels. */
export const widths = [360, 390, 768, 1024, 1440];
/** Below this width the phone's template holds. */
const phoneBelow = 640;

/**
 * The faults of a page's layout, in words: it is wider than the window; something lies outside the
 * window and cannot be scrolled to; a name is cut off and can be read nowhere; something to press
 * is too small for a pointer or, on a phone, for a finger; the phone's tab bar is not on screen.
 */
export async function pageFaults(page: Page): Promise<string[]> {
  return page.evaluate(inspect, phoneBelow);
}

/** Runs in the browser. */
function inspect(phoneBelow: number): string[] {
  const faults = new Set<string>();
  const width = document.documentElement.clientWidth;
  const isPhone = width < phoneBelow;
  const name = (element: Element) =>
    `${element.tagName.toLowerCase()}.${element.className} “${element.textContent.slice(0, 40)}”`;
  const isShown = (element: Element) => {
    const { width: wide, height } = element.getBoundingClientRect();
    const { visibility, clipPath } = getComputedStyle(element);
    return wide > 1 && height > 1 && visibility === 'visible' && clipPath === 'none';
  };
  const hasAncestor = (element: Element, test: (style: CSSStyleDeclaration) => boolean) => {
    for (let at = element.parentElement; at; at = at.parentElement) {
      if (test(getComputedStyle(at))) return true;
    }
    return false;
  };
  if (document.documentElement.scrollWidth > width) {
    faults.add(`the document is ${document.documentElement.scrollWidth} px wide`);
  }
  for (const element of document.querySelectorAll('main *, nav *')) {
    if (!isShown(element) || element.closest('svg, canvas')) continue;
    const { left, right } = element.getBoundingClientRect();
    const isOutside = right > width + 0.5 || left < -0.5;
    const isReachable = hasAncestor(
      element,
      (style) => /auto|scroll/.test(style.overflowX) || style.textOverflow === 'ellipsis',
    );
    if (isOutside && !isReachable) faults.add(`outside of the window: ${name(element)}`);
    const isCut =
      getComputedStyle(element).textOverflow === 'ellipsis' &&
      element.scrollWidth > element.clientWidth + 1;
    // The text of a record is read whole when its row is opened.
    if (isCut && !element.closest('[title], .record-table')) faults.add(`cut: ${name(element)}`);
  }
  for (const link of document.querySelectorAll('.rail .nav a')) {
    if (link.scrollHeight > link.clientHeight + 1) faults.add(`does not fit: ${name(link)}`);
  }
  for (const element of document.querySelectorAll('a, button, input, select, [role="tab"]')) {
    const target = element.closest('label') ?? element;
    const isInSentence = element.matches('p a, li a, dd a, h1 a, .tags a, .json button');
    if (!isShown(target)) continue;
    const { width: wide, height } = target.getBoundingClientRect();
    const least = isPhone && !isInSentence ? 44 : 24;
    const isInline = isInSentence && getComputedStyle(element).display === 'inline';
    if (!isInline && (height < least - 0.5 || wide < 23.5)) {
      faults.add(`${Math.round(wide)} × ${Math.round(height)} px to press: ${name(element)}`);
    }
  }
  const tabs = document.querySelector('.phone-tabs')!.getBoundingClientRect();
  if (isPhone && (tabs.right > width + 0.5 || tabs.bottom > window.innerHeight + 0.5)) {
    faults.add('the tab bar is not on the screen');
  }
  return [...faults];
}
