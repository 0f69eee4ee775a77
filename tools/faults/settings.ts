import { randomInt } from 'node:crypto';
import { SeededRandom } from '@penstock/testing';

/** How much `npm run faults` asked for; `tools/faults/faults.mjs` puts it into the environment. */
const env = process.env;

/** Full counts instead of those that fit into some minutes. */
export const isLong = env['PENSTOCK_FAULTS_LONG'] === '1';
/** Repeats everything random. */
export const seed = Number(env['PENSTOCK_FAULTS_SEED'] ?? randomInt(1, 1_000_000));

/** Rounds of a fault that is repeated: what was asked for, or what suits the length of the run. */
export function rounds(usual: number, long: number): number {
  const asked = env['PENSTOCK_FAULTS_ROUNDS'];
  if (asked !== undefined) return Number(asked);
  return isLong ? long : usual;
}

/** Numbers from 0 to below 1 that follow from the seed and a name. */
export function randomOf(name: string): () => number {
  let state = seed;
  for (const character of name) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193);
  const random = new SeededRandom(state);
  return () => random.next();
}

type Figure = string | number | readonly number[];

/** One line of what a fault test measured: `fault 1 · kills 20 · acked 31204 · …`. */
export function report(fault: number | string, figures: Readonly<Record<string, Figure>>): void {
  const texts = Object.entries(figures).map(([name, value]) => `${name} ${text(value)}`);
  process.stdout.write(`  fault ${fault} · ${texts.join(' · ')}\n`);
}

/** Times as median and maximum. */
function text(value: Figure): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return value.toLocaleString('en');
  if (value.length === 0) return 'none';
  const sorted = value.map(Math.round).sort((a, b) => a - b);
  return `${sorted[sorted.length >> 1]}/${sorted.at(-1)}`;
}
