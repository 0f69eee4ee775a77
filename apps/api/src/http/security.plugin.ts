import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { originProblem, type OriginPolicy, type OriginProblem } from './origin.ts';

/**
 * Styles may be inline, because the dashboard's components set them; scripts may not. Nothing is
 * loaded from anywhere else, and nobody may frame the pages.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const EXPLANATIONS: Readonly<Record<OriginProblem, string>> = {
  'unknown-host':
    'This server is addressed by a name that is not its own. On this machine it is localhost; to serve others, set PENSTOCK_BIND.',
  'foreign-origin': 'A page of another origin may not change anything here.',
};

/** Turns foreign hosts and origins away, on HTTP and on WebSockets, and sets the security headers. */
export function secure(fastify: FastifyInstance, policy: OriginPolicy): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const problem = originProblem(policy, request);
    if (problem === undefined) {
      done();
      return;
    }
    reply
      .code(problem === 'unknown-host' ? 421 : 403)
      .type('application/problem+json')
      .send(
        JSON.stringify({
          type: `urn:penstock:http:${problem}`,
          title: problem === 'unknown-host' ? 'Unknown host' : 'Foreign origin',
          status: reply.statusCode,
          detail: EXPLANATIONS[problem],
        }),
      );
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    reply.header('x-content-type-options', 'nosniff');
    const type = reply.getHeader('content-type');
    if (typeof type === 'string' && type.startsWith('text/html')) {
      reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
      reply.header('referrer-policy', 'same-origin');
      reply.header('cross-origin-opener-policy', 'same-origin');
    }
    done(null, payload);
  });
  guardUpgrades(fastify.server as Server, policy);
}

/** WebSocket handshakes pass by Fastify's hooks: they are looked at before anybody else does. */
function guardUpgrades(server: Server, policy: OriginPolicy): void {
  server.prependListener('upgrade', (request: IncomingMessage, socket: Duplex) => {
    const { method = 'GET', headers } = request;
    if (originProblem(policy, { method, headers }) === undefined) return;
    socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    socket.destroy();
  });
}
