import { ErrorCodes } from '@penstock/kafka-protocol/error-codes';
import { clusterApis } from '../cluster/broker-connection.ts';
import type { BrokerConnection } from '../cluster/broker-connection.ts';
import type { ClusterClient, ClusterMetadata } from '../cluster/cluster-client.ts';
import { ClusterUnavailable } from '../cluster/cluster-error.ts';
import { checkTopicName } from '../topics/index.ts';
import { IngestRefusal } from './ingest-problem.ts';

/** What ingest must know of a topic to append to it. */
export interface TopicRoute {
  readonly name: string;
  /** Broker id by partition index; -1 while a partition has no leader. */
  readonly leaders: readonly number[];
  /** Largest record batch that the topic takes (`max.message.bytes`). */
  readonly batchBytesMax: number;
}

interface CachedRoute {
  route: TopicRoute;
  fetchedAt: number;
  refreshing: boolean;
}

const ROUTE_AGE_MAX_MS = 30_000;
const ROUTES_MAX = 10_000;
/** Kafka's default of `max.message.bytes`. */
const BATCH_BYTES_DEFAULT = 1_048_588;
const CREATE_ATTEMPTS = 25;
const CREATE_RETRY_MS = 100;
const BROKER_CONFIG_RESOURCE = 4;

/**
 * A cache of which broker leads which partition: a request to a known topic does not ask the
 * cluster. Asking for a topic that does not exist creates it, if the cluster does that.
 */
export class TopicDirectory {
  readonly #cluster: ClusterClient;
  readonly #now: () => number;
  readonly #routes = new Map<string, CachedRoute>();
  readonly #lookups = new Map<string, Promise<TopicRoute>>();
  #metadata: ClusterMetadata | undefined;
  #autoCreate: { value: boolean; fetchedAt: number } | undefined;

  constructor(cluster: ClusterClient, now: () => number = Date.now) {
    this.#cluster = cluster;
    this.#now = now;
  }

  /** The cached route; an old one is still returned, and refreshed in the background. */
  known(name: string): TopicRoute | undefined {
    const cached = this.#routes.get(name);
    if (cached === undefined) return undefined;
    if (this.#now() - cached.fetchedAt > ROUTE_AGE_MAX_MS && !cached.refreshing) {
      cached.refreshing = true;
      this.find(name).catch(() => {
        cached.refreshing = false;
      });
    }
    return cached.route;
  }

  /**
   * Asks the cluster for the topic.
   * @throws IngestRefusal for a topic that cannot be written; ClusterUnavailable
   */
  async find(name: string): Promise<TopicRoute> {
    let lookup = this.#lookups.get(name);
    if (lookup === undefined) {
      lookup = this.#lookUp(name).finally(() => this.#lookups.delete(name));
      this.#lookups.set(name, lookup);
    }
    return await lookup;
  }

