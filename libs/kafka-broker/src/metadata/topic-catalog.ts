import { ErrorCodes, isInternalTopic, topicNameProblem } from '@penstock/kafka-protocol';
import {
  SerialQueue,
  type LogManager,
  type LogConfig,
  type Logger,
  type PartitionLog,
} from '@penstock/kafka-log';
import type { BrokerConfigs } from '../configs/broker-configs.ts';
import {
  logConfigOf,
  topicConfigsProblem,
  topicConfigsWithoutEffect,
} from '../configs/topic-configs.ts';
import type { MetadataStore, StoredTopic } from './metadata-store.ts';
import type { Refusal } from './refusal.ts';
import { collisionKey, internalTopicRefusal } from './topic-names.ts';

export interface TopicCatalogOptions {
  store: MetadataStore;
  logs: LogManager;
  configs: BrokerConfigs;
  logger: Logger;
  newUuid: () => string;
  /** Called once a topic is gone, before its files are. */
  onTopicDeleted: (topic: Topic) => void;
  /**
   * Called before the row of a deleted topic is removed, to delete what else is stored under its
   * name.
   */
  onTopicRemoved: (name: string) => Promise<void>;
}

type DeletedTopic = Pick<StoredTopic, 'id' | 'name' | 'partitionCount'>;

/** A topic of this broker. */
export class Topic {
  readonly id: string;
  readonly name: string;
  readonly isInternal: boolean;
  configs: ReadonlyMap<string, string>;
  logConfig: LogConfig;
  partitionCount: number;
  /** Since the broker started. */
  readonly traffic = { recordsIn: 0, bytesIn: 0, bytesOut: 0 };
  /** Growth, new configs and deletion: each starts from what the one before it left. */
  readonly changes = new SerialQueue();
  /** Under way from the first request to delete it. */
  deletion: Promise<void> | undefined;
  readonly #logs: LogManager;
  readonly #partitions: (PartitionLog | undefined)[] = [];

  constructor(stored: StoredTopic, logConfig: LogConfig, logs: LogManager) {
    this.id = stored.id;
    this.name = stored.name;
    this.isInternal = stored.internal || isInternalTopic(stored.name);
    this.configs = stored.configs;
    this.partitionCount = stored.partitionCount;
    this.logConfig = logConfig;
    this.#logs = logs;
  }

  /** Makes all partitions known to the log manager, which keeps to their retention. */
  openLogs(): void {
    for (let partition = 0; partition < this.partitionCount; partition += 1) this.log(partition);
  }

  /** Gives the topic's partitions a new configuration, at once. */
  configure(logConfig: LogConfig): void {
    this.logConfig = logConfig;
    for (const log of this.#partitions) if (log) log.config = logConfig;
  }

  /** The partition's log; undefined when there is no such partition. */
  log(partition: number): PartitionLog | undefined {
    const open = this.#partitions[partition];
    if (open) return open;
    if (!(partition >= 0 && partition < this.partitionCount)) return undefined;
    const log = this.#logs.openPartition(this.name, partition, {
      topicId: this.id,
      config: this.logConfig,
    });
    this.#partitions[partition] = log;
    return log;
  }
}

/**
 * The topics of this broker, in memory, with the store behind. A topic's row is durable before its
 * first file exists; when one is deleted its row says so before the first file goes.
 */
export class TopicCatalog {
  readonly #options: TopicCatalogOptions;
  readonly #byName = new Map<string, Topic>();
  readonly #byId = new Map<string, Topic>();
  readonly #creating = new Map<string, Promise<Topic | Refusal>>();
  /**
   * Deleted topics, by name, that still have files or a row; `removal` is undefined after a
   * failure.
   */
  readonly #deleted = new Map<
    string,
    { topic: DeletedTopic; removal: Promise<void> | undefined }
  >();
  readonly #collisionKeys = new Map<string, string>();

  constructor(options: TopicCatalogOptions) {
    this.#options = options;
  }

  /** Loads what is stored and finishes deletions that a crash cut short. */
  async restore(stored: readonly StoredTopic[]): Promise<void> {
    for (const topic of stored) {
      if (topic.deleted) await this.#finishDeletion(topic).catch(() => {});
      else this.#add(topic);
    }
  }

  byName(name: string): Topic | undefined {
    return this.#byName.get(name);
  }

  byId(id: string): Topic | undefined {
    return this.#byId.get(id);
  }

