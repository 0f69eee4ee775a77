import {
  type BrokerAddress,
  BrokerConnection,
  clusterApis,
  type ConnectionLimits,
} from './broker-connection.ts';
import { ClusterUnavailable, KafkaRefusal, NO_ERROR } from './cluster-error.ts';
import type {
  ClusterMetadata,
  ConfigDescription,
  GroupCommits,
  GroupDescription,
  ListedGroup,
  NewTopic,
  TopicMetadata,
  TopicOffsets,
} from './cluster-model.ts';
import { toCommits } from './committed-offsets.ts';

export type { ClusterMetadata } from './cluster-model.ts';

/**
 * Timestamps with a meaning in ListOffsets (org.apache.kafka.common.requests.ListOffsetsRequest).
 */
export const LATEST = -1;
export const EARLIEST = -2;
/** What {@link ClusterClient.listStableOffsets} gives where no record is at or after a time. */
export const NO_RECORD = -1;

const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
const TOPIC_CONFIG_RESOURCE = 2;
const ADMIN_TIMEOUT_MS = 8_000;
/** Groups named in one request: bounds the size of an answer, not what can be asked. */
const GROUPS_PER_REQUEST = 200;

/**
 * The Kafka requests that a control plane needs, batched: the number of requests depends on the
 * number of brokers, not on topics, partitions or groups.
 *
 * It reaches below the client's `Admin` because that asks once per group for offsets and retries
 * inside its connection pool, which stretches "is the broker there" beyond a frame of the
 * dashboard. Every request is bounded by `requestTimeoutMs`; a connection that failed once is never
 * used again.
 */
export class ClusterClient {
  readonly #bootstrap: readonly BrokerAddress[];
  readonly #clientId: string;
  readonly #limits: ConnectionLimits;
  readonly #connections = new Map<string, Promise<BrokerConnection>>();
  #closed = false;

  constructor(
    options: { bootstrapServers: readonly string[]; clientId: string } & ConnectionLimits,
  ) {
    this.#bootstrap = options.bootstrapServers.map(parseAddress);
    this.#clientId = options.clientId;
    this.#limits = options;
  }

  /** @param topics names, or null for all topics. Never creates a topic. */
  async metadata(topics: readonly string[] | null): Promise<ClusterMetadata> {
    const connection = await this.#anyBroker();
    const answer = await connection.call(
      clusterApis.metadata,
      topics === null ? null : [...topics],
      false,
      false,
    );
    return {
      clusterId: answer.clusterId ?? null,
      controllerId: answer.controllerId,
      brokers: new Map(answer.brokers.map((broker) => [broker.nodeId, broker])),
      topics: answer.topics.map((topic) => ({
        name: topic.name ?? '',
        id: topic.topicId,
        internal: topic.isInternal || (topic.name ?? '').startsWith('__'),
        errorCode: topic.errorCode,
        partitions: topic.partitions
          .map((partition) => ({
            partition: partition.partitionIndex,
            leader: partition.leaderId < 0 ? null : partition.leaderId,
            errorCode: partition.errorCode,
          }))
          .sort((a, b) => a.partition - b.partition),
      })),
    };
  }

  /**
   * Offsets of all partitions of `topics` at a time, one request per leader. A leader that does not
   * answer leaves null in its partitions; when none answers, this throws.
   *
   * @param timestamp ms since epoch, or {@link LATEST} or {@link EARLIEST}
   */
  async listOffsets(
    metadata: ClusterMetadata,
    topics: readonly TopicMetadata[],
    timestamp: number,
  ): Promise<TopicOffsets> {
    const found = await this.#offsets(metadata, topics, timestamp, READ_UNCOMMITTED);
    return new Map(
      [...found].map(([name, row]) => [
        name,
        row.map((offset) => (offset === NO_RECORD ? null : offset)),
      ]),
    );
  }

  /**
   * As {@link listOffsets}, for readers of committed records: the latest offset is the last stable
   * one. {@link NO_RECORD} where no record is at or after the time.
   */
  listStableOffsets(
    metadata: ClusterMetadata,
    topics: readonly TopicMetadata[],
    timestamp: number,
  ): Promise<TopicOffsets> {
    return this.#offsets(metadata, topics, timestamp, READ_COMMITTED);
  }

