// What a nightly run consists of: commands that are there by themselves, in their long modes.

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string} script path below the root
 * @property {string[]} long words for the whole run
 * @property {string[]} quick words that show that it works
 */

/** @type {Part[]} in the order in which they run */
export const parts = [
  {
    name: 'compat',
    script: 'tools/compat/compat.mjs',
    long: [],
    quick: ['kafkajs', 'platformatic'],
  },
  {
    name: 'faults',
    script: 'tools/faults/faults.mjs',
    long: ['--long'],
    quick: ['--rounds', '1', '1', '26'],
  },
  {
    name: 'fuzz',
    script: 'tools/fuzz/fuzz.mjs',
    long: ['--minutes', '30'],
    quick: ['--minutes', '1'],
  },
  {
    name: 'sim',
    script: 'tools/sim/sim.mjs',
    long: ['--minutes', '30'],
    quick: ['--runs', '20'],
  },
  {
    name: 'bench',
    script: 'tools/bench/bench.mjs',
    long: [],
    quick: ['--quick'],
  },
  {
    name: 'bench-broker',
    script: 'tools/bench/bench.mjs',
    long: ['broker'],
    quick: ['broker', '--quick', '--only', 'start'],
  },
];

/**
 * @param {string | undefined} only names, separated by commas; all when undefined
 * @throws {Error} with a name that is not there
 */
export function chosenParts(only) {
  const names = only?.split(',') ?? parts.map(({ name }) => name);
  const unknown = names.find((wanted) => !parts.some(({ name }) => name === wanted));
  if (unknown !== undefined) {
    const known = parts.map(({ name }) => name).join(', ');
    throw new Error(`there is no part ${unknown}: there are ${known}`);
  }
  return parts.filter(({ name }) => names.includes(name));
}
