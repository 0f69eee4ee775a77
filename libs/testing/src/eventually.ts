import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** How long to try, ms. */
  deadlineMs?: number;
  /** Pause between tries, ms. */
  intervalMs?: number;
  /** What is waited for; part of the error when it does not come. */
  what?: string;
}

/**
 * Calls `attempt` until it neither throws nor returns `undefined`, `null` or `false`, and gives
 * what it returned. Fails with the last reason once the deadline has passed.
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  options: EventuallyOptions | number = {},
): Promise<Exclude<T, undefined | null | false>> {
  const {
    deadlineMs = 10_000,
    intervalMs = 50,
    what = 'the condition',
  } = typeof options === 'number' ? { deadlineMs: options } : options;
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const outcome = await tryOnce(attempt);
    if (outcome.held) return outcome.value as Exclude<T, undefined | null | false>;
    if (performance.now() >= deadline) {
      throw new Error(`${what} did not hold within ${deadlineMs} ms: ${outcome.reason}`, {
        cause: outcome.cause,
      });
    }
    await delay(intervalMs);
  }
}

type Outcome<T> = { held: true; value: T } | { held: false; reason: string; cause?: unknown };

async function tryOnce<T>(attempt: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    const value = await attempt();
    if (value === undefined || value === null || value === false) {
      return { held: false, reason: `last value was ${String(value)}` };
    }
    return { held: true, value };
  } catch (error) {
    return {
      held: false,
      reason: error instanceof Error ? error.message : String(error),
      cause: error,
    };
  }
}
