/** Times that are kept: the windows of many keys begin and end at the same. */
const KEPT_MAX = 1_000;
const kept = new Map<number, string>();

/** A time in ms since epoch as ISO 8601 in UTC. Throws RangeError on one that no date can hold. */
export function isoTime(time: number): string {
  let text = kept.get(time);
  if (text === undefined) {
    text = new Date(time).toISOString();
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(time, text);
  }
  return text;
}
