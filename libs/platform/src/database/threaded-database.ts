import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import type {
  SqlDriverAdapter,
  SqlDriverAdapterFactory,
  SqlQuery,
  Transaction,
} from '@prisma/driver-adapter-utils';
import type { StandingProblem } from './database-access.ts';
import {
  fromFields,
  type DatabaseCall,
  type DatabaseMessage,
  type DatabaseRequest,
  type ThreadOptions,
} from './database-messages.ts';
import { DatabaseProblem } from './database-problem.ts';

/** Statements that may wait for the thread; more are refused, so that memory is bounded. */
const WAITING_MAX = 2_000;
/** Longer than any wait for a lock: only a disk that hangs takes this long. */
const ANSWER_DEADLINE_MS = 15_000;

/** A thread that is silent for longer than this is reported as a problem. */
const SILENCE_MS = 2_000;

interface Waiter {
  readonly call: DatabaseCall;
  /** When it was asked, by the monotonic clock, in ms. */
  readonly askedAt: number;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * A SQLite database in a thread of its own, as Prisma's driver. Statements are sent to the thread
 * and wait there for the disk and for other processes' locks, while this event loop goes on. It is
 * opened once; after `dispose` it stays closed.
 */
export class ThreadedDatabase {
  readonly #file: string;
  readonly #thread: Worker;
  readonly #waiting = new Map<number, Waiter>();
  /** Requests to begin a transaction that nobody waits for any more. */
  readonly #abandoned = new Set<number>();
  readonly #commitListeners = new Set<() => void>();
  readonly #problemListeners = new Set<(problem: string | null) => void>();
  #problem: StandingProblem | null = null;
  #lastId = 0;
  #closed = false;

