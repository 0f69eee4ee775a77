import type { PinoLogger } from '../logging/logger.ts';
import { asDatabaseProblem } from './database-problem.ts';

/**
 * Logs a failure that the process outlives. One of control.db is said once, when it begins: what
 * each statement has of it is detail.
 */
export function logSurvived(
  logger: PinoLogger,
  error: unknown,
  message: string,
  fields: Record<string, unknown> = {},
): void {
  const problem = asDatabaseProblem(error);
  if (problem === null) logger.warn({ ...fields, err: error }, message);
  else logger.debug({ ...fields, problem: problem.message }, message);
}
