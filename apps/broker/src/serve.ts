import { Broker, type BrokerOptions } from '@penstock/kafka-broker';
import { join } from 'node:path';
import {
  announceReady,
  createLogger,
  databaseFile,
  databaseFiles,
  migrateDatabase,
  onShutdown,
  openBrokerDatabase,
  type Config,
} from '@penstock/platform/process';
import { PrismaMetadataStore } from './prisma-metadata-store.ts';
import { reportMetrics } from './process-metrics.ts';

/** What surrounds the broker, when it is not the machine's own: for fault tests. */
export type Surroundings = Pick<BrokerOptions, 'files' | 'clock'>;

/** Starts the broker of this process; it ends when the process is asked to. */
export async function serve(config: Config, surroundings: Surroundings = {}): Promise<void> {
  const logger = createLogger({ name: 'broker', level: config.logLevel }).pino;
  const file = databaseFile(config.dataDir, 'broker');
  await migrateDatabase({ file, ...databaseFiles('broker') });
  const store = new PrismaMetadataStore(await openBrokerDatabase(file));
  const broker = await startBroker(config, store, logger, surroundings);
  const stopReporting = reportMetrics(broker, logger);
  onShutdown(
    async () => {
      stopReporting();
      await broker.stop();
      await store.close();
    },
    { logger },
  );
  announceReady();
  logger.info(
    {
      bind: config.kafka.bind,
      port: broker.port,
      advertised: config.kafka.advertisedHost,
      durability: config.durability,
      startMs: Math.round(performance.now()),
    },
    'broker is serving',
  );
}

async function startBroker(
  config: Config,
  store: PrismaMetadataStore,
  logger: ReturnType<typeof createLogger>['pino'],
  surroundings: Surroundings,
): Promise<Broker> {
  try {
    return await Broker.start({
      host: config.kafka.bind,
      port: config.kafka.port,
      advertisedHost: config.kafka.advertisedHost,
      ...(config.kafka.advertisedPort && { advertisedPort: config.kafka.advertisedPort }),
      logDirectory: join(config.dataDir, 'log'),
      durability: config.durability,
      settings: config.broker.explicit,
      coercesReplicationFactor: config.broker.coercesReplicationFactor,
      logLevel: { get: () => logger.level, set: (level) => (logger.level = level) },
      store,
      logger,
      ...surroundings,
    });
  } catch (error) {
    await store.close();
    throw error;
  }
}
