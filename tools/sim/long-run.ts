import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Level, Mode } from './schedules.ts';

/** A level and a mode of which schedules are played. */
export interface Kind {
  readonly level: Level;
  readonly mode: Mode;
}

/** Seeds that a worker process plays before it asks for more. */
export interface Portion extends Kind {
  readonly from: number;
  readonly count: number;
}

/** What a worker says: a seed that failed, or that a portion is done. */
export type WorkerMessage =
  | { readonly kind: 'failed'; readonly seed: number; readonly text: string }
  | { readonly kind: 'done'; readonly played: number; readonly crashes: number };

export interface LongRunOptions {
  readonly kinds: readonly Kind[];
  /** Schedules of each kind. */
  readonly runs: number | undefined;
  readonly minutes: number | undefined;
  readonly from: number | undefined;
  readonly jobs: number;
}

const PORTION = 25;
const RUNS = 500;
const PROGRESS_MS = 5000;

/** Spreads schedules over processes, reports progress, and lists the seeds that failed. */
export class LongRun {
  readonly #options: LongRunOptions;
  readonly #startedAt = performance.now();
  readonly #failures: string[] = [];
  readonly #first: number;
  #given = 0;
  #played = 0;
  #crashes = 0;
  #saidAt = performance.now();

  constructor(options: LongRunOptions) {
    this.#options = options;
    const isLong = options.minutes !== undefined;
    this.#first = options.from ?? (isLong ? Math.floor(Math.random() * 1e9) : 1);
  }

  /** @returns true when every schedule held */
  async play(): Promise<boolean> {
    console.log(`seeds from ${this.#first} on`);
    await Promise.all(Array.from({ length: this.#options.jobs }, () => this.#work()));
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const rate = (this.#played / seconds).toFixed(1);
    console.log(
      `${this.#played} schedules with ${this.#crashes} crashes in ${seconds.toFixed(0)} s (${rate} a second), ${this.#failures.length} failed`,
    );
    for (const failure of this.#failures) console.log(failure);
    return this.#failures.length === 0;
  }

  async #work(): Promise<void> {
    const worker = fork(join(import.meta.dirname, 'worker.ts'), {
      execArgv: ['--conditions=source'],
    });
    try {
      for (let portion = this.#next(); portion !== undefined; portion = this.#next()) {
        await this.#playPortion(worker, portion);
      }
    } finally {
      worker.disconnect();
    }
  }

  #next(): Portion | undefined {
    const { kinds, runs, minutes } = this.#options;
    if (minutes !== undefined) {
      if (performance.now() - this.#startedAt >= minutes * 60_000) return undefined;
    } else if (Math.floor(this.#given / kinds.length) * PORTION >= (runs ?? RUNS)) {
      return undefined;
    }
    const round = Math.floor(this.#given / kinds.length) * PORTION;
    const kind = kinds[this.#given++ % kinds.length]!;
    const count = minutes === undefined ? Math.min(PORTION, (runs ?? RUNS) - round) : PORTION;
    return { ...kind, from: this.#first + round, count };
  }

  #playPortion(worker: ChildProcess, portion: Portion): Promise<void> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error('a worker ended'));
      const onMessage = (message: WorkerMessage): void => {
        if (message.kind === 'failed') {
          this.#failed(portion, message.seed, message.text);
          return;
        }
        this.#played += message.played;
        this.#crashes += message.crashes;
        this.#sayProgress();
        worker.off('exit', onExit);
        worker.off('message', onMessage);
        resolve();
      };
      worker.on('message', onMessage);
      worker.on('exit', onExit);
      worker.send(portion);
    });
  }

  #failed({ level, mode }: Portion, seed: number, text: string): void {
    const command = `npm run sim -- --level ${level} --mode ${mode} --seed ${seed}`;
    const summary = text.split('\n')[0]!;
    console.log(`\nBROKEN: ${level} level, ${mode} mode, seed ${seed}\n${text}\n${command}\n`);
    this.#failures.push(`  ${command}   ${summary}`);
  }

  #sayProgress(): void {
    const now = performance.now();
    if (now - this.#saidAt < PROGRESS_MS) return;
    this.#saidAt = now;
    const seconds = ((now - this.#startedAt) / 1000).toFixed(0);
    console.log(`${seconds} s: ${this.#played} schedules, ${this.#failures.length} failed`);
  }
}
