import { IngestRefusal, type IngestProblem, type IngestProblemCode } from '@penstock/control-plane';
import type { FastifyReply } from 'fastify';
import { retryAfterSeconds } from '../http/problem-details.ts';
import { STATUS_OF_PROBLEM, problemDetails, sayWhatIsTaken } from './ingest-refusal.ts';

/** `error_code` of REST Proxy (io.confluent.kafkarest.Errors) and its HTTP status. */
const ERRORS: Readonly<Partial<Record<IngestProblemCode, readonly [number, number]>>> = {
  'malformed-json': [400, 400],
  'no-records': [422, 422],
  'invalid-record': [422, 422],
  'invalid-batch': [42208, 422],
  'invalid-topic': [40002, 400],
  'unknown-topic': [40401, 404],
  'unknown-partition': [40402, 404],
  'not-authorized': [40301, 403],
  'record-too-large': [413, 413],
  'record-refused': [42206, 422],
  'broker-refused': [50002, 500],
  'broker-unavailable': [50302, 503],
  'not-enough-replicas': [50003, 503],
  'storage-failed': [50003, 503],
  'no-answer': [50003, 503],
  stopping: [50302, 503],
  'quota-exceeded': [42901, 429],
  overloaded: [429, 429],
};

/** The error codes that REST Proxy gives a refused request, in its v2 and v3 alike. */
export function restProxyError(problem: Pick<IngestProblem, 'code'>): {
  errorCode: number;
  status: number;
} {
  const known = ERRORS[problem.code];
  const status = STATUS_OF_PROBLEM[problem.code];
  return { errorCode: known?.[0] ?? status, status: known?.[1] ?? status };
}

/** REST Proxy's own shape, `error_code` and `message`, with the members of problem details. */
export function refuseAsRestProxy(
  reply: FastifyReply,
  error: unknown,
  mediaType: string,
): FastifyReply {
  if (!(error instanceof IngestRefusal)) throw error;
  const { problem } = error;
  const { errorCode, status } = restProxyError(problem);
  const message = problem.code === 'unknown-topic' ? 'Topic not found.' : problem.message;
  const retryAfter = retryAfterSeconds(status);
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  sayWhatIsTaken(reply, problem);
  const body = { error_code: errorCode, message, ...problemDetails(problem), status };
  return reply
    .code(status)
    .type(mediaType)
    .send(Buffer.from(JSON.stringify(body)));
}
