import type { FastifyReply } from 'fastify';

/** RFC 9457. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** Why a request is refused, as every route of this port says it; more members may follow. */
export interface ProblemDetails {
  /** `urn:penstock:AREA:CODE`: stable, for programs. */
  readonly type: string;
  /** The same sentence for every problem of the type. */
  readonly title: string;
  readonly status: number;
  /** What is wrong with this request and, where known, what to do. */
  readonly detail: string;
  readonly code: string;
  readonly [member: string]: unknown;
}

/** Seconds after which a client may try again, for problems that pass by themselves. */
export function retryAfterSeconds(status: number): number | undefined {
  return status === 503 || status === 429 ? 1 : undefined;
}

/**
 * Answers with problem details, as bytes: to a text Fastify would add a charset, which the media
 * type does not have.
 */
export function sendProblem(reply: FastifyReply, problem: ProblemDetails): FastifyReply {
  const retryAfter = retryAfterSeconds(problem.status);
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  return reply
    .code(problem.status)
    .type(PROBLEM_MEDIA_TYPE)
    .send(Buffer.from(JSON.stringify(problem)));
}
