/** A parsed JSON pointer (RFC 6901): the member names and indexes to follow, in order. */
export type JsonPointer = readonly string[];

/** Returns undefined when `text` is not a JSON pointer. */
export function parseJsonPointer(text: string): JsonPointer | undefined {
  if (text === '') return [];
  if (!text.startsWith('/')) return undefined;
  const tokens = text.slice(1).split('/');
  for (const token of tokens) if (/~(?![01])/.test(token)) return undefined;
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The value that the pointer leads to, or undefined when there is none. */
export function resolvePointer(value: unknown, pointer: JsonPointer): unknown {
  let current = value;
  for (const token of pointer) {
    if (typeof current !== 'object' || current === null) return undefined;
    if (Array.isArray(current)) {
      if (!/^(0|[1-9]\d*)$/.test(token)) return undefined;
      current = current[Number(token)];
    } else {
      if (!Object.hasOwn(current, token)) return undefined;
      current = (current as Record<string, unknown>)[token];
    }
  }
  return current;
}
