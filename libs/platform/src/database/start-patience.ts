import { asDatabaseProblem, DatabaseProblem } from './database-problem.ts';

export interface StartPatience {
  /** Called at each failed try with what is waited for. */
  readonly say: (words: string) => void;
  /** How long another process is waited for, ms. */
  readonly timeoutMs?: number;
}

/** Much longer than a backup or a repair of a small database takes. */
const TIMEOUT_MS = 60_000;

/**
 * Runs what a start needs of a database, and repeats it while another process has locked the
 * database, for a limited time. Each try waits some seconds by itself.
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
