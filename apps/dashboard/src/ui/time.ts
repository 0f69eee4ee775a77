import { useSyncExternalStore } from 'react';

/** Times are milliseconds since the epoch; the zone in use is named in the top bar. */
export type Zone = 'UTC' | 'local';

const storageKey = 'penstock-zone';
const listeners = new Set<() => void>();
let zone: Zone = readZone();
let formatters = makeFormatters(zone);

function readZone(): Zone {
  try {
    return localStorage.getItem(storageKey) === 'local' ? 'local' : 'UTC';
  } catch {
    return 'UTC'; // no storage: the default zone, every time
  }
}

function makeFormatters(of: Zone) {
  const timeZone = of === 'UTC' ? { timeZone: 'UTC' } : {};
  const make = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-GB', { hourCycle: 'h23', ...timeZone, ...options });
  return {
    time: make({ hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    minute: make({ hour: '2-digit', minute: '2-digit' }),
    date: make({ day: 'numeric', month: 'short' }),
    zone: make({ timeZoneName: 'short' }),
    year: make({ day: 'numeric', month: 'short', year: 'numeric' }),
  };
}

export function setZone(next: Zone): void {
  zone = next;
  formatters = makeFormatters(next);
  try {
    localStorage.setItem(storageKey, next);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  for (const listener of listeners) listener();
}

export function currentZone(): Zone {
  return zone;
}

/**
 * The zone in use as clocks name it now, e.g. `UTC`, `GMT+1`; and in full, e.g. `Europe/Berlin`.
 */
export function zoneNames(): { short: string; full: string } {
  if (zone === 'UTC') return { short: 'UTC', full: 'UTC' };
  return {
    short: zonePart(Date.now()),
    full: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

function zonePart(at: number): string {
  const parts = formatters.zone.formatToParts(at);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? 'UTC';
}

export function useZone(): Zone {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => zone,
  );
}

/** `14:26:10` */
export function formatTime(at: number): string {
  return formatters.time.format(at);
}

/** `14:26:10.252` */
export function formatTimeExact(at: number): string {
  return `${formatters.time.format(at)}.${String(((at % 1000) + 1000) % 1000).padStart(3, '0')}`;
}

/** `14:26`, for axes. */
export function formatMinute(at: number): string {
  return formatters.minute.format(at);
}

/** `20 Nov` */
export function formatDate(at: number): string {
  return formatters.date.format(at);
}

/** `20 Nov 14:26:10`; without the date when it is the same day as `now`. */
export function formatMoment(at: number, now: number = Date.now()): string {
  const sameDay = formatters.year.format(at) === formatters.year.format(now);
  return sameDay ? formatTime(at) : `${formatDate(at)} ${formatTime(at)}`;
}

/** Full, for hovers and `<time dateTime>`. */
export function formatFull(at: number): string {
  return `${formatters.year.format(at)} ${formatTimeExact(at)} ${zonePart(at)}`;
}
