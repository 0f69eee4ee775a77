// npm test: everything, from a clean clone. Checks first, then what runs in process, then what runs over the wire.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from '../build/parts.mjs';
import { checkNames, runChecks } from '../check/check.mjs';
import { Stop } from '../install/command.mjs';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { childEnvironment, productNode, root, scripts } from '../install/repository.mjs';
import { ensureForeignTools } from './foreign-tools.mjs';

const tally = { passed: 0, failed: 0, skipped: 0 };
try {
  await prepare();
  await check();
  await runTier('unit');
  await runTier('simulation');
  await runTier('e2e');
} catch (error) {
  tally.failed++;
  console.error(error instanceof Stop ? error.message : error);
}
const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
console.log(`${tally.passed} passed, ${tally.failed} failed${skipped}`);
process.exitCode = tally.failed > 0 ? 1 : 0;

/** Both wait for the network most of the time, so they go side by side. */
async function prepare() {
  checkNode();
  section('Set-up');
  // What npm installs into the folder of the Java client's cache comes after npm itself.
  await ensureInstalled();
  const results = await Promise.allSettled([ensureBuilt(), ensureForeignTools()]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function check() {
  section('Checks');
  // The checks of style run with the unit tests, to which they belong.
  const names = checkNames.filter((name) => name !== 'style');
  const failed = await runChecks(names);
  tally.passed += names.length - failed.length;
  tally.failed += failed.length;
}

/** Runs one tier; what came of each test is read from the runner's own report. */
async function runTier(project) {
  section(`Tests: ${project}`);
  const report = join(root, '.penstock', `tests-${project}.json`);
  mkdirSync(join(root, '.penstock'), { recursive: true });
  rmSync(report, { force: true });
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json'];
  const code = await show(productNode(), [scripts.vitest, ...args, `--outputFile.json=${report}`]);
  const counted = readReport(report);
  tally.passed += counted.passed;
  tally.skipped += counted.skipped;
  // A runner that fails without a failed test (a file that cannot be loaded) has failed all the same.
  tally.failed += code !== 0 && counted.failed === 0 ? 1 : counted.failed;
}

function readReport(file) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = report;
    const skipped = numPendingTests + (numTodoTests ?? 0);
    return { passed: numPassedTests, failed: numFailedTests, skipped };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

function show(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: childEnvironment({ NODE_ENV: 'test' }),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('error', () => resolve(127));
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function section(title) {
  console.log(`\n== ${title}`);
}
