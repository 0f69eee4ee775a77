import type { Broker, BrokerOptions, OpenListener } from '@penstock/kafka-broker';
import {
  announceReady,
  createLogger,
  databaseFile,
  databaseFiles,
  answerMetrics,
  onShutdown,
  ProcessFigures,
  StopSteps,
  writeBrokerPorts,
  type BrokerPorts,
  type Config,
} from '@penstock/platform/process';
import { brokerFamilies } from './broker-families.ts';
import { reportMetrics } from './process-metrics.ts';
import { ThreadedMetadataStore } from './threaded-metadata-store.ts';

/** What surrounds the broker, when it is not the machine's own: for fault tests. */
export type Surroundings = Pick<BrokerOptions, 'files' | 'clock'>;

/** Starts the broker of this process; it ends when the process is asked to. */
export async function serve(config: Config, surroundings: Surroundings = {}): Promise<void> {
  const logger = createLogger({
    name: 'broker',
    level: config.logLevel,
    secrets: config.secrets,
  }).pino;
  const store = openMetadata(config);
  // Loaded while the thread of the store starts.
  const { startBroker } = await import('./start-broker.ts');
  const broker = await startBroker({ config, store, logger, surroundings });
  const stopReporting = reportMetrics(broker, logger);
  const figures = new ProcessFigures();
  const steps = new StopSteps();
  onShutdown(
    async () => {
      stopReporting();
      figures.close();
      await steps.waitFor('requests and logs', broker.stop());
      await steps.waitFor('broker.db', store.close());
    },
    { logger, steps },
  );
  void store.failed.then((error) => {
    logger.fatal({ err: error }, 'metadata cannot be stored any more: ending, to be started again');
    process.exitCode = 1;
    process.kill(process.pid, 'SIGTERM');
  });
  for (const notice of config.broker.notices) logger.warn(notice);
  answerMetrics(() => [...figures.families(), ...brokerFamilies(broker)]);
  const ports = portsOf(broker);
  writeBrokerPorts(config.dataDir, ports);
  announceReady({ ports });
  logger.info(
    {
      listeners: broker.listeners.map(described),
      durability: config.durability,
      startMs: Math.round(performance.now()),
    },
    'broker is serving',
  );
}

function portsOf({ listeners }: Broker): BrokerPorts {
  const ofClients = listeners.filter(({ isInternal }) => !isInternal);
  return {
    internal: listeners.find(({ isInternal }) => isInternal)?.port ?? 0,
    listeners: Object.fromEntries(ofClients.map(({ name, port }) => [name, port])),
  };
}

function described({ name, hosts, port, advertised }: OpenListener): string {
  return `${name} on ${hosts.join(' and ')}, port ${port}, as ${advertised.host}:${advertised.port}`;
}

function openMetadata(config: Config): ThreadedMetadataStore {
  const file = databaseFile(config.dataDir, 'broker');
  const { durability } = config;
  return new ThreadedMetadataStore({ file, ...databaseFiles('broker'), durability });
}

/** `recover`: makes broker.db fit the records while no broker runs. */
export async function repair(config: Config, words: readonly string[]): Promise<void> {
  // Loaded here, because other starts do not need it.
  const { recover } = await import('./recovery/recover.ts');
  await recover(config, {
    file: databaseFile(config.dataDir, 'broker'),
    isDryRun: words.includes('--dry-run'),
    openStore: () => Promise.resolve(openMetadata(config)),
    say: (line) => void process.stdout.write(`${line}\n`),
  });
}
