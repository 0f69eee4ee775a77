import { findErrorBy, GenericError, MultipleErrors } from '@platformatic/kafka';

/** Whether Kafka, not our code, is the reason: no broker answers, or one answered with an error. */
export function isKafkaError(error: unknown): boolean {
  return error instanceof GenericError || error instanceof MultipleErrors;
}

/** Whether a Kafka error of this name (`OFFSET_OUT_OF_RANGE`) is anywhere in an error. */
export function hasKafkaError(error: unknown, apiId: string): boolean {
  return error instanceof Error && findErrorBy(error, 'apiId', apiId) !== null;
}

/** The innermost reasons of an error in one line: what a person needs to see. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const inner = error instanceof AggregateError ? (error.errors as unknown[]).at(-1) : error.cause;
  if (inner !== undefined && isKafkaError(error)) {
    return reasonOf(inner);
  }
  const kafka = (error as { apiId?: unknown }).apiId;
  return typeof kafka === 'string' ? `${kafka}: ${error.message}` : error.message;
}
