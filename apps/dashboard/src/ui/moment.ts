import { currentZone } from './time.ts';

const units: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const date = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]([\d:.]+))?\s*(Z|[+-]\d{2}:\d{2})?$/i;

/**
 * A moment as people type it: `15m`, `2h`, `now-90s`, milliseconds since the epoch, or an ISO date.
 * A date without a zone is in the zone that the page shows its times in.
 * @returns ms since the epoch, null when it is none of these
 */
export function parseMoment(text: string, now: number): number | null {
  const trimmed = text.trim();
  const ago = /^(?:now\s*-\s*|-)?(\d+(?:\.\d+)?)\s*([smhd])(?:\s*ago)?$/i.exec(trimmed);
  if (ago) return Math.round(now - Number(ago[1]) * units[ago[2]!.toLowerCase()]!);
  if (/^\d{12,14}$/.test(trimmed)) return Number(trimmed);
  if (trimmed === 'now') return now;
  const parts = date.exec(trimmed);
  if (!parts) return null;
  const [, year, month, day, time = '00:00', zone] = parts;
  // 30 February would be read as 1 March.
  const daysOfMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number(day) > daysOfMonth) return null;
  const inZone = zone?.toUpperCase() ?? (currentZone() === 'UTC' ? 'Z' : '');
  const at = Date.parse(`${year}-${month}-${day}T${time}${inZone}`);
  return Number.isNaN(at) ? null : at;
}
