import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasProgram, runCommand } from '../install/command.mjs';

/**
 * Makes a virtual environment of Python with packages, once.
 * @param {string} folder where it lies; `bin/python` in it runs with the packages
 * @param {readonly string[]} packages as pip names them, with their versions
 * @returns {Promise<string | undefined>} why there is none
 */
export async function virtualEnvironment(folder, packages) {
  if (!(await hasProgram('python3'))) return 'python3 is not installed';
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return undefined;
  mkdirSync(folder, { recursive: true });
  const made = await runCommand('python3', ['-m', 'venv', folder]);
  if (made.code !== 0) return `python3 -m venv failed: ${made.output.trim().split('\n').at(-1)}`;
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const got = await runCommand(join(folder, 'bin', 'python'), [...pip, ...packages]);
  if (got.code !== 0) return `pip could not install it: ${got.output.trim().split('\n').at(-1)}`;
  writeFileSync(complete, '');
  return undefined;
}
