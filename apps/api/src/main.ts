import 'reflect-metadata';
import {
  ConfigError,
  MigrationError,
  announceReady,
  createLogger,
  loadConfig,
  onShutdown,
  StopSteps,
  type Config,
  type Logger,
} from '@penstock/platform';
import { createApplication } from './application.ts';

/** Ends the process with one line for what the person who starts it can set right. */
function fail(error: unknown): never {
  const known =
    error instanceof ConfigError ||
    error instanceof MigrationError ||
    ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'EROFS', 'ENOSPC'].includes(codeOf(error));
  const text = known ? (error as Error).message : ((error as Error).stack ?? String(error));
  process.stderr.write(`api: ${text}\n`);
  process.exit(1);
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code);
}

async function start(config: Config, logger: Logger): Promise<void> {
  const app = await createApplication({ config, logger });
  const steps = app.get(StopSteps);
  const close = (): Promise<void> => steps.waitFor('requests under way', app.close());
  onShutdown(close, { logger: logger.pino, steps });
  await app.listen({ port: config.http.port, host: config.bind });
  logger.pino.info({ url: await app.getUrl() }, 'listening');
  announceReady();
}

try {
  const config = loadConfig();
  await start(config, createLogger({ name: 'api', level: config.logLevel }));
} catch (error) {
  fail(error);
}
