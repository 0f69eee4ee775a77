import { STATUS_CODES } from 'node:http';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { asDatabaseProblem, type Logger } from '@penstock/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { httpProblem, type HttpRefusal, RequestRefused } from './http-problem.ts';
import type { KnownRoutes } from './known-routes.ts';
import { sendProblem } from './problem-details.ts';

/**
 * Answers paths without a route, and errors that no route has handled, with problem details. Nest
 * uses it as its filter, Fastify's own routes as their error handler.
 */
@Catch()
export class ErrorAnswers implements ExceptionFilter {
  readonly #routes: KnownRoutes;
  readonly #logger: Logger;

  constructor(routes: KnownRoutes, logger: Logger) {
    this.#routes = routes;
    this.#logger = logger;
  }

  catch(error: unknown, host: ArgumentsHost): unknown {
    // GraphQL formats the errors of resolvers.
    if (host.getType<string>() !== 'http') throw error;
    const http = host.switchToHttp();
    return this.answer(error, http.getRequest(), http.getResponse());
  }

  readonly answer = (error: unknown, request: FastifyRequest, reply: FastifyReply): unknown => {
    const status = statusOf(error);
    const hasBegun = reply.raw.headersSent;
    const database = asDatabaseProblem(error);
    if (database !== null && !hasBegun) {
      const code = database.code.toLowerCase().replaceAll('_', '-');
      const refusal = { status: 503, detail: database.message, code };
      return sendProblem(reply, httpProblem(refusal, request.url));
    }
    if (status >= 500 || hasBegun) {
      this.#logger.pino.error({ err: error, url: request.url }, 'a request failed');
    }
    if (hasBegun) return reply.raw.destroy();
    if (error instanceof RequestRefused) {
      return sendProblem(reply, httpProblem(error.refusal, request.url));
    }
    if (status === 404) return this.#notFound(request, reply);
    return sendProblem(reply, httpProblem(refusalOf(error, status, request), request.url));
  };

  #notFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { method } = request;
    const path = request.url.split('?', 1)[0] ?? '/';
    const allow = this.#routes.methodsOf(path);
    if (allow.length === 0) {
      const refusal = { status: 404, detail: `There is nothing at ${path}.` };
      return sendProblem(reply, httpProblem(refusal));
    }
    reply.header('allow', allow.join(', '));
    if (method === 'OPTIONS') return reply.code(204).send();
    const detail = `${path} does not take ${method}; allowed are ${allow.join(', ')}.`;
    return sendProblem(reply, httpProblem({ status: 405, detail }, path));
  }
}

function statusOf(error: unknown): number {
  if (error instanceof RequestRefused) return error.refusal.status;
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500;
}

function refusalOf(error: unknown, status: number, request: FastifyRequest): HttpRefusal {
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
