import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import {
  announceReady,
  answerMetrics,
  type Config,
  createLogger,
  failStart,
  loadConfig,
  Metrics,
  onShutdown,
  StopSteps,
  waitForControlDatabase,
  withBrokerPorts,
} from '@penstock/platform';
import { shareLibrary } from './definitions/pipelines-library.ts';
import { pipelinesOf } from './definitions/pipelines-module.ts';
import { WorkerModule } from './worker.module.ts';

/** The package of the folder `pipelines`, unless the supervisor has compiled it anew since. */
const MODULE = process.argv[2] ?? '@penstock/samples';

async function start(config: Config): Promise<void> {
  const { logLevel: level, secrets } = config;
  const logger = createLogger({ name: 'worker', level, secrets });
  await waitForControlDatabase(config);
  shareLibrary();
  const pipelines = await pipelinesOf(MODULE);
  const app = await NestFactory.createApplicationContext(
    WorkerModule.forRoot({ name: 'worker', config, logger, module: MODULE, pipelines }),
    { logger, abortOnError: false },
  );
  onShutdown(() => app.close(), { logger: logger.pino, steps: app.get(StopSteps) });
  const metrics = app.get(Metrics);
  answerMetrics(async () => [...metrics.processFamilies(), ...(await metrics.families())]);
  announceReady();
}

try {
  await start(withBrokerPorts(loadConfig()));
} catch (error) {
  failStart('worker', error);
}
