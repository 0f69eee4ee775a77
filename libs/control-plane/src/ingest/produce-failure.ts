import {
  ErrorCodes,
  errorName,
  isRetriable,
  type ErrorName,
} from '@penstock/kafka-protocol/error-codes';
import { kafkaErrorMessage, kafkaErrorName } from '../cluster/cluster-error.ts';
import type { IngestProblemCode } from './ingest-problem.ts';

/**
 * What an append does about an error code of the broker:
 *
 * - `keep`: nothing is wrong, the records are there.
 * - `retry`: the same bytes are sent again until the time limit.
 * - `renew`: the broker no longer knows this producer; the records are sent under a new identity.
 * - `split`: a record of the batch is at fault; requests that share the batch are sent apart, so
 *   that none is refused for another's record.
 * - `refuse`: sending again would not change the answer.
 */
export type Reaction = 'keep' | 'retry' | 'renew' | 'split' | 'refuse';

/** What an error code means for those who wait for the answer. */
export interface ProduceMeaning {
  readonly reaction: Reaction;
  /** Decides the HTTP status. */
  readonly code: IngestProblemCode;
  /** Whether the records may be in the log although the broker reports an error. */
  readonly mayBeAppended: boolean;
}

/** Why records were not acknowledged. */
export interface ProduceFailure {
  readonly code: IngestProblemCode;
  /** For people: Kafka's name and words, and whether the records may have been appended. */
  readonly message: string;
  /** Kafka's name of the error, where a broker answered with one. */
  readonly kafkaError?: string;
  /** Whether the same request may succeed later. */
  readonly retriable: boolean;
  readonly mayBeAppended: boolean;
  /** The broker's words about single records, by their place in the append. */
  readonly ofRecords?: ReadonlyMap<number, string>;
}

type Row = readonly [Reaction, IngestProblemCode, 'not appended' | 'may be appended'];

const NOT_LEADER: Row = ['retry', 'broker-unavailable', 'not appended'];
const PRODUCER_LOST: Row = ['renew', 'broker-refused', 'not appended'];
const RECORD_AT_FAULT: Row = ['split', 'record-refused', 'not appended'];
const TOO_LARGE: Row = ['split', 'record-too-large', 'not appended'];
const FORBIDDEN: Row = ['refuse', 'not-authorized', 'not appended'];
const OUR_FAULT: Row = ['refuse', 'broker-refused', 'not appended'];

/**
 * Every code that a broker may answer Produce or InitProducerId with (ProduceResponse and
 * InitProducerIdResponse of Apache Kafka 4.3, and what its log, its quotas and its authorizer add).
 */
