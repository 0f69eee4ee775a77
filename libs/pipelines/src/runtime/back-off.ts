/**
 * Waits that double from `minMs` to `maxMs`. Each is up to a fifth shorter at random, so that
 * several clients do not retry in step.
 */
export class BackOff {
  readonly #minMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(options: { minMs: number; maxMs: number }) {
    this.#minMs = options.minMs;
    this.#maxMs = options.maxMs;
  }

  /** The number of failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure; returns how long to wait, in ms. */
  next(): number {
    const delay = Math.min(this.#minMs * 2 ** Math.min(this.#failures, 20), this.#maxMs);
    this.#failures += 1;
    return delay * (1 - Math.random() / 5);
  }

  reset(): void {
    this.#failures = 0;
  }
}

/** Resolves after `ms`, or as soon as the signal aborts; never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** Waits for a promise or for the abort; after the abort the promise's outcome is ignored. */
export async function unlessAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  promise.catch(() => {});
  try {
    if (!signal.aborted) {
      await Promise.race([promise, stopped]);
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
