import {
  Broker,
  type BrokerOptions,
  type ListenerOptions,
  type MetadataStore,
} from '@penstock/kafka-broker';
import {
  INTERNAL_HOST,
  readBrokerPorts,
  type Config,
  type PinoLogger,
} from '@penstock/platform/process';
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
      listeners: listenersOf(config),
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

/**
 * The configured listeners, and one on loopback for api and worker: the address that clients are
 * told may be one that only they can reach, and the connection limits of clients do not apply to
 * the product's own processes.
 */
function listenersOf({ kafka, dataDir }: Config): [ListenerOptions, ...ListenerOptions[]] {
  const lastPorts = readBrokerPorts(dataDir);
  const [first, ...others] = kafka.listeners;
  const withLastPort = (listener: typeof first) => ({
    ...listener,
    preferredPort: lastPorts?.listeners[listener.name],
  });
  const internal = {
    ...{ name: 'PENSTOCK', hosts: [INTERNAL_HOST], advertisedHost: INTERNAL_HOST },
    ...{ port: 0, preferredPort: lastPorts?.internal, isInternal: true },
  };
  return [withLastPort(first), ...others.map(withLastPort), internal];
}
