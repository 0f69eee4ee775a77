import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type BetterSqlite3 from 'better-sqlite3';
import { DatabaseProblem } from './database-problem.ts';
import { lockHolder } from './lock-holder.ts';

export interface DatabaseAccessOptions {
  readonly file: string;
  readonly client: BetterSqlite3.Database;
  /** Called when the reason why the database cannot be written changes; null when there is none. */
  readonly onProblem?: ((problem: StandingProblem | null) => void) | undefined;
}

/** Why a database cannot be written, for as long as it lasts. */
export interface StandingProblem {
  /** One line without its duration: `control.db is locked by python3 (process 4711)`. */
  readonly words: string;
  /** Milliseconds since epoch. */
  readonly since: number;
}

/** How long a statement waits for another process's write transaction. */
export const BUSY_TIMEOUT_MS = 5_000;
const HURRIED_TIMEOUT_MS = 300;
/** The delays of SQLite's own busy handler, which would block the thread. */
const DELAYS_MS = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100];
/** Each transaction of another process locks for a moment; a lock of this length is a problem. */
const PROBLEM_AFTER_MS = 1_000;
const PROBE_EVERY_MS = 250;

/**
 * Access to a database that other processes write too. A statement that is refused because of their
 * lock is tried again for a limited time. Meanwhile reads go on, because they need no lock in WAL
 * mode. A refusal also starts a watch: until a write succeeds, a write that changes nothing is
 * tried, so that the problem ends when its cause does.
 */
export class DatabaseAccess {
  readonly #options: DatabaseAccessOptions;
  #busyTimeoutMs = BUSY_TIMEOUT_MS;
  #refusedSince: number | null = null;
  #told: string | null = null;
  #probe: NodeJS.Timeout | undefined;

  constructor(options: DatabaseAccessOptions) {
    this.#options = options;
  }

  /**
   * Runs work that can be repeated when SQLite refuses it.
   * @throws DatabaseProblem when it is refused for too long, or the file cannot be used at all
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    let refusedAt: number | undefined;
    for (let attempt = 0; ; attempt++) {
      try {
        const result = await work();
        // Most refusals last a moment: this success ends the watch before it tries anything.
        if (attempt > 0) this.#isFree();
        return result;
      } catch (error) {
        const refusal = this.#refused(error);
        refusedAt ??= performance.now();
        const isLate = performance.now() - refusedAt > this.#busyTimeoutMs;
        if (!isBusy(refusal) || isLate) throw this.#problem(refusal, error);
      }
      await wait(DELAYS_MS[Math.min(attempt, DELAYS_MS.length - 1)]);
    }
  }

  /** Runs a part of a transaction, which cannot be repeated alone. Throws as `run` does. */
  async once<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#problem(this.#refused(error), error);
    }
  }

  /** From now on nothing waits longer than an ending process can. */
  hurry(): void {
    this.#busyTimeoutMs = HURRIED_TIMEOUT_MS;
  }

  close(): void {
    clearInterval(this.#probe);
  }

  get #since(): number {
    return this.#refusedSince ?? Date.now();
  }

  #problem(refusal: Refusal, cause: unknown): DatabaseProblem {
    const words = this.#describe(refusal);
    if (!isBusy(refusal)) return new DatabaseProblem('DATABASE_UNUSABLE', words, { cause });
    const seconds = Math.round((Date.now() - this.#since) / 1_000);
    return new DatabaseProblem('DATABASE_BUSY', `${words} for ${seconds} s`, { cause });
  }

  /** Starts the watch and returns SQLite's refusal; rethrows an error of the statement itself. */
  #refused(error: unknown): Refusal {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    this.#refusedSince ??= Date.now();
    this.#probe ??= setInterval(() => this.#look(), PROBE_EVERY_MS);
    if (!isBusy(refusal)) this.#tell(this.#describe(refusal));
    return refusal;
  }

  /** Checks whether the database can be written now, and changes nothing in it. */
  #look(): void {
    const { client } = this.#options;
    try {
      // If a transaction of our own holds the lock, no other process does.
      if (!client.inTransaction) writeNothing(client);
      this.#isFree();
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      const lasts = Date.now() - this.#since > PROBLEM_AFTER_MS;
      if (lasts || !isBusy(refusal)) this.#tell(this.#describe(refusal));
    }
  }

  #isFree(): void {
    clearInterval(this.#probe);
    this.#probe = undefined;
    this.#refusedSince = null;
    this.#tell(null);
  }

  #tell(words: string | null): void {
    if (words === this.#told) return;
    this.#told = words;
    this.#options.onProblem?.(words === null ? null : { words, since: this.#since });
  }

  #describe(refusal: Refusal): string {
    const { file } = this.#options;
    const name = basename(file);
    if (isBusy(refusal)) return `${name} is locked by ${lockHolder(file)}`;
    return `${name} cannot be used: ${refusal.message} (${refusal.code}, ${file})`;
  }
}

/** Writes a value that is there already: its commit fails where any other would. */
function writeNothing(client: BetterSqlite3.Database): void {
  const version = client.pragma('user_version', { simple: true }) as number | bigint;
  client.exec('BEGIN IMMEDIATE');
  try {
    client.exec(`PRAGMA user_version = ${version}; COMMIT`);
  } finally {
    if (client.inTransaction) client.exec('ROLLBACK');
  }
}

interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Refusals because of the file and not the statement: locked, read-only, full, damaged. */
const REFUSALS = /^SQLITE_(BUSY|READONLY|FULL|IOERR|CORRUPT|NOTADB|CANTOPEN|PERM)/;

/** What SQLite said, also where Prisma's adapter has put it into an error of its own. */
function refusalOf(error: unknown): Refusal | undefined {
  const { code, message, cause } = error as {
    code?: unknown;
    message?: unknown;
    cause?: { originalCode?: unknown; originalMessage?: unknown };
  };
  const known = { code: cause?.originalCode ?? code, message: cause?.originalMessage ?? message };
  return typeof known.code === 'string' && REFUSALS.test(known.code)
    ? { code: known.code, message: String(known.message) }
    : undefined;
}

function isBusy({ code }: Refusal): boolean {
  return code.startsWith('SQLITE_BUSY');
}
