import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Figures, Report } from './broker-process.ts';

export interface BrokerUnderAttackOptions {
  readonly durability: 'fsync' | 'os';
  readonly onFigures: (figures: Figures) => void;
  readonly onError: (text: string) => void;
  readonly onDeath: (text: string) => void;
}

/** The broker's process, seen from the one that attacks it. */
export class BrokerUnderAttack {
  readonly port: number;
  readonly #child: ChildProcess;
  #isStopping = false;

  private constructor(child: ChildProcess, port: number, options: BrokerUnderAttackOptions) {
    this.#child = child;
    this.port = port;
    let stderr = '';
    child.stderr?.on('data', (chunk) => (stderr = (stderr + String(chunk)).slice(-4000)));
    child.on('message', (report: Report) => {
      if (report.type === 'figures') options.onFigures(report.figures);
      if (report.type === 'log' && report.level === 'error') options.onError(report.text);
    });
    child.on('exit', (code, signal) => {
      if (!this.#isStopping) options.onDeath(`exit ${code ?? signal}: ${stderr}`);
    });
  }

  static async start(options: BrokerUnderAttackOptions): Promise<BrokerUnderAttack> {
    const script = fileURLToPath(new URL('broker-process.ts', import.meta.url));
    const child = fork(script, [options.durability], {
      execArgv: ['--conditions=source', '--expose-gc', '--no-warnings'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    let stderr = '';
    child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
    const [report] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [
      Report,
    ];
    if (report?.type !== 'ready') throw new Error(`the broker did not start: ${stderr}`);
    return new BrokerUnderAttack(child, report.port, options);
  }

  /** What is left on the heap when everything that can go has gone, bytes. */
  async heapAfterCollection(): Promise<number> {
    this.#child.send('collect');
    for (;;) {
      const [report] = (await once(this.#child, 'message')) as [Report];
      if (report.type === 'collected') return report.heapBytes;
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.send('stop');
    const killed = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await once(this.#child, 'exit');
    clearTimeout(killed);
  }
}
