import { asDatabaseProblem, DatabaseProblem } from './database-problem.ts';

export interface StartPatience {
  /** Told what is waited for, at each failed try. */
  readonly say: (words: string) => void;
  /** How long another process is waited for, ms. */
  readonly timeoutMs?: number;
}

/** Many times what a backup or a repair of a small database takes. */
const TIMEOUT_MS = 60_000;

/**
 * Carries out what a start needs of a database, as often as it is locked by another process, for a
 * limited time. A try waits by itself for some seconds.
 * @throws DatabaseProblem at the deadline, saying what to do; else what `work` throws
 */
export async function startPatiently<T>(
  work: () => Promise<T>,
  { say, timeoutMs = TIMEOUT_MS }: StartPatience,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const problem = asDatabaseProblem(error);
      if (problem?.code !== 'DATABASE_BUSY') throw problem ?? error;
      const leftMs = deadline - performance.now();
      if (leftMs < 0) {
        const words = `${problem.message}: end what holds it, and start again`;
        throw new DatabaseProblem('DATABASE_BUSY', words, { cause: error });
      }
      say(`${problem.message}; waiting up to ${Math.ceil(leftMs / 1_000)} s more for it`);
    }
  }
}
