import { spawn } from 'node:child_process';

/** @type {Set<import('node:child_process').ChildProcess>} what runs and may be ended at any time */
const running = new Set();
let isEnding = false;

/** npm catches the signal and rolls back slowly; an interrupted installation is repeated anyway. */
const GRACE_MS = 2_000;

/** Ends every program that runs here and may be ended; no other is started. */
export function endCommands() {
  isEnding = true;
  for (const child of running) {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
  }
}

/**
 * Runs a program to its end. Its output is kept, and shown only when `show` is set.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean, uninterrupted?: boolean }}
 *   [options] `uninterrupted`: `endCommands` leaves it alone, since ending it half-way would leave
 *   a mess
 * @returns {Promise<{ code: number, output: string }>} code is 127 when there is no such program
 */
export function runCommand(command, args, options = {}) {
  if (isEnding) return Promise.resolve({ code: 128, output: '' });
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (!options.uninterrupted) running.add(child);
    let output = '';
    const keep = (stream) => (chunk) => {
      output = (output + chunk).slice(-400_000);
      if (options.show) stream.write(chunk);
    };
    child.stdout.setEncoding('utf8').on('data', keep(process.stdout));
    child.stderr.setEncoding('utf8').on('data', keep(process.stderr));
    const end = (code) => {
      running.delete(child);
      resolve({ code, output });
    };
    child.once('error', (error) => {
      output += `${error.message}\n`;
      end(127);
    });
    child.once('close', (code, signal) => end(code ?? (signal ? 128 : 1)));
  });
}

/** A reason to stop that is the user's to remove: printed as one line, without a stack. */
export class Stop extends Error {}

/** Shows that a long step goes on; `detail` is asked every five seconds. */
export async function withProgress(name, work, detail = () => '') {
  const started = performance.now();
  const seconds = () => ((performance.now() - started) / 1000).toFixed(1).padStart(5);
  const timer = setInterval(() => {
    console.log(`  ${name.padEnd(10)}${seconds()} s  … ${detail()}`);
  }, 5000);
  try {
    const said = await work();
    console.log(`  ${name.padEnd(10)}${seconds()} s  ${said ?? 'done'}`);
  } finally {
    clearInterval(timer);
  }
}

/** True when a program of this name is in the PATH. */
export async function hasProgram(name) {
  // Debian puts servers where not everybody's path leads.
  const script = `PATH="$PATH:/usr/local/sbin:/usr/sbin" command -v ${name}`;
  return (await runCommand('sh', ['-c', script])).code === 0;
}
