/**
 * How numbers are written, one function per row of the design's table of numbers.
 * All of them are pure; unknown (null, undefined, NaN) is always the dash, never 0.
 */
const NBSP = '\u00a0';
const MINUS = '\u2212';
export const UNKNOWN = '—';

type Maybe = number | null | undefined;

function known(value: Maybe): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** Count in sentences, tiles and charts: whole below 1,000, then k M G T: 760 · 2.6k · 300k. */
export function formatCount(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  const sign = value < 0 ? MINUS : '';
  let rest = Math.abs(value);
  if (rest < 999.5) return sign + String(Math.round(rest));
  for (const suffix of ['k', 'M', 'G', 'T']) {
    rest /= 1000;
    if (rest < 99.95) return `${sign}${rest.toFixed(1)}${suffix}`;
    if (rest < 999.5 || suffix === 'T') return `${sign}${Math.round(rest)}${suffix}`;
  }
  return sign + String(rest);
}

/** Count on an axis: round numbers without their empty decimal: 4k · 2.5k. */
export function formatAxis(value: number): string {
  return formatCount(value).replace('.0', '');
}

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Exact, grouped: lag, offsets and records in tables. */
export function formatExact(value: Maybe): string {
  return known(value) ? grouped.format(value).replace('-', MINUS) : UNKNOWN;
}

/** Rate without its unit; below 10 with one decimal when it is not whole, so that 0.4 is not 0. */
export function formatRateValue(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.05) return `<${NBSP}0.1`;
  if (size < 9.95 && Math.abs(size - Math.round(size)) >= 0.05) return value.toFixed(1);
  return formatCount(value);
}

/** Records per second: 3.4k/s. */
export function formatRate(value: Maybe): string {
  return known(value) ? `${formatRateValue(value)}/s` : UNKNOWN;
}

/** Duration or age in milliseconds: 0.6 s · 48 s · 2 m 43 s · 23 h 02 m · 5 d 3 h. */
export function formatDuration(milliseconds: Maybe): string {
  if (!known(milliseconds)) return UNKNOWN;
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds === 0) return `0${NBSP}s`;
  if (seconds < 9.95) return `${seconds.toFixed(1)}${NBSP}s`;
  if (seconds < 59.5) return `${Math.round(seconds)}${NBSP}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return pair(Math.floor(whole / 60), 'm', whole % 60, 's');
  const minutes = Math.floor(whole / 60);
  if (minutes < 48 * 60) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'm');
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}${NBSP}d ${hours % 24}${NBSP}h`;
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return `${large}${NBSP}${largeUnit} ${String(small).padStart(2, '0')}${NBSP}${smallUnit}`;
}

/** An estimate in a running sentence, one unit: about 3 min. */
export function formatAbout(milliseconds: Maybe): string {
  if (!known(milliseconds)) return UNKNOWN;
  const seconds = milliseconds / 1000;
  if (seconds < 5) return `less than 5${NBSP}s`;
  if (seconds < 90) return `about ${Math.round(seconds)}${NBSP}s`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)}${NBSP}min`;
  if (seconds < 172_800) return `about ${Math.round(seconds / 3600)}${NBSP}h`;
  return `about ${Math.round(seconds / 86_400)}${NBSP}d`;
}

/** Bytes, decimal: 34.6 GB. */
export function formatBytes(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  if (value < 1000) return `${Math.round(value)}${NBSP}B`;
  let rest = value;
  for (const unit of ['kB', 'MB', 'GB', 'TB']) {
    rest /= 1000;
    if (rest < 99.95) return `${rest.toFixed(1)}${NBSP}${unit}`;
    if (rest < 999.5 || unit === 'TB') return `${Math.round(rest)}${NBSP}${unit}`;
  }
  return UNKNOWN;
}

/** Share from 0 to 1: 22 % · 99.46 %; never rounded up to 100 %. */
export function formatPercent(share: Maybe): string {
  if (!known(share)) return UNKNOWN;
  const percent = share * 100;
  if (percent >= 99 && percent < 100) {
    return `${(Math.floor(percent * 100) / 100).toFixed(2)}${NBSP}%`;
  }
  return `${Math.round(percent)}${NBSP}%`;
}

/** Change with its sign: +45.6k · −3. */
export function formatChange(value: Maybe): string {
  if (!known(value)) return UNKNOWN;
  const text = formatCount(Math.abs(value));
  if (text === '0') return '0';
  return (value < 0 ? MINUS : '+') + text;
}

/** `1 record`, `2 records`: exact and grouped. */
export function formatPlural(value: number, one: string, many = `${one}s`): string {
  return `${formatExact(value)}${NBSP}${value === 1 ? one : many}`;
}
