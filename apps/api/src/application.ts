import { fileURLToPath } from 'node:url';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { IngestService } from '@penstock/control-plane';
import { Config, Metrics, migrateControlDatabase, type Logger } from '@penstock/platform';
import type { FastifyInstance } from 'fastify';
import { AppModule } from './app.module.ts';
import { dashboardPlugin } from './dashboard/dashboard.plugin.ts';
import { loopbackPolicy } from './http/origin.ts';
import { secure } from './http/security.plugin.ts';
import { IngestHttp } from './ingest/ingest-http.ts';
import { ingestPlugin } from './ingest/ingest.plugin.ts';
import { setUpOpenApi } from './openapi/openapi.ts';

export interface ApplicationOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Folder of the built dashboard; the repository's own unless a test says otherwise. */
  readonly dashboardRoot?: string;
}

const DASHBOARD_ROOT = fileURLToPath(new URL('../../dashboard/dist', import.meta.url));
/** Bodies of GraphQL and of /api; ingest has its own limit. */
const BODY_BYTES_MAX = 2 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 72_000;
/** A topic name has up to 249 characters, percent-encoded in a path up to three times that. */
const PATH_PARAMETER_LENGTH_MAX = 750;

/** Builds the api process without listening yet: what `main` starts, and what tests start. */
export async function createApplication(
  options: ApplicationOptions,
): Promise<NestFastifyApplication> {
  const { config, logger, dashboardRoot = DASHBOARD_ROOT } = options;
  const applied = await migrateControlDatabase(config);
  if (applied.length > 0) logger.pino.info({ applied }, 'control.db migrated');
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: PATH_PARAMETER_LENGTH_MAX },
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot({ config, logger, dashboardRoot }),
    adapter,
    { logger, abortOnError: false },
  );
  const fastify = adapter.getInstance<FastifyInstance>();
  secure(fastify, config.bindIsLoopback ? loopbackPolicy(config) : { hosts: undefined });
  const http = new IngestHttp(app.get(IngestService, { strict: false }), config, app.get(Metrics));
  await fastify.register(ingestPlugin(http));
  setUpOpenApi(app);
  await fastify.register(dashboardPlugin({ root: dashboardRoot }));
  return app;
}
