import type { PinoLogger } from '../logging/logger.ts';
import { asDatabaseProblem } from './database-problem.ts';

/**
 * Logs a failure that the process survives. A problem of control.db is logged once elsewhere, when
 * it begins; statements that fail because of it are logged as details.
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
