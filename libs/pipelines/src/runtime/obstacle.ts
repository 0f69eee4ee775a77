import { StateFenced, StateFileError } from '../state/sqlite-backing.ts';
import { RetryLater } from '../topology/definition-error.ts';
import { isKafkaError, isRefusal, reasonOf } from './kafka-errors.ts';

/** Errors of the file system that end when somebody makes room. */
const NO_ROOM = ['ENOSPC', 'EDQUOT'];

/**
 * What work that met this error waits for, in words that follow "waits for"; null when waiting
 * does not help, so that the work has failed.
 */
export function obstacleOf(error: unknown): string | null {
  if (error instanceof RetryLater) {
    return `what the pipeline asks for: ${error.message}`;
  }
  if (error instanceof StateFenced || (error instanceof StateFileError && error.isLocked)) {
    return `its state: ${error.message}`;
  }
  if (isKafkaError(error)) {
    return isRefusal(error) ? null : `the broker: ${reasonOf(error)}`;
  }
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return NO_ROOM.includes(String(code)) ? `room on the disk: ${reasonOf(error)}` : null;
}
