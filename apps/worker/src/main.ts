import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import {
  announceReady,
  createLogger,
  loadConfig,
  onShutdown,
  StopSteps,
  waitForControlDatabase,
  withBrokerPorts,
} from '@penstock/platform';
import { pipelines } from '@penstock/samples';
import { WorkerModule } from './worker.module.ts';

const config = withBrokerPorts(loadConfig());
const logger = createLogger({ name: 'worker', level: config.logLevel });

await waitForControlDatabase(config);
const app = await NestFactory.createApplicationContext(
  WorkerModule.forRoot({ name: 'worker', config, logger, pipelines }),
  { logger, abortOnError: false },
);
onShutdown(() => app.close(), { logger: logger.pino, steps: app.get(StopSteps) });
announceReady();
