import 'reflect-metadata';
import {
  announceReady,
  createLogger,
  failStart,
  loadConfig,
  onShutdown,
  StopSteps,
  withBrokerPorts,
  type Config,
  type Logger,
} from '@penstock/platform';
import { createApplication } from './application.ts';
import { listen, type Listening } from './http/listening.ts';

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
  const { logLevel: level, secrets } = config;
  await start(config, createLogger({ name: 'api', level, secrets }));
} catch (error) {
  failStart('api', error);
}
