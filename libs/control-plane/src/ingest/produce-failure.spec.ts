import { ErrorCodes, isRetriable, type ErrorName } from '@penstock/kafka-protocol/error-codes';
import { describe, expect, it } from 'vitest';
import { failureOf, meaningOf } from './produce-failure.ts';

const NAMES = Object.keys(ErrorCodes) as ErrorName[];

/** Retried although Kafka says no client should: another producer identity, another broker. */
const RETRIED_ALL_THE_SAME = new Set<ErrorName>([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'UNKNOWN_PRODUCER_ID',
  'PRODUCER_FENCED',
  'BROKER_NOT_AVAILABLE',
]);

/** Only the client of ingest can correct these: it gets a status of 400 to 499. */
const CLIENTS_FAULT = new Map<ErrorName, string>([
  ['MESSAGE_TOO_LARGE', 'record-too-large'],
  ['RECORD_LIST_TOO_LARGE', 'record-too-large'],
  ['INVALID_RECORD', 'record-refused'],
  ['INVALID_TIMESTAMP', 'record-refused'],
  ['POLICY_VIOLATION', 'record-refused'],
  ['UNSUPPORTED_FOR_MESSAGE_FORMAT', 'record-refused'],
  ['INVALID_TOPIC_EXCEPTION', 'invalid-topic'],
  ['TOPIC_AUTHORIZATION_FAILED', 'not-authorized'],
  ['CLUSTER_AUTHORIZATION_FAILED', 'not-authorized'],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'not-authorized'],
]);
const CLIENTS_CODES = new Set(CLIENTS_FAULT.values());

/** The log may have taken the batch before these are answered, or nobody can know. */
const FATE_UNKNOWN = new Set<ErrorName>([
  'UNKNOWN_SERVER_ERROR',
  'REQUEST_TIMED_OUT',
  'NETWORK_EXCEPTION',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'KAFKA_STORAGE_ERROR',
]);

describe('what an error code of the broker means for records', () => {
  it.each(NAMES)('%s', (name) => {
    const errorCode = ErrorCodes[name];
    const { reaction, code, mayBeAppended } = meaningOf(errorCode);
    const isKept = name === 'NONE' || name === 'DUPLICATE_SEQUENCE_NUMBER';
    expect(reaction === 'keep').toBe(isKept);
    if (isKept) return;
    const failure = failureOf(errorCode, 'words of the broker');
    expect(failure.retriable).toBe(isRetriable(errorCode) || RETRIED_ALL_THE_SAME.has(name));
    expect(CLIENTS_CODES.has(code) ? code : undefined).toBe(CLIENTS_FAULT.get(name));
    if (FATE_UNKNOWN.has(name)) expect(mayBeAppended).toBe(true);
    if (CLIENTS_FAULT.has(name)) expect(mayBeAppended).toBe(false);
    expect(failure).toMatchObject({ code, mayBeAppended });
    expect(failure.message).toContain('words of the broker; ');
    expect(failure.message).toMatch(mayBeAppended ? /append them twice$/ : /nothing was appended$/);
  });

  it('is unknown for a code that is in no table', () => {
    expect(meaningOf(9_999)).toEqual({
      reaction: 'refuse',
      code: 'broker-refused',
      mayBeAppended: true,
    });
    expect(failureOf(9_999).message).toContain('9999');
  });
});