const MEANINGS: Partial<Record<ErrorName, Row>> = {
  NONE: ['keep', 'broker-refused', 'may be appended'],
  DUPLICATE_SEQUENCE_NUMBER: ['keep', 'broker-refused', 'may be appended'],

  UNKNOWN_TOPIC_OR_PARTITION: ['retry', 'unknown-topic', 'not appended'],
  UNKNOWN_TOPIC_ID: ['retry', 'unknown-topic', 'not appended'],
  INCONSISTENT_TOPIC_ID: ['retry', 'unknown-topic', 'not appended'],
  LEADER_NOT_AVAILABLE: NOT_LEADER,
  NOT_LEADER_OR_FOLLOWER: NOT_LEADER,
  BROKER_NOT_AVAILABLE: NOT_LEADER,
  REPLICA_NOT_AVAILABLE: NOT_LEADER,
  FENCED_LEADER_EPOCH: NOT_LEADER,
  UNKNOWN_LEADER_EPOCH: NOT_LEADER,
  COORDINATOR_LOAD_IN_PROGRESS: NOT_LEADER,
  COORDINATOR_NOT_AVAILABLE: NOT_LEADER,
  NOT_COORDINATOR: NOT_LEADER,
  CONCURRENT_TRANSACTIONS: NOT_LEADER,
  // Bytes that were damaged on the way: what arrived was thrown away.
  CORRUPT_MESSAGE: NOT_LEADER,
  NOT_ENOUGH_REPLICAS: ['retry', 'not-enough-replicas', 'not appended'],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: ['retry', 'not-enough-replicas', 'may be appended'],
  KAFKA_STORAGE_ERROR: ['retry', 'storage-failed', 'may be appended'],
  REQUEST_TIMED_OUT: ['retry', 'no-answer', 'may be appended'],
  NETWORK_EXCEPTION: ['retry', 'no-answer', 'may be appended'],
  THROTTLING_QUOTA_EXCEEDED: ['retry', 'quota-exceeded', 'not appended'],

  OUT_OF_ORDER_SEQUENCE_NUMBER: PRODUCER_LOST,
  INVALID_PRODUCER_EPOCH: PRODUCER_LOST,
  INVALID_PRODUCER_ID_MAPPING: PRODUCER_LOST,
  UNKNOWN_PRODUCER_ID: PRODUCER_LOST,
  PRODUCER_FENCED: PRODUCER_LOST,

  MESSAGE_TOO_LARGE: TOO_LARGE,
  RECORD_LIST_TOO_LARGE: TOO_LARGE,
  INVALID_RECORD: RECORD_AT_FAULT,
  INVALID_TIMESTAMP: RECORD_AT_FAULT,
  POLICY_VIOLATION: RECORD_AT_FAULT,
  UNSUPPORTED_FOR_MESSAGE_FORMAT: RECORD_AT_FAULT,

  INVALID_TOPIC_EXCEPTION: ['refuse', 'invalid-topic', 'not appended'],
  TOPIC_AUTHORIZATION_FAILED: FORBIDDEN,
  CLUSTER_AUTHORIZATION_FAILED: FORBIDDEN,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: FORBIDDEN,
  INVALID_REQUIRED_ACKS: OUR_FAULT,
  INVALID_REQUEST: OUR_FAULT,
  INVALID_TXN_STATE: OUR_FAULT,
  UNSUPPORTED_VERSION: OUR_FAULT,
  UNSUPPORTED_COMPRESSION_TYPE: OUR_FAULT,
};

/** The meaning of a code that no broker should answer with: the records may have been appended. */
const UNEXPECTED = { code: 'broker-refused', mayBeAppended: true } as const;

/** What the broker's error code means for an append; any number is taken. */
export function meaningOf(errorCode: number): ProduceMeaning {
  const name = errorName(errorCode);
  const row = ErrorCodes[name] === errorCode ? MEANINGS[name] : undefined;
  if (row === undefined) {
    return { reaction: isRetriable(errorCode) ? 'retry' : 'refuse', ...UNEXPECTED };
  }
  const [reaction, code, fate] = row;
  return { reaction, code, mayBeAppended: fate === 'may be appended' };
}

/** The failure of an append that the broker answered with an error code. */
export function failureOf(errorCode: number, brokerMessage?: string | null): ProduceFailure {
  const { reaction, code, mayBeAppended } = meaningOf(errorCode);
  const kafkaError = kafkaErrorName(errorCode);
  return failure({
    code,
    message: `${kafkaError}: ${brokerMessage ?? kafkaErrorMessage(errorCode)}`,
    kafkaError,
    retriable: reaction === 'retry' || reaction === 'renew',
    mayBeAppended,
  });
}

/** The failure of an append for which no broker had an answer. */
export function unanswered(message: string, mayBeAppended: boolean): ProduceFailure {
  const code = mayBeAppended ? 'no-answer' : 'broker-unavailable';
  return failure({ code, message, retriable: true, mayBeAppended });
}

/** A failure whose message ends with what is known of the records. */
export function failure(given: ProduceFailure): ProduceFailure {
  const words = given.message.replace(/[.\s]+$/, '');
  return { ...given, message: `${words}; ${given.mayBeAppended ? UNKNOWN_FATE : NOT_APPENDED}` };
}

const NOT_APPENDED = 'nothing was appended';
const UNKNOWN_FATE =
  'it is not known whether the records were appended: sending them again may append them twice';

/** The same failure, with another answer to whether the records may have been appended. */
export function withFate(known: ProduceFailure, mayBeAppended: boolean): ProduceFailure {
  if (known.mayBeAppended === mayBeAppended) return known;
  const [from, to] = mayBeAppended ? [NOT_APPENDED, UNKNOWN_FATE] : [UNKNOWN_FATE, NOT_APPENDED];
  return { ...known, message: known.message.replace(from, to), mayBeAppended };
}

/** The failure of appends that still wait when the server stops. */
export const STOPPING = failure({
  code: 'stopping',
  message: 'the server stops',
  retriable: true,
  mayBeAppended: false,
});
