// npm run check: everything that can be said about the code without running it. `npm run check --
// NAME` for one.
import { join } from 'node:path';
import { runCommand, Stop } from '../install/command.mjs';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { childEnvironment, productNode, root, scripts } from '../install/repository.mjs';
import { runTool } from '../install/tool.mjs';
import { ensureGenerated } from '../build/parts.mjs';

const AT_ONCE = 2;
const sources = ['apps', 'libs', 'pipelines', 'tools'];

/** @type {Record<string, string[]>} longest first, so that two cores end together */
const checks = {
  types: [scripts.tsc, '-p', 'tsconfig.tests.json'],
  'types-dashboard': [scripts.tsc, '-p', 'apps/dashboard/tsconfig.json', '--noEmit'],
  lint: [scripts.oxlint],
  format: [scripts.prettier, '--check', '--log-level', 'warn', '--cache', '.'].concat([
    '--cache-location',
    '.penstock/prettier-cache',
  ]),
  layers: [scripts.depcruise, '--config', '.dependency-cruiser.mjs', ...sources],
  'dead-code': [scripts.knip],
  style: [scripts.vitest, 'run', '--project', 'unit', 'tools/check'],
};

/**
 * Runs the checks, two at a time.
 * @param {string[]} names
 * @returns {Promise<string[]>} names of those that failed; their output has been printed
 */
export async function runChecks(names = Object.keys(checks)) {
  const waiting = [...names];
  const failed = [];
  const lane = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const startedAt = performance.now();
      const { code, output } = await runCommand(productNode(), checks[name], {
        cwd: root,
        env: childEnvironment({ NO_COLOR: '1', FORCE_COLOR: '0' }),
      });
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.log(`  ${code === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(16)} ${seconds} s`);
      if (code === 0) continue;
      failed.push(name);
      console.log(output.trimEnd().replace(/^/gm, '    '));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return failed;
}

export const checkNames = Object.keys(checks);

async function main() {
  const wanted = process.argv.slice(2);
  const unknown = wanted.find((name) => !(name in checks));
  if (unknown !== undefined) {
    throw new Stop(`There is no check ${unknown}: there are ${checkNames.join(', ')}.`);
  }
  checkNode();
  await ensureInstalled();
  await ensureGenerated();
  const failed = await runChecks(wanted.length === 0 ? checkNames : wanted);
  if (failed.length > 0) throw new Stop(`Failed: ${failed.join(', ')}. (npm run format formats.)`);
}

if (process.argv[1] === join(root, 'tools', 'check', 'check.mjs')) {
  await runTool(main);
}