  constructor(options: ThreadOptions) {
    this.#file = options.file;
    this.#thread = new Worker(THREAD, {
      workerData: options,
      name: 'database',
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
      ...(IS_SOURCE && { execArgv: ['--conditions=source', '--no-warnings'] }),
    });
    // An error in the thread is a bug. Nothing listens for it, so it ends the process.
    this.#thread.on('message', (message: DatabaseMessage) => this.#receive(message));
    this.#thread.once('exit', () => this.#end());
  }

  /** For Prisma's client. */
  get adapterFactory(): SqlDriverAdapterFactory {
    return { provider: 'sqlite', adapterName: 'penstock-sqlite', connect: () => this.#connect() };
  }

  /** Why the database cannot be written now, in one line for people; null while it can. */
  get problem(): string | null {
    if (this.#problem !== null) {
      const seconds = Math.round((Date.now() - this.#problem.since) / 1_000);
      return `${this.#problem.words} for ${seconds} s`;
    }
    const [oldest] = this.#waiting.values();
    const silenceMs = oldest === undefined ? 0 : performance.now() - oldest.askedAt;
    if (silenceMs < SILENCE_MS) return null;
    return `${basename(this.#file)} has not answered for ${Math.round(silenceMs / 1_000)} s`;
  }

  /**
   * Calls `listener` when the database can no longer be written, and with null when it can again.
   */
  onProblem(listener: (problem: string | null) => void): () => void {
    this.#problemListeners.add(listener);
    return () => this.#problemListeners.delete(listener);
  }

  /** Calls `listener` after commits, of this process or another. */
  onCommit(listener: () => void): () => void {
    this.#commitListeners.add(listener);
    return () => this.#commitListeners.delete(listener);
  }

  async #connect(): Promise<SqlDriverAdapter> {
    await this.#call({ kind: 'open' });
    return {
      provider: 'sqlite',
      adapterName: 'penstock-sqlite',
      queryRaw: (query) => this.#call({ kind: 'query', query }),
      executeRaw: (query) => this.#call({ kind: 'execute', query }),
      executeScript: (script) => this.#call({ kind: 'script', script }),
      startTransaction: async () => this.#transaction(await this.#call({ kind: 'begin' })),
      dispose: () => this.close(),
    };
  }

  #transaction(transaction: number): Transaction {
    const named =
      (kind: 'createSavepoint' | 'rollbackToSavepoint' | 'releaseSavepoint') => (name: string) =>
        this.#call<void>({ kind, transaction, name });
    return {
      provider: 'sqlite',
      adapterName: 'penstock-sqlite',
      options: { usePhantomQuery: false },
      queryRaw: (query) => this.#call({ kind: 'query', query, transaction }),
      executeRaw: (query) => this.#call({ kind: 'execute', query, transaction }),
      commit: () => this.#call({ kind: 'commit', transaction }),
      rollback: () => this.#call({ kind: 'rollback', transaction }),
      createSavepoint: named('createSavepoint'),
      rollbackToSavepoint: named('rollbackToSavepoint'),
      releaseSavepoint: named('releaseSavepoint'),
    };
  }

  /** The process is ending: from now on it does not wait for a locked database. */
  hurry(): void {
    if (!this.#closed) this.#call({ kind: 'hurry' }).catch(() => {});
  }

  /** Carries out what was asked before, closes the file and ends the thread. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const closing = this.#call<void>({ kind: 'close' });
    this.#closed = true;
    await closing;
  }

  #call<T>(call: DatabaseCall): Promise<T> {
    const name = basename(this.#file);
    if (this.#closed) return Promise.reject(new Error(`${name} is closed`));
    if (this.#waiting.size >= WAITING_MAX && call.kind !== 'close') {
      const message = this.problem ?? `${name} is slow`;
      return Promise.reject(
        new DatabaseProblem('DATABASE_BUSY', `${message}: ${WAITING_MAX} statements wait for it`),
      );
    }
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => this.#giveUp(id), ANSWER_DEADLINE_MS);
      this.#waiting.set(id, { call, askedAt: performance.now(), resolve, reject, timer });
      this.#thread.postMessage({ id, call } satisfies DatabaseRequest);
    });
  }

  #giveUp(id: number): void {
    const seconds = ANSWER_DEADLINE_MS / 1_000;
    const words = `${basename(this.#file)} has not answered for ${seconds} s; whether the statement was carried out is not known`;
    const waiter = this.#take(id);
    waiter?.reject(new DatabaseProblem('DATABASE_BUSY', words));
    // The transaction may still begin and would then hold the lock for ever.
    if (waiter?.call.kind === 'begin') this.#abandoned.add(id);
  }

  async #abandon(transaction: number): Promise<void> {
    const query: SqlQuery = { sql: 'ROLLBACK', args: [], argTypes: [] };
    await this.#call({ kind: 'execute', query, transaction });
    await this.#call({ kind: 'rollback', transaction });
  }

  #take(id: number): Waiter | undefined {
    const waiter = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiter?.timer);
    return waiter;
  }

  #receive(message: DatabaseMessage): void {
    switch (message.kind) {
      case 'result':
        if (this.#abandoned.delete(message.id)) void this.#abandon(message.result as number);
        return this.#take(message.id)?.resolve(message.result as never);
      case 'error':
        this.#abandoned.delete(message.id);
        return this.#take(message.id)?.reject(fromFields(message.error));
      case 'problem':
        this.#problem = message.problem;
        this.#problemListeners.forEach((listener) => listener(this.problem));
        return;
      case 'commit':
        this.#commitListeners.forEach((listener) => listener());
    }
  }

  #end(): void {
    this.#closed = true;
    for (const id of [...this.#waiting.keys()]) {
      this.#take(id)?.reject(new Error(`${basename(this.#file)} is closed`));
    }
  }
}

/** Beside this file, as source in tests and as JavaScript in the process. */
const IS_SOURCE = import.meta.url.endsWith('.ts');
const THREAD = new URL(`./database-thread.${IS_SOURCE ? 'ts' : 'js'}`, import.meta.url);
