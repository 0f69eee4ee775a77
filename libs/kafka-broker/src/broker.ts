import { randomUUID } from 'node:crypto';
import {
  LogManager,
  NodeFiles,
  systemClock,
  type Clock,
  type Files,
  type Logger,
  type Timer,
} from '@penstock/kafka-log';
import type { BrokerContext } from './broker-context.ts';
import { AlteredConfigs } from './configs/altered-configs.ts';
import { BrokerConfigs } from './configs/broker-configs.ts';
import type { LogLevel } from './configs/log-level.ts';
import { FetchBuffers } from './fetching/fetch-buffers.ts';
import { ParkedFetches } from './fetching/parked-fetches.ts';
import { GroupCoordinator } from './groups/group-coordinator.ts';
import { GroupWrites } from './groups/group-writes.ts';
import { ALL_HANDLERS } from './handlers/all-handlers.ts';
import { checkMetadata, DataIdentityFile } from './metadata/data-identity.ts';
import type { MetadataStore } from './metadata/metadata-store.ts';
import { ProducerIds } from './metadata/producer-ids.ts';
import { TopicCatalog } from './metadata/topic-catalog.ts';
import { newBrokerMetrics } from './metrics.ts';
import { Connections, type ConnectionBounds } from './network/connections.ts';
import { RequestDispatcher } from './network/request-dispatcher.ts';
import {
  Listeners,
  listenerUrls,
  type ListenerOptions,
  type OpenListener,
} from './network/listeners.ts';
import { BrokerServer, type Listener, type ListenOptions } from './network/server.ts';

export interface BrokerOptions {
  /** Where clients come in; the first is the one that `port` speaks of. */
  readonly listeners: readonly [ListenerOptions, ...ListenerOptions[]];
  /** Folder of the partitions' folders. */
  readonly logDirectory: string;
  readonly durability: 'fsync' | 'os';
  readonly store: MetadataStore;
  readonly logger: Logger;
  /** Settings by Kafka's names (`num.partitions`), as text. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Defaults to the setting `node.id`, then `broker.id`, then 1. */
  readonly nodeId?: number;
  /** Lets BROKER_LOGGER resources change how much is logged. */
  readonly logLevel?: LogLevel;
  /** Take any replication factor as 1 instead of refusing more than 1. */
  readonly coercesReplicationFactor?: boolean;
  readonly clock?: Clock;
  readonly files?: Files;
  readonly newUuid?: () => string;
  /** Where connections come from; TCP unless something else is given. */
  readonly listen?: (options: ListenOptions) => Promise<Listener>;
  /** Bounds on connections that Kafka has no setting for; sensible ones are the default. */
  readonly connectionBounds?: Partial<ConnectionBounds>;
}

const CLUSTER_ID = 'cluster.id';

/** An Apache Kafka broker of one node: what `start` gives is serving. */
export class Broker {
  readonly #context: BrokerContext & { isStopping: boolean };
  readonly #writes: GroupWrites;
  readonly #connections: Connections;
  #listeners: Listeners | undefined;
  #expiryTimer: Timer | undefined;

