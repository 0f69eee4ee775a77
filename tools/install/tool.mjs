// What the commands of the repository (npm run sim, compat, …) have in common: options, errors,
// exit codes.
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { Stop } from './command.mjs';
import { childEnvironment, productNode, root } from './repository.mjs';

/**
 * Runs a command of ours; a Stop is printed as it is, and makes it fail.
 * @param {() => Promise<void>} main
 */
export async function runTool(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/**
 * Runs Node with these arguments to its end, and takes over its exit code.
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] added to the environment
 */
export async function runNode(args, env = {}) {
  const child = spawn(productNode(), args, {
    cwd: root,
    env: childEnvironment(env),
    stdio: 'inherit',
  });
  process.exitCode = await new Promise((resolve) =>
    child.once('exit', (code) => resolve(code ?? 1)),
  );
}

/**
 * Reads a command line as util.parseArgs does.
 * @template {import('node:util').ParseArgsConfig} C
 * @param {string} help the command that lists the options, for the message
 * @param {C} config
 * @returns {ReturnType<typeof parseArgs<C>>}
 * @throws {Stop} that says which word is wrong and where the right ones are listed
 */
export function readOptions(help, config) {
  try {
    return parseArgs(config);
  } catch (error) {
    // Node's second sentence is about words that begin with a dash, which none of ours does.
    const [what] = /** @type {Error} */ (error).message.split('. ');
    throw new Stop(`${what}: ${help} lists what there is.`);
  }
}

/**
 * The number that was given for an option.
 * @param {string} name with its dashes
 * @param {string} text
 * @throws {Stop} when it is not a whole number from 1 on
 */
export function wholeNumber(name, text) {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Stop(`${name} takes a whole number from 1, not ${text}.`);
}
