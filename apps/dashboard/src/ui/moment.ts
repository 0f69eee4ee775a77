const units: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A moment as people type it: `15m`, `2h`, `now-90s`, milliseconds since the epoch, or an ISO date.
 * @returns ms since the epoch, null when it is none of these
 */
export function parseMoment(text: string, now: number): number | null {
  const trimmed = text.trim();
  const ago = /^(?:now\s*-\s*|-)?(\d+(?:\.\d+)?)\s*([smhd])(?:\s*ago)?$/i.exec(trimmed);
  if (ago) return Math.round(now - Number(ago[1]) * units[ago[2]!.toLowerCase()]!);
  if (/^\d{12,14}$/.test(trimmed)) return Number(trimmed);
  if (trimmed === 'now') return now;
  if (!/^\d{4}-\d{2}/.test(trimmed)) return null;
  const at = Date.parse(trimmed);
  return Number.isNaN(at) ? null : at;
}
