const charactersMax = 56;

/**
 * A name as a sentence can bear it: the middle of a very long one is left out, its ends differ
 * most.
 */
export function shortName(name: string): string {
  if (name.length <= charactersMax) return name;
  const half = (charactersMax - 1) / 2;
  return `${name.slice(0, Math.ceil(half))}…${name.slice(-Math.floor(half))}`;
}
