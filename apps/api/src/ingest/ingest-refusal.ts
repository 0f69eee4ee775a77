import {
  IngestRefusal,
  type IngestProblem,
  type IngestProblemCode,
  type RecordFailure,
  type RecordProblem,
} from '@penstock/control-plane';
import type { FastifyReply } from 'fastify';
import { sendProblem, type ProblemDetails } from '../http/problem-details.ts';
import { ENCODINGS } from './request-body.ts';

/** HTTP status of each reason for which ingest refuses. */
export const STATUS_OF_PROBLEM: Readonly<Record<IngestProblemCode, number>> = {
  'malformed-json': 400,
  'no-records': 400,
  'invalid-record': 400,
  'invalid-cloudevent': 400,
  'invalid-batch': 422,
  'invalid-parameter': 400,
  'unsupported-header': 400,
  'digest-mismatch': 400,
  'invalid-topic': 400,
  'unknown-cluster': 404,
  'unknown-topic': 404,
  'unknown-partition': 404,
  'record-too-large': 413,
  'too-many-records': 413,
  'body-too-large': 413,
  'unsupported-media-type': 415,
  'unsupported-encoding': 415,
  'invalid-encoding': 400,
  'not-authorized': 403,
  'record-refused': 422,
  overloaded: 503,
  'quota-exceeded': 429,
  'not-enough-replicas': 503,
  'storage-failed': 503,
  'no-answer': 503,
  'broker-refused': 502,
  'broker-unavailable': 503,
  stopping: 503,
  'not-implemented': 501,
};

const TITLES: Readonly<Record<IngestProblemCode, string>> = {
  'malformed-json': 'The body is not JSON',
  'no-records': 'There is no record in the body',
  'invalid-record': 'A record cannot be taken',
  'invalid-cloudevent': 'This is no CloudEvent',
  'invalid-batch': 'The batch as a whole cannot be taken',
  'invalid-parameter': 'A parameter cannot be used',
  'unsupported-header': 'A header cannot be honoured',
  'digest-mismatch': 'The body is not the one that was sent',
  'invalid-topic': 'This is not a topic name',
  'unknown-cluster': 'There is no such cluster',
  'unknown-topic': 'There is no such topic',
  'unknown-partition': 'There is no such partition',
  'record-too-large': 'A record is too large',
  'too-many-records': 'There are too many records in the body',
  'body-too-large': 'The body is too large',
  'unsupported-media-type': 'This content type is not taken here',
  'unsupported-encoding': 'This content encoding is not taken here',
  'invalid-encoding': 'The body cannot be decompressed',
  'not-authorized': 'The broker does not allow this',
  'record-refused': 'The topic does not take such a record',
  overloaded: 'Too much is under way already',
  'quota-exceeded': 'The quota of this producer is used up',
  'not-enough-replicas': 'Too few replicas are in sync',
  'storage-failed': 'The disk of the broker failed',
  'no-answer': 'The broker did not answer in time',
  'broker-refused': 'The broker refused the records',
  'broker-unavailable': 'The broker cannot be reached',
  stopping: 'The server stops',
  'not-implemented': 'This is not built yet',
};

/** Answers with the problem of a refusal; any other error goes on to the error handler. */
export function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  if (!(error instanceof IngestRefusal)) throw error;
  sayWhatIsTaken(reply, error.problem);
  return sendProblem(reply, problemDetails(error.problem));
}

/** Lists the accepted encodings in a header (RFC 9110, 15.5.16) if the problem is about them. */
export function sayWhatIsTaken(reply: FastifyReply, problem: IngestProblem): void {
  if (problem.code === 'unsupported-encoding') {
    reply.header('accept-encoding', ENCODINGS.join(', '));
  }
}

/** The body of a refusal. */
export function problemDetails(problem: IngestProblem): ProblemDetails {
  const { code, message, ...rest } = problem;
  return {
    type: `urn:penstock:ingest:${code}`,
    title: TITLES[code],
    status: STATUS_OF_PROBLEM[code],
    detail: message,
    code,
    ...rest,
  };
}

/**
 * The problem of a request of which the broker took no record. If the records failed for several
 * reasons, a retriable one is preferred: the request as a whole may succeed later.
 */
export function problemOfFailures(failures: readonly RecordFailure[]): IngestProblem {
  const first = failures.find(({ retriable }) => retriable) ?? failures[0];
  if (first === undefined) throw new Error('there is no failure to report');
  const { ok: _, ...problem } = first;
  const mayBeAppended = failures.some((failure) => failure.mayBeAppended);
  const several = failures.some(({ message }) => message !== first.message);
  return { ...problem, mayBeAppended, ...(several && { records: recordProblems(failures) }) };
}

const RECORD_PROBLEMS_MAX = 100;

function recordProblems(failures: readonly RecordFailure[]): RecordProblem[] {
  return failures
    .slice(0, RECORD_PROBLEMS_MAX)
    .map(({ code, message }, index) => ({ index, code, message }));
}
