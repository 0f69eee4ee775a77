import { Broker, type BrokerOptions, type MetadataStore } from '@penstock/kafka-broker';
import type { Config, PinoLogger } from '@penstock/platform/process';
import { join } from 'node:path';

export interface StartBrokerOptions {
  readonly config: Config;
  /** Closed if the broker does not start. */
  readonly store: MetadataStore;
  readonly logger: PinoLogger;
  readonly surroundings: Pick<BrokerOptions, 'files' | 'clock'>;
}

/** The broker as the settings say; see `Broker.start`. */
export async function startBroker(options: StartBrokerOptions): Promise<Broker> {
  const { config, store, logger, surroundings } = options;
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
