/** Kind of a {@link DatabaseProblem}; stable, for programs. */
export type DatabaseProblemCode = 'DATABASE_BUSY' | 'DATABASE_UNUSABLE';

/**
 * A database that cannot be used now: another process holds its lock, or the file cannot be read or
 * written. Its message says so in one line, for people. Nothing of the statement was carried out,
 * unless the message says that this is not known.
 */
export class DatabaseProblem extends Error {
  override readonly name = 'DatabaseProblem';
  readonly code: DatabaseProblemCode;

  constructor(code: DatabaseProblemCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The database's problem in an error that came through Prisma, which puts the place of the call
 * before the message and keeps nothing but the code; null for an error of another kind.
 */
export function asDatabaseProblem(error: unknown): DatabaseProblem | null {
  if (error instanceof DatabaseProblem) return error;
  if (!(error instanceof Error)) return null;
  const { code } = error as { code?: unknown };
  if (code !== 'DATABASE_BUSY' && code !== 'DATABASE_UNUSABLE') return null;
  return new DatabaseProblem(code, error.message.split('\n').at(-1) ?? '', { cause: error });
}
