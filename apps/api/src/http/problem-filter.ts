import { STATUS_CODES } from 'node:http';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Logger } from '@penstock/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem, type HttpProblem } from './http-problem.ts';
import type { KnownRoutes } from './known-routes.ts';

/** Where paths end that no route has, and errors that no route has dealt with: problem details. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #routes: KnownRoutes;
  readonly #logger: Logger;

  constructor(routes: KnownRoutes, logger: Logger) {
    this.#routes = routes;
    this.#logger = logger;
  }

  catch(error: unknown, host: ArgumentsHost): unknown {
    // Errors of resolvers are GraphQL's to format.
    if (host.getType<string>() !== 'http') throw error;
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (reply.raw.headersSent) {
      this.#logger.pino.error({ err: error, url: request.url }, 'an answer broke off');
      reply.raw.destroy();
      return undefined;
    }
    const status = error instanceof HttpException ? error.getStatus() : 500;
    if (status === 404) return this.#notFound(request, reply);
    if (status >= 500) {
      this.#logger.pino.error({ err: error, url: request.url }, 'a request failed');
    }
    return sendProblem(reply, problemOf(error, status, request));
  }

  #notFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { method } = request;
    const path = request.url.split('?', 1)[0] ?? '/';
    const allow = this.#routes.methodsOf(path);
    if (allow.length === 0) {
      return sendProblem(reply, { status: 404, detail: `There is nothing at ${path}.` });
    }
    if (method === 'OPTIONS') return reply.code(204).header('allow', allow.join(', ')).send();
    const detail = `${path} does not take ${method}; allowed are ${allow.join(', ')}.`;
    return sendProblem(reply, { status: 405, detail, allow });
  }
}

function problemOf(error: unknown, status: number, request: FastifyRequest): HttpProblem {
  if (status >= 500) {
    const detail = 'Something went wrong here. The log of the api process says what.';
    return { status, detail };
  }
  if (status === 413) {
    const limit = request.routeOptions.bodyLimit ?? request.server.initialConfig.bodyLimit;
    return { status, detail: `The body is larger than ${limit} bytes.` };
  }
  if (status === 415) {
    const type = request.headers['content-type'] ?? '(none)';
    return { status, detail: `Content-Type ${type} is not taken here; send application/json.` };
  }
  const message = error instanceof Error ? error.message : '';
  return { status, detail: message || (STATUS_CODES[status] ?? 'Error') };
}
