/**
 * An offset as people type it or copy it from a table: digits, grouped by commas or not.
 * @returns null when it is none
 */
export function parseOffset(text: string): number | null {
  const trimmed = text.trim();
  if (!/^(\d+|\d{1,3}(,\d{3})+)$/.test(trimmed)) return null;
  const offset = Number(trimmed.replaceAll(',', ''));
  return Number.isSafeInteger(offset) ? offset : null;
}