  /**
   * Refuses a topic that does not exist and would not be created. Creates none itself.
   * @throws IngestRefusal, ClusterUnavailable
   */
  async require(name: string): Promise<void> {
    if (this.known(name) !== undefined) return;
    const { topics } = await this.#cluster.metadata([name]);
    const errorCode = topics[0]?.errorCode;
    if (errorCode !== ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION) return;
    if (!(await this.#creates())) throw unknownTopic(name);
  }

  /** Forgets a route that turned out to be wrong. */
  forget(name: string): void {
    this.#routes.delete(name);
  }

  /** A connection to a broker that a route named. */
  async connect(brokerId: number): Promise<BrokerConnection> {
    if (this.#metadata?.brokers.has(brokerId) !== true) await this.#refreshBrokers();
    return await this.#cluster.leaderConnection(this.#metadata as ClusterMetadata, brokerId);
  }

  /** A connection to any broker, for requests that all of them answer. */
  async connectAny(): Promise<BrokerConnection> {
    const metadata = await this.#refreshBrokers();
    let failure: unknown = new ClusterUnavailable('The cluster has no brokers.');
    for (const brokerId of metadata.brokers.keys()) {
      try {
        return await this.#cluster.leaderConnection(metadata, brokerId);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /** The id that the cluster gives itself. */
  async clusterId(): Promise<string> {
    const { clusterId } = this.#metadata ?? (await this.#refreshBrokers());
    return clusterId ?? 'unknown';
  }

  async #refreshBrokers(): Promise<ClusterMetadata> {
    this.#metadata = await this.#cluster.metadata([]);
    return this.#metadata;
  }

  async #lookUp(name: string): Promise<TopicRoute> {
    const problem = checkTopicName(name);
    if (problem !== null) throw new IngestRefusal({ code: 'invalid-topic', message: problem });
    const leaders = await this.#leadersOf(name);
    const batchBytesMax = await this.#batchBytesMaxOf(name);
    const route = { name, leaders, batchBytesMax };
    if (this.#routes.size >= ROUTES_MAX) this.#routes.clear();
    this.#routes.set(name, { route, fetchedAt: this.#now(), refreshing: false });
    return route;
  }

  async #leadersOf(name: string): Promise<number[]> {
    for (let attempt = 1; ; attempt++) {
      const connection = await this.connectAny();
      const answer = await connection.call(clusterApis.metadata, [name], true, false);
      const topic = answer.topics[0];
      if (topic === undefined) throw new ClusterUnavailable('The broker left the topic out.');
      const leaders = Array.from({ length: topic.partitions.length }, () => -1);
      for (const { partitionIndex, leaderId } of topic.partitions) {
        leaders[partitionIndex] = leaderId;
      }
      if (topic.errorCode === ErrorCodes.NONE && leaders.some((leader) => leader >= 0)) {
        return leaders;
      }
      await this.#judge(name, topic.errorCode, attempt);
      await new Promise((resolve) => setTimeout(resolve, CREATE_RETRY_MS));
    }
  }

  /** Returns when asking again may help; throws when it cannot. */
  async #judge(name: string, errorCode: number, attempt: number): Promise<void> {
    if (errorCode === ErrorCodes.INVALID_TOPIC_EXCEPTION) {
      throw new IngestRefusal({ code: 'invalid-topic', message: `${name} is not a topic name` });
    }
    if (errorCode === ErrorCodes.TOPIC_AUTHORIZATION_FAILED) {
      throw new IngestRefusal({ code: 'not-authorized', message: `${name} may not be written` });
    }
    const creating = attempt < CREATE_ATTEMPTS;
    if (
      errorCode === ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION &&
      !(creating && (await this.#creates()))
    ) {
      throw unknownTopic(name);
    }
    const leaderless =
      errorCode === ErrorCodes.NONE || errorCode === ErrorCodes.LEADER_NOT_AVAILABLE;
    if (creating && (leaderless || errorCode === ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION)) return;
    throw new ClusterUnavailable(`Topic ${name} has no partition with a leader.`);
  }

  /** Whether the cluster creates topics that are asked for (`auto.create.topics.enable`). */
  async #creates(): Promise<boolean> {
    const cached = this.#autoCreate;
    if (cached && this.#now() - cached.fetchedAt < ROUTE_AGE_MAX_MS) return cached.value;
    const brokerId = this.#metadata?.brokers.keys().next().value ?? 0;
    const connection = await this.connect(brokerId);
    const answer = await connection.call(
      clusterApis.describeConfigs,
      [{ resourceType: BROKER_CONFIG_RESOURCE, resourceName: String(brokerId) }],
      false,
      false,
    );
    const config = answer.results[0]?.configs.find(
      ({ name }) => name === 'auto.create.topics.enable',
    );
    const value = config?.value !== 'false';
    this.#autoCreate = { value, fetchedAt: this.#now() };
    return value;
  }

  async #batchBytesMaxOf(name: string): Promise<number> {
    const configs = await this.#cluster.topicConfigs([name]);
    const config = configs.get(name)?.find((entry) => entry.name === 'max.message.bytes');
    return Number(config?.value ?? BATCH_BYTES_DEFAULT) || BATCH_BYTES_DEFAULT;
  }
}

function unknownTopic(name: string): IngestRefusal {
  const message = `there is no topic ${name}, and the broker does not create topics by itself`;
  return new IngestRefusal({ code: 'unknown-topic', message });
}
