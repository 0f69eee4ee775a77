import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';
import { rawAnswer } from './http-problem.ts';
import { isIngestPath, isPreflight, refusalOf, type OriginPolicy } from './origin.ts';
import { withoutPublicPath, type PublicPath } from './public-path.ts';
import { sendProblem } from './problem-details.ts';
import { problemOfRefusal, refusalPage, type RefusalLog } from './refusals.ts';

/** Seconds for which a browser may go without asking again whether a page may send records. */
const PREFLIGHT_SECONDS = 600;

export interface SecurityOptions {
  readonly policy: OriginPolicy;
  readonly log: RefusalLog;
  readonly publicPath: PublicPath;
}

/**
 * Sets the security headers, turns foreign hosts and origins away on HTTP and on WebSockets, and
 * lets pages of the origins that were listed send records.
 */
export async function secure(fastify: FastifyInstance, options: SecurityOptions): Promise<void> {
  setSecurityHeaders(fastify);
  const { policy, log } = options;
  fastify.addHook('onRequest', (request, reply, done) => {
    const refusal = refusalOf(policy, request.raw);
    if (refusal === undefined) {
      done();
      return;
    }
    log.tell(refusal, request.url);
    const problem = problemOfRefusal(refusal, request.url);
    const isNavigation = request.method === 'GET' && request.headers.accept?.includes('text/html');
    if (isNavigation !== true) {
      sendProblem(reply, problem);
      return;
    }
    reply.code(problem.status).header('cache-control', 'no-store').type('text/html; charset=utf-8');
    reply.send(refusalPage(problem));
  });
  await allowCrossOriginIngest(fastify, policy);
  guardUpgrades(fastify.server as Server, options);
}

/**
 * Styles may be inline, because the dashboard's components set them; scripts may not. Nothing is
 * loaded from anywhere else, and nobody may frame the pages. HSTS is for whoever ends TLS to say.
 */
function setSecurityHeaders(fastify: FastifyInstance): void {
  const setHeaders = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: false,
  });
  // None of them depends on the request, and set one by one on the raw response they are dear.
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => (headers[name.toLowerCase()] = value),
    removeHeader: () => undefined,
  };
  setHeaders({} as IncomingMessage, response as unknown as ServerResponse, () => undefined);
  fastify.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
}

async function allowCrossOriginIngest(
  fastify: FastifyInstance,
  { corsOrigins }: OriginPolicy,
): Promise<void> {
  if (corsOrigins.length === 0) return;
  await fastify.register(cors, {
    delegator: (request, done) => {
      done(null, {
        origin: isIngestPath(request.raw.url) ? [...corsOrigins] : false,
        methods: ['GET', 'HEAD', 'POST'],
        exposedHeaders: ['Retry-After'],
        maxAge: PREFLIGHT_SECONDS,
        preflight: isPreflight(request.raw),
      });
    },
  });
}

/**
 * WebSocket handshakes bypass Fastify's hooks, so they are checked before anything else sees them.
 */
function guardUpgrades(server: Server, { policy, log, publicPath }: SecurityOptions): void {
  server.prependListener('upgrade', (request: IncomingMessage, socket: Duplex) => {
    request.url = withoutPublicPath(request.url ?? '/', publicPath(request));
    const refusal = refusalOf(policy, request);
    if (refusal === undefined) return;
    const { url } = request;
    log.tell(refusal, url);
    socket.end(rawAnswer(problemOfRefusal(refusal, url)), () => socket.destroy());
  });
}
