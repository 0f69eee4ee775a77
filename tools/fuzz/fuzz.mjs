// npm run fuzz: attacks the embedded broker with requests that are wrong in every way. `npm run fuzz -- --help` says how.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Stop } from '../install/command.mjs';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { childEnvironment, productNode, root } from '../install/repository.mjs';

const help = `Usage: npm run fuzz [-- [OPTIONS]]

Sends requests of every API and version, made from the declarations of the messages and then broken, to a
broker in a process of its own, and watches that it answers or closes, does not log errors, does not stop
listening to others, and keeps its memory. Prints one line of figures; what it finds goes to .penstock/.

  --minutes N  how long; 1 when left out
  --seed N     sends what an earlier run sent; a new one when left out
  --fsync      with durability fsync instead of os
  --help       this text
`;

try {
  await main();
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function main() {
  const options = readOptions();
  if (options.help) return void process.stdout.write(help);
  const minutes = positive('--minutes', options.minutes ?? '1');
  const seed = positive('--seed', options.seed ?? String(randomInt(1, 1_000_000)));
  checkNode();
  await ensureInstalled();
  // Everything runs from the sources: nothing has to be built first.
  const script = join(root, 'tools', 'fuzz', 'main.ts');
  const durability = options.fsync ? 'fsync' : 'os';
  const args = ['--conditions=source', '--no-warnings', script, minutes, seed, durability];
  const run = spawn(productNode(), args, { cwd: root, env: childEnvironment(), stdio: 'inherit' });
  process.exitCode = await new Promise((resolve) => run.once('exit', (code) => resolve(code ?? 1)));
}

function readOptions() {
  const text = { type: /** @type {const} */ ('string') };
  const flag = { type: /** @type {const} */ ('boolean') };
  try {
    return parseArgs({ options: { minutes: text, seed: text, fsync: flag, help: flag } }).values;
  } catch (error) {
    throw new Stop(`${/** @type {Error} */ (error).message}\n\n${help}`);
  }
}

/**
 * @param {string} name
 * @param {string} text
 */
function positive(name, text) {
  if (Number(text) > 0) return text;
  throw new Stop(`${name} takes a number above 0, not ${text}.`);
}
