import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { EXPOSITION_TYPE, Health } from '@penstock/platform';
import type { FastifyReply } from 'fastify';
import { MetricsPage } from './metrics.page.ts';

/** Whether this process lives, whether it can work, and how it does. */
@ApiExcludeController()
@Controller()
export class HealthController {
  readonly #health: Health;
  readonly #metrics: MetricsPage;

  constructor(health: Health, metrics: MetricsPage) {
    this.#health = health;
    this.#metrics = metrics;
  }

  /** 200 as long as the process answers at all. */
  @Get('healthz')
  healthz(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** 200 when produce, ingest, GraphQL and dashboard work; else 503, saying what is missing. */
  @Get('readyz')
  async readyz(@Res() reply: FastifyReply): Promise<void> {
    const { ready, parts } = await this.#health.summary();
    const missing = Object.entries(parts)
      .filter(([, part]) => !part.ok)
      .map(([name, part]) => ({ name, required: part.required, detail: part.detail }));
    reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: ready ? 'ready' : 'not ready', missing, parts });
  }

  @Get('metrics')
  @Header('content-type', EXPOSITION_TYPE)
  metrics(): Promise<string> {
    return this.#metrics.text();
  }
}