  /** All groups of the cluster, each with the broker that coordinates it. */
  async listGroups(metadata: ClusterMetadata): Promise<ListedGroup[]> {
    const groups: ListedGroup[] = [];
    const everyBroker = new Map([...metadata.brokers.keys()].map((id) => [id, undefined]));
    await this.#onEach(metadata, everyBroker, async (connection, _nothing, coordinator) => {
      const answer = await connection.call(clusterApis.listGroups, [], []);
      if (answer.errorCode !== NO_ERROR) {
        throw new KafkaRefusal(answer.errorCode);
      }
      for (const { groupId, protocolType, groupState } of answer.groups) {
        groups.push({ groupId, protocolType, state: groupState, coordinator });
      }
    });
    return groups;
  }

  /** Members of groups, by group id; a group that could not be described is absent. */
  async describeGroups(
    metadata: ClusterMetadata,
    groups: readonly ListedGroup[],
  ): Promise<Map<string, GroupDescription>> {
    const described = new Map<string, GroupDescription>();
    await this.#onEach(metadata, byCoordinator(groups), async (connection, groupIds) => {
      for (const some of chunks(groupIds, GROUPS_PER_REQUEST)) {
        const answer = await connection.call(clusterApis.describeGroups, some, false);
        for (const group of answer.groups) {
          if (group.errorCode === NO_ERROR) {
            described.set(group.groupId, group);
          }
        }
      }
    });
    return described;
  }

  /** Committed offsets of groups, by group id, for every partition each has committed. */
  async committedOffsets(
    metadata: ClusterMetadata,
    groups: readonly ListedGroup[],
  ): Promise<Map<string, GroupCommits>> {
    const commits = new Map<string, GroupCommits>();
    await this.#onEach(metadata, byCoordinator(groups), async (connection, groupIds) => {
      for (const some of chunks(groupIds, GROUPS_PER_REQUEST)) {
        const answer = await connection.call(
          clusterApis.offsetFetch,
          some.map((groupId) => ({ groupId, memberEpoch: -1, topics: null })),
          false,
        );
        for (const group of answer.groups) {
          if (group.errorCode === NO_ERROR) {
            commits.set(group.groupId, toCommits(group.topics));
          }
        }
      }
    });
    return commits;
  }

  /** Bytes on disk by topic and partition index; the largest replica where there are several. */
  async logSizes(
    metadata: ClusterMetadata,
    topics: readonly TopicMetadata[],
  ): Promise<Map<string, (number | null)[]>> {
    const sizes = new Map<string, (number | null)[]>(
      topics.map((topic) => [
        topic.name,
        new Array<number | null>(partitionSlots(topic)).fill(null),
      ]),
    );
    const wanted = topics.map((topic) => ({
      name: topic.name,
      partitions: topic.partitions.map(({ partition }) => partition),
    }));
    const everyBroker = new Map([...metadata.brokers.keys()].map((id) => [id, undefined]));
    await this.#onEach(metadata, everyBroker, async (connection) => {
      const answer = await connection.call(clusterApis.describeLogDirs, wanted);
      for (const topic of answer.results.flatMap((directory) => directory.topics)) {
        const row = sizes.get(topic.name);
        for (const { partitionIndex, partitionSize, isFutureKey } of topic.partitions) {
          if (row !== undefined && !isFutureKey) {
            row[partitionIndex] = Math.max(row[partitionIndex] ?? 0, Number(partitionSize));
          }
        }
      }
    });
    return sizes;
  }

  /** Configuration of topics by name; a topic that could not be asked is absent. */
  async topicConfigs(topics: readonly string[]): Promise<Map<string, ConfigDescription[]>> {
    const connection = await this.#anyBroker();
    const answer = await connection.call(
      clusterApis.describeConfigs,
      topics.map((resourceName) => ({ resourceType: TOPIC_CONFIG_RESOURCE, resourceName })),
      true,
      true,
    );
    return new Map(
      answer.results
        .filter((result) => result.errorCode === NO_ERROR)
        .map((result) => [result.resourceName, result.configs]),
    );
  }

  /** Throws {@link KafkaRefusal} when the cluster does not create it. */
  async createTopic(topic: NewTopic): Promise<void> {
    const connection = await this.#controller();
    const request = {
      name: topic.name,
      numPartitions: topic.partitions,
      replicationFactor: topic.replicationFactor,
      assignments: [],
      configs: [...topic.configs],
    };
    const answer = await connection.call(
      clusterApis.createTopics,
      [request],
      ADMIN_TIMEOUT_MS,
      false,
    );
    const created = answer.topics[0];
    if (created === undefined || created.errorCode !== NO_ERROR) {
      throw new KafkaRefusal(created?.errorCode ?? -1, created?.errorMessage);
    }
  }

  /** Throws {@link KafkaRefusal} when the cluster does not delete it. */
  async deleteTopic(name: string): Promise<void> {
    const connection = await this.#controller();
    const answer = await connection.call(clusterApis.deleteTopics, [{ name }], ADMIN_TIMEOUT_MS);
    const deleted = answer.responses[0];
    if (deleted === undefined || deleted.errorCode !== NO_ERROR) {
      throw new KafkaRefusal(deleted?.errorCode ?? -1, deleted?.errorMessage);
    }
  }

  /** A connection to the leader of a partition, for Fetch and Produce. */
  async leaderConnection(metadata: ClusterMetadata, leader: number): Promise<BrokerConnection> {
    const address = metadata.brokers.get(leader);
    if (address === undefined) {
      throw new ClusterUnavailable(`Broker ${leader} is not known to the cluster.`);
    }
    return await this.#open(address);
  }

  /** Drops all connections; the next request opens new ones. */
  disconnect(): void {
    const connections = [...this.#connections.values()];
    this.#connections.clear();
    for (const opening of connections) {
      opening.then(
        (connection) => connection.close(),
        () => undefined,
      );
    }
  }

  close(): void {
    this.#closed = true;
    this.disconnect();
  }

  async #offsets(
    metadata: ClusterMetadata,
    topics: readonly TopicMetadata[],
    timestamp: number,
    isolationLevel: number,
  ): Promise<Map<string, (number | null)[]>> {
    const offsets = new Map<string, (number | null)[]>();
    const byLeader = new Map<number, Map<string, number[]>>();
    for (const topic of topics) {
      offsets.set(topic.name, new Array<number | null>(partitionSlots(topic)).fill(null));
      for (const { partition, leader } of topic.partitions) {
        if (leader !== null) {
          const ofLeader = getOrAdd(byLeader, leader, () => new Map<string, number[]>());
          getOrAdd(ofLeader, topic.name, () => []).push(partition);
        }
      }
    }
    await this.#onEach(metadata, byLeader, async (connection, wanted) => {
      const answer = await connection.call(
        clusterApis.listOffsets,
        -1,
        isolationLevel,
        [...wanted].map(([name, partitions]) => ({
          name,
          partitions: partitions.map((partitionIndex) => ({
            partitionIndex,
            currentLeaderEpoch: -1,
            timestamp: BigInt(timestamp),
          })),
        })),
      );
      for (const topic of answer.topics) {
        const row = offsets.get(topic.name);
        for (const { partitionIndex, errorCode, offset } of topic.partitions) {
          if (row !== undefined && errorCode === NO_ERROR) {
            row[partitionIndex] = Number(offset);
          }
        }
      }
    });
    return offsets;
  }

  async #controller(): Promise<BrokerConnection> {
    const metadata = await this.metadata([]);
    const controller = metadata.brokers.get(metadata.controllerId);
    return controller === undefined ? await this.#anyBroker() : await this.#open(controller);
  }

  async #anyBroker(): Promise<BrokerConnection> {
    let failure: unknown;
    for (const address of this.#bootstrap) {
      try {
        return await this.#open(address);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  async #open(address: BrokerAddress): Promise<BrokerConnection> {
    if (this.#closed) {
      throw new ClusterUnavailable('The connection to the cluster was closed: this process stops.');
    }
    const key = `${address.host}:${address.port}`;
    const existing = this.#connections.get(key);
    if (existing !== undefined) {
      const connection = await existing;
      if (connection.usable) {
        return connection;
      }
      if (this.#connections.get(key) === existing) {
        this.#connections.delete(key);
      }
      return await this.#open(address);
    }
    const opening = BrokerConnection.open(address, this.#clientId, this.#limits);
    this.#connections.set(key, opening);
    try {
      return await opening;
    } catch (error) {
      if (this.#connections.get(key) === opening) {
        this.#connections.delete(key);
      }
      throw error;
    }
  }

  /** Runs `ask` on several brokers at once; fails only when there were brokers and all failed. */
  async #onEach<Wanted>(
    metadata: ClusterMetadata,
    wanted: ReadonlyMap<number, Wanted>,
    ask: (connection: BrokerConnection, wanted: Wanted, brokerId: number) => Promise<void>,
  ): Promise<void> {
    const outcomes = await Promise.allSettled(
      [...wanted].map(async ([brokerId, what]) => {
        await ask(await this.leaderConnection(metadata, brokerId), what, brokerId);
      }),
    );
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
    if (failures.length > 0 && failures.length === outcomes.length) {
      throw failures[0]?.reason;
    }
  }
}

export function parseAddress(server: string): BrokerAddress {
  const colon = server.lastIndexOf(':');
  const host = colon < 0 ? server : server.slice(0, colon);
  return {
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: colon < 0 ? 9092 : Number(server.slice(colon + 1)),
  };
}

function byCoordinator(groups: readonly ListedGroup[]): Map<number, string[]> {
  const grouped = new Map<number, string[]>();
  for (const { coordinator, groupId } of groups) {
    getOrAdd(grouped, coordinator, () => []).push(groupId);
  }
  return grouped;
}

function partitionSlots(topic: TopicMetadata): number {
  return (topic.partitions.at(-1)?.partition ?? -1) + 1;
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  const parts: Item[][] = [];
  for (let start = 0; start < items.length; start += size) {
    parts.push(items.slice(start, start + size));
  }
  return parts;
}
