import { spawn } from 'node:child_process';

/**
 * Runs a program to its end. Its output is kept, and shown only when `show` is set.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean, prefix?: string }} [options]
 * @returns {Promise<{ code: number, output: string }>} code is 127 when there is no such program
 */
export function runCommand(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (stream) => (chunk) => {
      output = (output + chunk).slice(-400_000);
      if (options.show) stream.write(chunk);
    };
    child.stdout.setEncoding('utf8').on('data', keep(process.stdout));
    child.stderr.setEncoding('utf8').on('data', keep(process.stderr));
    child.once('error', (error) => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.once('close', (code, signal) => resolve({ code: code ?? (signal ? 128 : 1), output }));
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
  return (await runCommand('sh', ['-c', `command -v ${name}`])).code === 0;
}
