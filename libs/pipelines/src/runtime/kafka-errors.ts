import { findErrorBy, GenericError, MultipleErrors } from '@platformatic/kafka';

/** Whether Kafka, not our code, is the reason: no broker answers, or one answered with an error. */
export function isKafkaError(error: unknown): boolean {
  return error instanceof GenericError || error instanceof MultipleErrors;
}

/** Whether a Kafka error of this name (`OFFSET_OUT_OF_RANGE`) is anywhere in an error. */
export function hasKafkaError(error: unknown, apiId: string): boolean {
  return error instanceof Error && findErrorBy(error, 'apiId', apiId) !== null;
}

/**
 * Answers of a broker that trying again does not change: a person has to allow something or to
 * change something. Every other error of Kafka is one that passes.
 */
const REFUSALS = [
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'POLICY_VIOLATION',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_PARTITIONS',
  'INVALID_CONFIG',
  'INVALID_REQUEST',
  'INVALID_REQUIRED_ACKS',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_COMPRESSION_TYPE',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
] as const;

/** Whether a broker answered, and refused for good; see {@link REFUSALS}. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.some((name) => hasKafkaError(error, name));
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
