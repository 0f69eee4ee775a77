import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import {
  announceReady,
  type Config,
  ConfigError,
  createLogger,
  DatabaseProblem,
  loadConfig,
  MigrationError,
  onShutdown,
  StopSteps,
  waitForControlDatabase,
  withBrokerPorts,
} from '@penstock/platform';
import { pipelines } from '@penstock/samples';
import { WorkerModule } from './worker.module.ts';

/** Ends the process with one line for what the person who starts it can set right. */
function fail(error: unknown): never {
  const known = [ConfigError, MigrationError, DatabaseProblem].some(
    (kind) => error instanceof kind,
  );
  const text = known ? (error as Error).message : ((error as Error).stack ?? String(error));
  process.stderr.write(`worker: ${text}\n`);
  process.exit(1);
}

async function start(config: Config): Promise<void> {
  const logger = createLogger({ name: 'worker', level: config.logLevel });
  await waitForControlDatabase(config);
  const app = await NestFactory.createApplicationContext(
    WorkerModule.forRoot({ name: 'worker', config, logger, pipelines }),
    { logger, abortOnError: false },
  );
  onShutdown(() => app.close(), { logger: logger.pino, steps: app.get(StopSteps) });
  announceReady();
}

try {
  await start(withBrokerPorts(loadConfig()));
} catch (error) {
  fail(error);
}