  all(): Iterable<Topic> {
    return this.#byName.values();
  }

  get size(): number {
    return this.#byName.size;
  }

  /** Why a topic of this name and configs cannot be created; undefined when it can. */
  creationProblem(name: string, configs: ReadonlyMap<string, string>): Refusal | undefined {
    const nameProblem = topicNameProblem(name);
    if (nameProblem !== undefined) {
      return { error: ErrorCodes.INVALID_TOPIC_EXCEPTION, message: nameProblem };
    }
    const internal = internalTopicRefusal(name);
    if (internal) return internal;
    if (this.#byName.has(name)) {
      return { error: ErrorCodes.TOPIC_ALREADY_EXISTS, message: `Topic '${name}' already exists.` };
    }
    if (!this.#deleted.has(name) && this.#isUnknownOnDisk(name)) {
      const message = `There are records of a topic '${name}' that the metadata has lost: recover it first.`;
      return { error: ErrorCodes.TOPIC_ALREADY_EXISTS, message };
    }
    const other = this.#collisionKeys.get(collisionKey(name));
    // Its own name is there while it is being created.
    if (other !== undefined && other !== name) {
      return {
        error: ErrorCodes.INVALID_TOPIC_EXCEPTION,
        message: `Topic '${name}' collides with existing topic: ${other}`,
      };
    }
    const configProblem = topicConfigsProblem(configs, this.#options.configs);
    if (configProblem !== undefined) {
      return { error: ErrorCodes.INVALID_CONFIG, message: configProblem };
    }
    return undefined;
  }

  #isUnknownOnDisk(name: string): boolean {
    return this.#options.logs.unopenedPartitions.some(({ topic }) => topic === name);
  }

  /** Creates a topic; several calls for one name at a time create one topic. */
  async create(
    name: string,
    partitionCount: number,
    configs: ReadonlyMap<string, string>,
  ): Promise<Topic | Refusal> {
    const running = this.#creating.get(name);
    if (running) {
      await running;
      return { error: ErrorCodes.TOPIC_ALREADY_EXISTS, message: `Topic '${name}' already exists.` };
    }
    const problem = this.creationProblem(name, configs);
    if (problem) return problem;
    return this.#startCreation(name, partitionCount, configs);
  }

  /** The topic of this name, created with the broker's defaults if it is missing. */
  async obtain(name: string): Promise<Topic | Refusal> {
    // No await before the creation starts: another request could start one meanwhile.
    const existing = this.#byName.get(name) ?? this.#creating.get(name);
    if (existing) return existing;
    const partitionCount = this.#options.configs.number('num.partitions');
    const isTooLarge = partitionCount > PARTITIONS_PER_REQUEST_MAX;
    const problem = isTooLarge ? TOO_MANY_PARTITIONS : this.creationProblem(name, NO_CONFIGS);
    return problem ?? this.#startCreation(name, partitionCount, NO_CONFIGS);
  }

