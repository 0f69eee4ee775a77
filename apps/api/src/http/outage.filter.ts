import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { asDatabaseProblem } from '@penstock/platform';
import type { FastifyReply } from 'fastify';
import { sendProblem } from './problem-details.ts';

/** Names an outage of control.db to clients of REST; everything else is left to Nest. */
@Catch()
export class OutageFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const problem = asDatabaseProblem(error);
    if (problem === null) throw error;
    sendProblem(host.switchToHttp().getResponse<FastifyReply>(), {
      type: 'urn:penstock:api:database',
      title: 'The database cannot be used now',
      status: 503,
      detail: problem.message,
      code: problem.code,
    });
  }
}
