import { spawn, type ChildProcess } from 'node:child_process';
import { eventually } from '../eventually.ts';

export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ManagedProcessOptions {
  command: string;
  args: string[];
  /** Added to the environment of the test; `undefined` removes a variable. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Opens an IPC channel, as the supervisor does for its processes. */
  ipc?: boolean;
  /** Text for standard input, which is closed after it; without it standard input is empty. */
  input?: string;
  /** How much of its output is kept, from the end; 4 million characters if left out. */
  outputCharactersMax?: number;
  /** Leader of its own process group, so that the whole group can be ended. */
  ownGroup?: boolean;
}

const OUTPUT_CHARACTERS_MAX = 4_000_000;

/** A child process whose output is kept, and which is killed when it is disposed. */
export class ManagedProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exited: Promise<ProcessExit>;
  readonly messages: unknown[] = [];
  readonly #ownGroup: boolean;
  #stdout = '';
  #stderr = '';
  #exit: ProcessExit | undefined;

  constructor(options: ManagedProcessOptions) {
    this.#ownGroup = options.ownGroup ?? false;
    const { outputCharactersMax = OUTPUT_CHARACTERS_MAX } = options;
    const env: NodeJS.ProcessEnv = { ...process.env, ...options.env };
    // vitest's own switches must not reach the processes under test.
    delete env['NODE_OPTIONS'];
    delete env['VITEST'];
    delete env['NODE_ENV'];
    this.child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env,
      detached: this.#ownGroup,
      stdio: ['pipe', 'pipe', 'pipe', ...(options.ipc ? (['ipc'] as const) : [])],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout = lastOf(this.#stdout + text, outputCharactersMax);
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = lastOf(this.#stderr + text, outputCharactersMax);
    });
    this.child.stdin?.on('error', () => undefined);
    this.child.stdin?.end(options.input ?? '');
    this.child.on('message', (message) => this.messages.push(message));
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      // 'close' comes after the last output has been read, 'exit' may come before.
      this.child.once('close', (code, signal) => {
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
    this.exited.catch(() => undefined);
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.child.spawnfile} did not start`);
    return this.child.pid;
  }
  get stdout(): string {
    return this.#stdout;
  }
  get stderr(): string {
    return this.#stderr;
  }
  get output(): string {
    return this.#stdout + this.#stderr;
  }
  get exit(): ProcessExit | undefined {
    return this.#exit;
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (this.#exit !== undefined) return;
    try {
      process.kill(this.#ownGroup ? -this.pid : this.pid, signal);
    } catch {
      // It ended in this moment.
    }
  }

  /** Ends it with a signal and waits for its end; kills it hard when it does not listen. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 15_000): Promise<ProcessExit> {
    this.kill(signal);
    const timer = setTimeout(() => this.kill('SIGKILL'), graceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits until what it wrote matches; fails at once, with its output, when it ends before. */
  async waitForOutput(pattern: RegExp, deadlineMs = 30_000): Promise<RegExpMatchArray> {
    let ended = false;
    const found = await eventually(
      () => {
        const match = this.output.match(pattern);
        if (match !== null) return { match };
        ended = this.#exit !== undefined;
        return ended ? { match: undefined } : undefined;
      },
      { deadlineMs, what: `output ${pattern} of ${this.child.spawnargs.join(' ')}` },
    ).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}\n${this.output.slice(-4000)}`, { cause: error });
    });
    if (found.match === undefined) {
      throw new Error(
        `ended with ${JSON.stringify(this.#exit)} before ${pattern} came\n${this.output.slice(-4000)}`,
      );
    }
    return found.match;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGTERM', 12_000).catch(() => undefined);
  }
}

/** Cut only when it is too long: cutting copies all of it. */
function lastOf(text: string, charactersMax: number): string {
  return text.length > charactersMax ? text.slice(-charactersMax) : text;
}

/** Runs a program to its end; fails, with all it wrote, when its exit code is not 0. */
export async function run(
  command: string,
  args: string[],
  options: Omit<ManagedProcessOptions, 'command' | 'args'> & { deadlineMs?: number } = {},
): Promise<{ stdout: string; stderr: string }> {
  const { deadlineMs = 60_000, ...rest } = options;
  const running = new ManagedProcess({ command, args, ...rest });
  const timer = setTimeout(() => running.kill('SIGKILL'), deadlineMs);
  const { code, signal } = await running.exited.finally(() => clearTimeout(timer));
  if (code !== 0) {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    throw new Error(`${command} ${args.join(' ')}: ${how}\n${running.output.slice(-8000)}`);
  }
  return { stdout: running.stdout, stderr: running.stderr };
}
