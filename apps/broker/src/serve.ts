import { Broker, type BrokerOptions, type MetadataStore } from '@penstock/kafka-broker';
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
import { DatabaseDamagedError, databaseDamage } from './recovery/database-damage.ts';

/** What surrounds the broker, when it is not the machine's own: for fault tests. */
export type Surroundings = Pick<BrokerOptions, 'files' | 'clock'>;

/** Starts the broker of this process; it ends when the process is asked to. */
export async function serve(config: Config, surroundings: Surroundings = {}): Promise<void> {
  const logger = createLogger({ name: 'broker', level: config.logLevel }).pino;
  const file = databaseFile(config.dataDir, 'broker');
  const damage = databaseDamage(file);
  if (damage !== undefined) throw new DatabaseDamagedError(`${file} is damaged: ${damage}`);
  const store = await openMetadata(file);
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

async function openMetadata(file: string): Promise<MetadataStore> {
  await migrateDatabase({ file, ...databaseFiles('broker') });
  return new PrismaMetadataStore(await openBrokerDatabase(file));
}

/** `recover`: makes broker.db fit the records while no broker runs. */
export async function repair(config: Config, words: readonly string[]): Promise<void> {
  // Loaded here, because other starts do not need it.
  const { recover } = await import('./recovery/recover.ts');
  const file = databaseFile(config.dataDir, 'broker');
  await recover(config, {
    file,
    isDryRun: words.includes('--dry-run'),
    openStore: () => openMetadata(file),
    say: (line) => void process.stdout.write(`${line}\n`),
  });
}

async function startBroker(
  config: Config,
  store: MetadataStore,
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
