import 'reflect-metadata';
import {
  ConfigError,
  DatabaseProblem,
  MigrationError,
  announceReady,
  createLogger,
  loadConfig,
  onShutdown,
  StopSteps,
  withBrokerPorts,
  type Config,
  type Logger,
} from '@penstock/platform';
import { createApplication } from './application.ts';
import { listen, type Listening } from './http/listening.ts';

/** Ends the process with one line for what the person who starts it can set right. */
function fail(error: unknown): never {
  const known =
    error instanceof ConfigError ||
    error instanceof MigrationError ||
    error instanceof DatabaseProblem ||
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
  const listening: Listening[] = [];
  const close = async (): Promise<void> => {
    await steps.waitFor(
      'requests under way',
      Promise.all([...listening.map((each) => each.close()), app.close()]),
    );
  };
  onShutdown(close, { logger: logger.pino, steps });
  const open = await listen(app, config.http);
  listening.push(open);
  const { hosts, port } = open;
  logger.pino.info({ hosts, port }, 'listening');
  announceReady({ port });
}

try {
  const config = withBrokerPorts(loadConfig());
  await start(config, createLogger({ name: 'api', level: config.logLevel }));
} catch (error) {
  fail(error);
}