  private constructor(
    context: BrokerContext & { isStopping: boolean },
    writes: GroupWrites,
    bounds: Partial<ConnectionBounds> = {},
  ) {
    this.#context = context;
    this.#writes = writes;
    const dispatcher = new RequestDispatcher(context, ALL_HANDLERS);
    const { clock, logger, configs, metrics } = context;
    this.#connections = new Connections({
      dispatch: (frame, client) => dispatcher.dispatch(frame, client),
      ...{ clock, logger, configs, metrics, bounds },
    });
  }

  /**
   * Loads the metadata, opens the logs, and listens.
   * @throws BrokerConfigError, DataFolderLockedError, or the socket's error (EADDRINUSE)
   */
  static async start(options: BrokerOptions): Promise<Broker> {
    const configs = new BrokerConfigs(options.settings);
    const clock = options.clock ?? systemClock;
    const newUuid = options.newUuid ?? randomUUID;
    const { store, logger } = options;
    const files = options.files ?? new NodeFiles();
    const logs = openLogs(options, { configs, clock, files });
    let groups: GroupCoordinator | undefined;
    try {
      const stored = await store.load();
      const identity = new DataIdentityFile(files, options.logDirectory);
      checkMetadata(stored.settings.get(CLUSTER_ID), identity.known, logs);
      const nodeId = options.nodeId ?? nodeIdOf(configs);
      configs.state({ ...FACTS, ...idSettings(nodeId), 'log.dirs': options.logDirectory });
      const alteredConfigs = new AlteredConfigs({ store, broker: configs, nodeId });
      alteredConfigs.restore(stored.brokerConfigs);
      const metrics = newBrokerMetrics();
      const writes = new GroupWrites({ store, clock, metrics });
      const write = writes.write.bind(writes);
      const settings = groupSettings(configs);
      const steadyNow = (): number => logs.steadyNow();
      groups = new GroupCoordinator({ clock, steadyNow, logger, newUuid, settings, write });
      const { offsets } = groups;
      groups.restore(stored.groups, stored.offsets);
      const parkedFetches = new ParkedFetches(clock);
      const topics = new TopicCatalog({
        ...{ store, logs, configs, logger, newUuid },
        onTopicDeleted: () => parkedFetches.wakeAll(),
        onTopicRemoved: (name) => offsets.deleteTopic(name),
      });
      await topics.restore(stored.topics);
      reportStrayPartitions(logs, logger);
      configs.onChange(() => topics.applyBrokerConfigs());
      const context = {
        clusterId: await clusterId(store, stored.settings, identity, newUuid),
        rack: configs.value('broker.rack'),
        durability: options.durability,
        logDirectory: options.logDirectory,
        coercesReplicationFactor: options.coercesReplicationFactor ?? false,
        producerIds: new ProducerIds(store, stored.settings, identity),
        fetchBuffers: new FetchBuffers(clock),
        isStopping: false,
        logLevel: options.logLevel ?? steadyLogLevel(),
        ...{ nodeId, newUuid, alteredConfigs },
        ...{ clock, logger, configs, store, logs, topics, groups, parkedFetches, metrics },
      };
      const broker = new Broker(context, writes, options.connectionBounds);
      await broker.#listen(options);
      broker.#scheduleExpiry();
      return broker;
    } catch (error) {
      groups?.close();
      await logs.close();
      throw error;
    }
  }

  get context(): BrokerContext {
    return this.#context;
  }

  /** The port of the first listener. */
  get port(): number {
    return this.listeners[0]?.port ?? 0;
  }

  get listeners(): readonly OpenListener[] {
    return this.#listeners?.all ?? [];
  }

  async #listen(options: BrokerOptions): Promise<void> {
    const { clock, configs } = this.#context;
    this.#listeners = await Listeners.open(options.listeners, {
      listen: options.listen ?? BrokerServer.listen,
      logger: options.logger,
      clock,
      onConnection: (socket, listener) => this.#connections.accept(socket, listener),
    });
    const ofClients = this.listeners.filter(({ isInternal }) => !isInternal);
    configs.state({
      listeners: listenerUrls(ofClients, ({ hosts, port }) => ({ host: hosts[0] ?? '', port })),
      'advertised.listeners': listenerUrls(ofClients, ({ advertised }) => advertised),
    });
    reportUnused(configs, options);
  }

  #scheduleExpiry(): void {
    const { clock, configs, groups, logger } = this.#context;
    const intervalMs = configs.number('offsets.retention.check.interval.ms');
    this.#expiryTimer = clock.schedule(intervalMs, () => {
      groups.offsets
        .expire()
        .catch((error: unknown) => logger.error({ err: error }, 'offsets not expired'));
      this.#scheduleExpiry();
    });
  }

  /**
   * Stops accepting, answers what was taken up, flushes the logs and marks the shutdown clean. The
   * metadata store is the caller's to close.
   */
  async stop(): Promise<void> {
    if (this.#context.isStopping) return;
    this.#context.isStopping = true;
    this.#expiryTimer?.cancel();
    const { groups, parkedFetches, logs } = this.#context;
    const accepting = this.#listeners?.close();
    parkedFetches.wakeAll();
    groups.close();
    await Promise.all([accepting, this.#connections.close(DRAIN_MS_MAX)]);
    await this.#writes.drain();
    await logs.close();
  }
}

const DRAIN_MS_MAX = 1_000;
const MINUTE_MS = 60_000;

/** Settings with a fixed value here, which DescribeConfigs lists as Kafka does. */
const FACTS = { 'process.roles': 'broker,controller' };

function nodeIdOf(configs: BrokerConfigs): number {
  const broker = configs.number('broker.id');
  return Number(configs.value('node.id') ?? (broker >= 0 ? broker : 1));
}

function idSettings(nodeId: number): Record<string, string> {
  return { 'node.id': String(nodeId), 'broker.id': String(nodeId) };
}

function reportUnused(configs: BrokerConfigs, options: BrokerOptions): void {
  const { logger, logDirectory, settings } = options;
  const folders = settings?.['log.dirs'];
  if (folders !== undefined && folders !== logDirectory) {
    logger.warn({ 'log.dirs': folders, logDirectory }, 'the logs are elsewhere than log.dirs says');
  }
  const { unknownNames, namesWithoutEffect } = configs;
  if (unknownNames.length > 0) {
    logger.warn({ settings: unknownNames }, 'these settings are not known');
  }
  if (namesWithoutEffect.length > 0) {
    logger.warn({ settings: namesWithoutEffect }, 'these settings have no effect in this broker');
  }
}

/** For a broker that was not given a way to change how much is logged. */
function steadyLogLevel(): LogLevel {
  let level = 'info';
  return { get: () => level, set: (next) => (level = next) };
}

function groupSettings(configs: BrokerConfigs) {
  return {
    initialRebalanceDelayMs: () => configs.number('group.initial.rebalance.delay.ms'),
    minSessionTimeoutMs: () => configs.number('group.min.session.timeout.ms'),
    maxSessionTimeoutMs: () => configs.number('group.max.session.timeout.ms'),
    maxSize: () => configs.number('group.max.size'),
    offsetMetadataMaxBytes: () => configs.number('offset.metadata.max.bytes'),
    offsetsRetentionMs: () => configs.number('offsets.retention.minutes') * MINUTE_MS,
  };
}

/** Stable for ever: clients and tools tell clusters apart by it. 16 bytes in base64, as Kafka's. */
async function clusterId(
  store: MetadataStore,
  settings: ReadonlyMap<string, string>,
  identity: DataIdentityFile,
  newUuid: () => string,
): Promise<string> {
  const stored = settings.get(CLUSTER_ID);
  const id = stored ?? identity.known.clusterId ?? newClusterId(newUuid);
  if (stored === undefined) await store.putSetting(CLUSTER_ID, id);
  identity.write({ clusterId: id });
  return id;
}

function newClusterId(newUuid: () => string): string {
  return Buffer.from(newUuid().replaceAll('-', ''), 'hex').toString('base64url');
}

function openLogs(
  { logDirectory, durability, logger }: BrokerOptions,
  { configs, clock, files }: { configs: BrokerConfigs; clock: Clock; files: Files },
): LogManager {
  return LogManager.open({
    directory: logDirectory,
    durability,
    logger,
    clock,
    files,
    retentionCheckIntervalMs: configs.number('log.retention.check.interval.ms'),
    cleanerEnabled: configs.isOn('log.cleaner.enable'),
    // These two can be changed at run time.
    get cleanerBackoffMs() {
      return configs.number('log.cleaner.backoff.ms');
    },
    get cleanerDedupeBufferBytes() {
      return configs.number('log.cleaner.dedupe.buffer.size');
    },
    producerIdExpirationMs: () => configs.number('producer.id.expiration.ms'),
  });
}

/**
 * Stray partitions, which the metadata does not know. Only lost or old metadata explains them, so
 * they are left as they are.
 */
function reportStrayPartitions(logs: LogManager, logger: Logger): void {
  const folders = logs.unopenedPartitions;
  if (folders.length === 0) return;
  const topics = [...new Set(folders.map(({ topic }) => topic))];
  logger.error(
    { topics: topics.slice(0, REPORTED_TOPICS_MAX), partitions: folders.length },
    'there are records of topics or partitions that the metadata does not know; they are left alone',
  );
}

const REPORTED_TOPICS_MAX = 20;
