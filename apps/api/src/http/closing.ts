import type { FastifyInstance } from 'fastify';
import { httpProblem } from './http-problem.ts';
import { sendProblem } from './problem-details.ts';

/** While the server stops, requests on connections that are still open are sent elsewhere. */
export function refuseWhileClosing(fastify: FastifyInstance): void {
  let isClosing = false;
  fastify.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!isClosing) {
      done();
      return;
    }
    const refusal = { status: 503, detail: 'The server stops; try again shortly.' };
    sendProblem(reply, httpProblem(refusal, request.url));
  });
}
