import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import { PROBLEM_MEDIA_TYPE } from '../ingest/problem-details.ts';

/** An answer of RFC 9457. `title` is the status in words where nothing more is to be said. */
export interface HttpProblem {
  readonly status: number;
  readonly detail: string;
  /** Last part of a `urn:penstock:http:` type, where the status alone does not say it. */
  readonly code?: string;
  readonly title?: string;
  /** Methods that are allowed, for the status 405. */
  readonly allow?: readonly string[];
}

/** The body of a problem. For GraphQL's clients it also carries the error as they expect it. */
export function problemBody(problem: HttpProblem, path: string | undefined): string {
  const { status, code, detail } = problem;
  const phrase = STATUS_CODES[status] ?? 'Error';
  const isGraphql = path !== undefined && /^\/graphql(\?|$)/.test(path);
  const graphqlCode = (code ?? phrase).toUpperCase().replaceAll(/[^A-Z]+/g, '_');
  return JSON.stringify({
    type: code === undefined ? 'about:blank' : `urn:penstock:http:${code}`,
    title: problem.title ?? phrase,
    status,
    detail,
    ...(isGraphql ? { errors: [{ message: detail, extensions: { code: graphqlCode } }] } : {}),
  });
}

/** Sent as bytes: to a text Fastify would add a charset, which the media type does not have. */
export function sendProblem(reply: FastifyReply, problem: HttpProblem): FastifyReply {
  if (problem.allow !== undefined) reply.header('allow', problem.allow.join(', '));
  return reply
    .code(problem.status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_MEDIA_TYPE)
    .send(Buffer.from(problemBody(problem, reply.request.url)));
}

/** The same on a socket on which no answer has begun, which then ends. */
export function rawProblem(problem: HttpProblem, path?: string): string {
  const body = problemBody(problem, path);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Error'}`,
    'Connection: close',
    ...(problem.allow === undefined ? [] : [`Allow: ${problem.allow.join(', ')}`]),
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
