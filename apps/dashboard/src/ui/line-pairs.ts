export interface Pair {
  name: string;
  value: string;
}

/**
 * Text with one pair per line, such as `name=value` or `name: value`; empty lines separate. Spaces
 * around a name and one space after the separator are dropped; the rest of the value is kept.
 * @returns the pairs, or what is wrong with the first invalid line: then there are no pairs
 */
export function parsePairs(
  text: string,
  separator: '=' | ':',
): { pairs: Pair[]; problem: null } | { pairs: null; problem: string } {
  const pairs: Pair[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const at = line.indexOf(separator);
    const name = line.slice(0, Math.max(at, 0)).trim();
    if (name === '') {
      const lacks = at < 0 ? `has no “${separator}”` : `has no name before its “${separator}”`;
      return { pairs: null, problem: `Line ${index + 1}, “${line.trim()}”, ${lacks}.` };
    }
    pairs.push({ name, value: line.slice(at + 1).replace(/^ /, '') });
  }
  return { pairs, problem: null };
}
