import { STATUS_CODES } from 'node:http';
import { PROBLEM_MEDIA_TYPE, type ProblemDetails } from './problem-details.ts';

export interface HttpRefusal {
  readonly status: number;
  readonly detail: string;
  /** Where the status alone does not say it; else the status in words. */
  readonly code?: string;
  readonly title?: string;
}

/** How a route that cannot do what is asked leaves; the one filter makes its answer. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly refusal: HttpRefusal;

  constructor(refusal: HttpRefusal) {
    super(refusal.detail);
    this.refusal = refusal;
  }
}

/**
 * The problem of a request that no route has answered.
 *
 * @param url of the request, where it is known: for GraphQL's clients, the problem also carries the
 *   error in the shape that they read
 */
export function httpProblem(refusal: HttpRefusal, url?: string): ProblemDetails {
  const { status, detail } = refusal;
  const phrase = STATUS_CODES[status] ?? 'Error';
  const code = refusal.code ?? phrase.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  const graphqlCode = code.toUpperCase().replaceAll('-', '_');
  const isGraphql = url !== undefined && /^\/graphql(\?|$)/.test(url);
  return {
    type: `urn:penstock:http:${code}`,
    title: refusal.title ?? phrase,
    status,
    detail,
    code,
    ...(isGraphql ? { errors: [{ message: detail, extensions: { code: graphqlCode } }] } : {}),
  };
}

/** A whole answer for a socket that no reply exists for; the connection ends with it. */
export function rawAnswer(problem: ProblemDetails): string {
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Error'}`,
    'Connection: close',
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
