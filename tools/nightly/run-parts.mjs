// Runs the parts of a nightly run, each as a process of its own with a log of its own.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem, type as system } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { runCommand } from '../install/command.mjs';
import { childEnvironment, productNode, root, scripts } from '../install/repository.mjs';
import { figuresIn, reportText, tablesIn } from './report.mjs';

/**
 * Runs parts one after the other, also after one that failed, and keeps the report up to date.
 * @param {readonly import('./parts.mjs').Part[]} parts
 * @param {{ mode: 'long' | 'quick', folder: string, signal: AbortSignal, say: (line: string) =>
 *   void }} options folder: of the report; signal: ends the part that runs, and starts no other
 * @returns {Promise<import('./report.mjs').Report>}
 */
export async function runParts(parts, { mode, folder, signal, say }) {
  const startedAt = new Date().toISOString();
  const stamp = `${startedAt.slice(0, 16).replaceAll(':', '')}Z-${mode}`;
  const logs = join(root, '.penstock', 'nightly', stamp);
  await mkdir(folder, { recursive: true });
  await mkdir(logs, { recursive: true });
  const report = { startedAt, ...(await commit()), machine: machine(), mode, parts: [] };
  for (const part of parts) {
    if (signal.aborted) break;
    report.parts.push(
      await runPart(part, { mode, signal, say, log: join(logs, `${part.name}.log`) }),
    );
    // After each part: what breaks this run off leaves what was found.
    await writeFile(join(folder, `${stamp}.json`), `${JSON.stringify(report, null, 2)}\n`);
    await writeFile(join(folder, `${stamp}.md`), reportText(report));
  }
  await runCommand(productNode(), [scripts.prettier, '--write', join(folder, `${stamp}.*`)], {
    cwd: root,
  });
  say(`report: ${relative(root, join(folder, `${stamp}.md`))}`);
  return report;
}

async function runPart({ name, script, ...words }, { mode, signal, say, log }) {
  const args = words[mode];
  const command = ['npm run', name.replace(/-.*/, ''), ...(args.length > 0 ? ['--', ...args] : [])];
  say(`${name.padEnd(14)} ${command.join(' ')}`);
  const before = performance.now();
  const { exit, output } = await runLogged([resolve(root, script), ...args], { log, signal });
  const seconds = Math.round((performance.now() - before) / 100) / 10;
  const outcome = exit === 0 ? 'passed' : `failed with exit status ${exit}`;
  say(`${''.padEnd(14)} ${outcome} after ${seconds} s; ${relative(root, log)}`);
  return {
    ...{ name, command: command.join(' '), seconds, exit },
    ...{ tables: tablesIn(output), lines: figuresIn(output) },
  };
}

/** Runs Node to its end; its output goes to a file, and is given back. */
async function runLogged(args, { log, signal }) {
  const child = spawn(productNode(), args, {
    cwd: root,
    env: childEnvironment({ NO_COLOR: '1', FORCE_COLOR: '0' }),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // With all that it started: most parts are a process that waits for another one.
  const stop = () => process.kill(-child.pid, 'SIGTERM');
  signal.addEventListener('abort', stop);
  const file = createWriteStream(log);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    file.write(text);
  });
  child.stderr.on('data', (bytes) => file.write(bytes));
  const exit = await new Promise((done) => {
    child.once('error', () => done(127));
    child.once('close', (code, signal) => done(code ?? (signal ? 128 : 1)));
  });
  signal.removeEventListener('abort', stop);
  await new Promise((done) => file.end(done));
  return { exit, output };
}

async function commit() {
  const git = async (...args) => (await runCommand('git', args, { cwd: root })).output.trim();
  return {
    commit: await git('rev-parse', '--short', 'HEAD'),
    isClean: (await git('status', '--porcelain')) === '',
  };
}

function machine() {
  const gigabytes = (totalmem() / 1e9).toFixed(0);
  const node = process.versions.node;
  return `${cpus().length} cores, ${gigabytes} GB, ${system()} ${release()}, Node ${node}`;
}
