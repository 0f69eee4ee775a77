/** What drawn pipelines and drawn records agree on. */

export const START = Date.parse('2026-03-28T22:00:00Z');

/** One is huge, one has what separates parts of names elsewhere. */
export const KEYS: readonly string[] = ['a', 'k/1 \u0000 2', `Ü🦉${'x'.repeat(300)}`];

export const DEVICES: readonly string[] = ['north', 'south', 'east'];

/** A value of the drawn pipelines between two operators. */
export interface Value {
  readonly key: string | null;
  readonly device: string;
  readonly at: number;
  readonly amount: number;
}

/** Schema of the sources: refuses tombstones. */
export function parseValue(input: unknown): Value {
  const value = input as Value | null;
  if (value === null || typeof value.amount !== 'number') throw new TypeError('no value');
  return value;
}

/** Values of which operators make something else, or nothing. */
export const POISON = 13;
