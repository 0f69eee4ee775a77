import { loadConfig } from '@penstock/platform/process';
import { RECOVER_HELP } from './recovery/help.ts';
import { repair, serve } from './serve.ts';
import { startProblem } from './start-problem.ts';

/** EX_CONFIG of sysexits.h: the supervisor does not try again what a person has to set right. */
const EXIT_SETTINGS = 78;

try {
  const words = process.argv.slice(2);
  if (words[0] === 'recover') await runRecover(words.slice(1));
  else await serve(loadConfig());
} catch (error) {
  const problem = startProblem(error);
  if (problem === undefined) throw error;
  process.stderr.write(`${problem}\n`);
  process.exitCode = EXIT_SETTINGS;
  // The channel to the supervisor would keep a process alive that has nothing left to do.
  if (process.connected) process.disconnect();
}

/** `main.js recover`: repairs broker.db while no broker runs. */
async function runRecover(words: string[]): Promise<void> {
  const unknown = words.find((word) => !['--dry-run', '--help', '-h'].includes(word));
  if (unknown === undefined && !words.some((word) => word === '--help' || word === '-h')) {
    await repair(loadConfig(), words);
    return;
  }
  if (unknown !== undefined) process.stderr.write(`Unknown option ${unknown}.\n`);
  process.stdout.write(RECOVER_HELP);
  process.exitCode = unknown === undefined ? 0 : 1;
}
