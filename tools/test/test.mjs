// npm test: everything, from a clean clone. Checks first, then what runs in process, then what runs
// over the wire.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ensureBuilt } from '../build/parts.mjs';
import { checkNames, runChecks } from '../check/check.mjs';
import { Stop } from '../install/command.mjs';
import { checkNode, ensureInstalled } from '../install/install.mjs';
import { childEnvironment, productNode, root, scripts } from '../install/repository.mjs';
import { ensureForeignTools } from './foreign-tools.mjs';

/** Of a failed test's message: enough for the values that differ and the place. */
const REASON_LINES = 12;

const tally = { passed: 0, failed: 0, skipped: 0 };
/**
 * What failed, one line or more each. It is said again at the end, since the tiers print thousands
 * of lines.
 */
const failures = [];
try {
  await prepare();
  await check();
  await runTier('unit');
  await runTier('simulation');
  await runTier('e2e');
} catch (error) {
  tally.failed++;
  const message = error instanceof Stop ? error.message : String(error?.stack ?? error);
  console.error(message);
  failures.push(message);
}
if (failures.length > 0) {
  section('Failed');
  for (const failure of failures) console.log(failure);
  console.log('');
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
  for (const name of failed) failures.push(`check ${name}: npm run check -- ${name}`);
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
  tally.failed += counted.failures.length;
  failures.push(...counted.failures);
  // A runner that fails without a failure in its report (an unhandled rejection) counts as failed
  // too.
  if (code !== 0 && counted.failures.length === 0) {
    tally.failed++;
    failures.push(`${project}: the runner ended with ${code}; see its output above`);
  }
}

/**
 * The runner's JSON report as counts, and what failed as file, name and the first lines of the
 * reason.
 */
function readReport(file) {
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failures: [], skipped: 0 };
  }
  const skipped = report.numPendingTests + (report.numTodoTests ?? 0);
  return {
    passed: report.numPassedTests,
    failures: report.testResults.flatMap(failuresOf),
    skipped,
  };
}

function failuresOf({ name, status, message, assertionResults }) {
  const failed = assertionResults.filter((test) => test.status === 'failed');
  const path = relative(root, name);
  // A file that cannot be loaded, or whose hooks fail, has no failed test.
  if (failed.length === 0) return status === 'failed' ? [describeFailure(path, message)] : [];
  return failed.map((test) =>
    describeFailure(`${path}: ${test.fullName}`, (test.failureMessages ?? []).join('\n')),
  );
}

function describeFailure(what, reason) {
  return [what, ...(reason ?? '').split('\n').slice(0, REASON_LINES)].join('\n    ');
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
