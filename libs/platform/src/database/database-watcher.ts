import type { OnApplicationShutdown } from '@nestjs/common';
import Database from 'better-sqlite3';
import type { PinoLogger } from '../logging/logger.ts';

export interface DatabaseWatcherOptions {
  readonly file: string;
  readonly logger: PinoLogger;
  /** Time between two looks. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 200;

/**
 * Says when anything was committed to a SQLite file, by this process or another: SQLite counts the
 * commits of other connections in `PRAGMA data_version`, and the watcher has a connection of its
 * own. A look costs some microseconds. Commits within one interval are one change.
 */
export class DatabaseWatcher implements OnApplicationShutdown {
  readonly #database: Database.Database;
  readonly #statement: Database.Statement;
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #logger: PinoLogger;
  #version: number;

  constructor(options: DatabaseWatcherOptions) {
    this.#logger = options.logger;
    this.#database = new Database(options.file, { readonly: true, timeout: 1_000 });
    this.#statement = this.#database.prepare('PRAGMA data_version').pluck();
    this.#version = this.#statement.get() as number;
    this.#timer = setInterval(() => this.#look(), options.intervalMs ?? INTERVAL_MS);
    this.#timer.unref();
  }

  /** Calls `listener` after each change. Returns a function that ends this. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
    this.#database.close();
  }

  onApplicationShutdown(): void {
    this.close();
  }

  #look(): void {
    const version = this.#statement.get() as number;
    if (version === this.#version) return;
    this.#version = version;
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        this.#logger.error({ err: error }, 'a listener of database changes failed');
      }
    }
  }
}
