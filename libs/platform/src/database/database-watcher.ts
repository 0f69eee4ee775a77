import type { PinoLogger } from '../logging/logger.ts';
import type { ControlDatabase } from './control-database.ts';

export interface DatabaseWatcherOptions {
  readonly database: Pick<ControlDatabase, 'onCommit'>;
  readonly logger: PinoLogger;
}

/**
 * Says when anything was committed to control.db, by this process or another. The thread that keeps
 * the database looks five times a second; commits within one interval are one change.
 */
export class DatabaseWatcher {
  readonly #listeners = new Set<() => void>();
  readonly #logger: PinoLogger;

  constructor({ database, logger }: DatabaseWatcherOptions) {
    this.#logger = logger;
    database.onCommit(() => this.#tell());
  }

  /** Calls `listener` after each change. Returns a function that ends this. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        this.#logger.error({ err: error }, 'a listener of database changes failed');
      }
    }
  }
}
