import type { PinoLogger } from '../logging/logger.ts';
import { logSurvived } from './log-survived.ts';

export interface WriteQueueOptions<T> {
  /** What the items are, for the log: `events`. */
  readonly what: string;
  readonly logger: PinoLogger;
  /** Items that wait; the oldest of more are dropped, and that is logged. */
  readonly itemsMax: number;
  readonly write: (item: T) => Promise<unknown>;
}

const RETRY_MS = 1_000;

/**
 * Writes items to control.db in order, in the background: a slow or locked database delays the
 * record but no caller. A failed write is tried again until newer items push it out or the process
 * ends.
 */
export class WriteQueue<T> {
  readonly #options: WriteQueueOptions<T>;
  readonly #waiting: { readonly item: T }[] = [];
  readonly #stop = new AbortController();
  #writing: Promise<void> | null = null;

  constructor(options: WriteQueueOptions<T>) {
    this.#options = options;
  }

  /** Takes an item, and returns at once. */
  add(item: T): void {
    this.#waiting.push({ item });
    if (this.#waiting.length > this.#options.itemsMax) {
      this.#waiting.shift();
      const { what, logger, itemsMax } = this.#options;
      logger.warn({ itemsMax }, `too many ${what} wait for control.db: the oldest is dropped`);
    }
    this.#writing ??= this.#write();
  }

  /** Resolves when all that waits was tried a last time. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#writing;
  }

  async #write(): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      try {
        await this.#options.write(next.item);
      } catch (error) {
        logSurvived(this.#options.logger, error, `${this.#options.what} could not be recorded`);
        if (this.#stop.signal.aborted) break;
        await this.#pause();
        continue;
      }
      // The item may have been dropped meanwhile.
      if (this.#waiting[0] === next) this.#waiting.shift();
    }
    this.#writing = null;
  }

  #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, RETRY_MS);
    this.#stop.signal.addEventListener('abort', () => resolve(), { once: true });
    return promise.finally(() => clearTimeout(timer));
  }
}
