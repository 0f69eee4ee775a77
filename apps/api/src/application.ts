import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { IngestService } from '@penstock/control-plane';
import { Config, Metrics, migrateControlDatabase, type Logger } from '@penstock/platform';
import type { FastifyInstance, FastifyHttpOptions } from 'fastify';
import { AppModule } from './app.module.ts';
import { dashboardPlugin } from './dashboard/dashboard.plugin.ts';
import { refuseWhileClosing } from './http/closing.ts';
import { ErrorAnswers } from './http/error-answers.ts';
import { KnownRoutes } from './http/known-routes.ts';
import { originPolicy } from './http/origin.ts';
import { publicPathReader, withoutPublicPath, type PublicPath } from './http/public-path.ts';
import { RefusalLog } from './http/refusals.ts';
import { REQUEST_LIMITS, limitRequests, type RequestLimits } from './http/request-limits.ts';
import { secure } from './http/security.plugin.ts';
import { refuseUnknownParameters } from './http/unknown-parameters.ts';
import {
  answerFrameworkError,
  answerUncommon,
  answerUnreadable,
  HEADER_BYTES_MAX,
} from './http/unreadable-requests.ts';
import { IngestHttp } from './ingest/ingest-http.ts';
import { ingestPlugin } from './ingest/ingest.plugin.ts';
import { setUpOpenApi } from './openapi/openapi.ts';

export interface ApplicationOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Folder of the built dashboard; the repository's own unless a test says otherwise. */
  readonly dashboardRoot?: string;
  /** Bounds of requests that tests make shorter. */
  readonly limits?: Partial<RequestLimits>;
}

const DASHBOARD_ROOT = fileURLToPath(new URL('../../dashboard/dist', import.meta.url));
/** Bodies of GraphQL and of /api; ingest has its own limit. */
const BODY_BYTES_MAX = 2 * 1024 * 1024;
const KEEP_ALIVE_MS = 72_000;
/** A topic name has up to 249 characters, percent-encoded in a path up to three times that. */
const PATH_PARAMETER_LENGTH_MAX = 750;

/** Builds the api process without listening yet: what `main` starts, and what tests start. */
export async function createApplication(
  options: ApplicationOptions,
): Promise<NestFastifyApplication> {
  const { config, logger, dashboardRoot = DASHBOARD_ROOT } = options;
  const limits = { ...REQUEST_LIMITS, ...options.limits };
  const applied = await migrateControlDatabase(config, {
    say: (words) => logger.pino.warn(words),
  });
  if (applied.length > 0) logger.pino.info({ applied }, 'control.db migrated');
  const policy = originPolicy(config);
  const publicPath = publicPathReader(config, policy.forwarding);
  const adapter = new FastifyAdapter(fastifyOptions(publicPath, limits));
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot({ config, logger, dashboardRoot }),
    adapter,
    { logger, abortOnError: false },
  );
  const fastify = adapter.getInstance<FastifyInstance>();
  const routes = new KnownRoutes();
  routes.observe(fastify);
  const errors = new ErrorAnswers(routes, logger);
  app.useGlobalFilters(errors);
  answerUncommon(fastify.server);
  refuseWhileClosing(fastify);
  await secure(fastify, { policy, log: new RefusalLog(logger), publicPath });
  refuseUnknownParameters(fastify);
  const bodies = limitRequests(fastify, limits);
  const ingest = app.get(IngestService, { strict: false });
  const http = new IngestHttp({ ingest, config, metrics: app.get(Metrics), bodies });
  setUpOpenApi(app, config.http.publicUrl?.href);
  await fastify.register(async (own) => {
    own.setErrorHandler(errors.answer);
    await own.register(ingestPlugin(http));
    await own.register(dashboardPlugin({ root: dashboardRoot, publicPath }));
  });
  return app;
}

function fastifyOptions(publicPath: PublicPath, limits: RequestLimits): FastifyHttpOptions<Server> {
  return {
    bodyLimit: BODY_BYTES_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: PATH_PARAMETER_LENGTH_MAX },
    rewriteUrl: (request) => withoutPublicPath(request.url ?? '/', publicPath(request)),
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerUnreadable,
    http: {
      connectionsCheckingInterval: limits.headersMs / 4,
      maxHeaderSize: HEADER_BYTES_MAX,
      // A missing Host header is refused by our own code, with our own message.
      requireHostHeader: false,
      // Other upgrades, such as curl's to HTTP/2, are offers that a server may ignore.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
  };
}
