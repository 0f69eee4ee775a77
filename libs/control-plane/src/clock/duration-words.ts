const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** A duration of at least a second in its two greatest units: `2 h 3 min`, `45 s`. */
export function durationInWords(durationMs: number): string {
  let restMs = Math.round(durationMs / 1_000) * 1_000;
  const first = UNITS.findIndex(([, unitMs]) => restMs >= unitMs);
  const words: string[] = [];
  for (const [unit, unitMs] of UNITS.slice(Math.max(first, 0), Math.max(first, 0) + 2)) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0) {
      words.push(`${count} ${unit}`);
    }
  }
  return words.length === 0 ? '0 s' : words.join(' ');
}