  #startCreation(
    name: string,
    partitionCount: number,
    configs: ReadonlyMap<string, string>,
  ): Promise<Topic | Refusal> {
    this.#collisionKeys.set(collisionKey(name), name);
    const creation = this.#store(name, partitionCount, configs)
      .catch((error: unknown) => {
        this.#collisionKeys.delete(collisionKey(name));
        throw error;
      })
      .finally(() => this.#creating.delete(name));
    this.#creating.set(name, creation);
    return creation;
  }

  async #store(
    name: string,
    partitionCount: number,
    configs: ReadonlyMap<string, string>,
  ): Promise<Topic> {
    // A topic of this name that is being deleted still holds the name in the store.
    const deleted = this.#deleted.get(name);
    if (deleted) await (deleted.removal ?? this.#finishDeletion(deleted.topic));
    const id = this.#options.newUuid();
    const stored = { id, name, partitionCount, configs, internal: false, deleted: false };
    await this.#options.store.createTopic(stored);
    this.#options.logger.info({ topic: name, partitions: partitionCount }, 'topic created');
    this.#reportUnused(name, configs);
    return this.#add(stored);
  }

  /**
   * Grows a topic to a larger count, unless `judge` finds a problem with that at its turn. The new
   * partitions can be written to once this resolves.
   */
  grow(
    topic: Topic,
    partitionCount: number,
    judge: () => Refusal | undefined,
  ): Promise<Refusal | undefined> {
    return topic.changes.run(async () => {
      if (!this.#isThere(topic)) return UNKNOWN_TOPIC;
      const problem = judge();
      if (problem) return problem;
      await this.#options.store.setPartitionCount(topic.id, partitionCount);
      topic.partitionCount = partitionCount;
      topic.openLogs();
      const { name } = topic;
      this.#options.logger.info({ topic: name, partitions: partitionCount }, 'topic grown');
      return undefined;
    });
  }

  setConfigs(topic: Topic, configs: ReadonlyMap<string, string>): Promise<void> {
    return topic.changes.run(async () => {
      // Deleted meanwhile: as if the deletion had come right after.
      if (!this.#isThere(topic)) return;
      await this.#options.store.setTopicConfigs(topic.id, configs);
      const changed = [...configs].filter(([name, value]) => topic.configs.get(name) !== value);
      this.#reportUnused(topic.name, new Map(changed));
      topic.configs = configs;
      this.#applyConfigs(topic);
    });
  }

  #reportUnused(topic: string, given: ReadonlyMap<string, string>): void {
    const configs = topicConfigsWithoutEffect(given);
    if (configs.length === 0) return;
    this.#options.logger.warn({ topic, configs }, 'these configs have no effect in this broker');
  }

  #isThere(topic: Topic): boolean {
    return this.#byId.get(topic.id) === topic;
  }

  /** After a change of the broker's settings, which give the topics' defaults. */
  applyBrokerConfigs(): void {
    for (const topic of this.#byName.values()) this.#applyConfigs(topic);
  }

  #applyConfigs(topic: Topic): void {
    topic.configure(logConfigOf(topic.configs, this.#options.configs));
  }

  /**
   * Deletes a topic; several calls for one topic at a time delete it once, and all wait for that.
   */
  delete(topic: Topic): Promise<void> {
    topic.deletion ??= topic.changes.run(() => this.#delete(topic));
    return topic.deletion;
  }

  async #delete(topic: Topic): Promise<void> {
    try {
      await this.#options.store.markTopicDeleted(topic.id);
    } catch (error) {
      topic.deletion = undefined;
      throw error;
    }
    this.#byName.delete(topic.name);
    this.#byId.delete(topic.id);
    this.#collisionKeys.delete(collisionKey(topic.name));
    this.#options.onTopicDeleted(topic);
    this.#options.logger.info({ topic: topic.name }, 'topic deleted');
    await this.#finishDeletion(topic);
  }

  /**
   * Until this resolves, the row of the deleted topic holds its name, and no topic of that name can
   * be created. A failed removal is tried again when a client creates such a topic, and at the next
   * start.
   */
  #finishDeletion(topic: DeletedTopic): Promise<void> {
    const { name } = topic;
    const removal = this.#removeFiles(topic).then(
      () => void this.#deleted.delete(name),
      (error: unknown) => {
        this.#deleted.set(name, { topic, removal: undefined });
        this.#options.logger.error({ err: error, topic: name }, 'a deleted topic is not gone');
        throw error;
      },
    );
    this.#deleted.set(name, { topic, removal });
    return removal;
  }

  async #removeFiles({ id, name, partitionCount }: DeletedTopic): Promise<void> {
    await this.#options.logs.deleteTopic(name, partitionCount, id);
    await this.#options.onTopicRemoved(name);
    await this.#options.store.removeTopic(id);
  }

  #add(stored: StoredTopic): Topic {
    const logConfig = logConfigOf(stored.configs, this.#options.configs);
    const topic = new Topic(stored, logConfig, this.#options.logs);
    topic.openLogs();
    this.#byName.set(topic.name, topic);
    this.#byId.set(topic.id, topic);
    this.#collisionKeys.set(collisionKey(topic.name), topic.name);
    return topic;
  }
}

/** Kafka: `ReplicationControlManager`; bounds what one request can make the broker open. */
export const PARTITIONS_PER_REQUEST_MAX = 10_000;

export const UNKNOWN_TOPIC: Refusal = {
  error: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION,
  message: null,
};
export const TOO_MANY_PARTITIONS: Refusal = {
  error: ErrorCodes.POLICY_VIOLATION,
  message: 'Excessively large number of partitions per request.',
};

const NO_CONFIGS: ReadonlyMap<string, string> = new Map();

export function isRefusal(outcome: Topic | Refusal): outcome is Refusal {
  return 'error' in outcome;
}
