import type { FastifyInstance } from 'fastify';
import { httpProblem } from './http-problem.ts';
import { sendProblem } from './problem-details.ts';

const PREFIX = '/api/';

/** The routes below /api take no query: a parameter that would be ignored is refused. */
export function refuseUnknownParameters(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const [name] = Object.keys(request.query as object);
    if (name === undefined) return done();
    // Fastify makes these options anew each time that they are read.
    if (request.routeOptions.url?.startsWith(PREFIX) !== true) return done();
    const problem = httpProblem({
      status: 400,
      detail: `There is no parameter ${JSON.stringify(name)}; none is taken here.`,
      code: 'invalid-parameter',
      title: 'A parameter cannot be used',
    });
    sendProblem(reply, { ...problem, allowed: [] });
  });
}
