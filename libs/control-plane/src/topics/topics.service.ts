import { Injectable } from '@nestjs/common';
import {
  byName,
  type ClusterMetadata,
  type ConfigDescription,
  EARLIEST,
  InteractiveCluster,
  KafkaRefusal,
  LATEST,
  type Page,
  pageByName,
  type TopicMetadata,
} from '../cluster/index.ts';
import {
  kafkaErrorMessage,
  NO_ERROR,
  UNKNOWN_TOPIC_OR_PARTITION,
} from '../cluster/cluster-error.ts';
import {
  type BrokerRefused,
  brokerRefused,
  type InvalidInput,
  type TopicExists,
  topicExists,
  type TopicNotFound,
  topicNotFound,
} from '../cluster/problem.ts';
import { checkCreateTopic, type CreateTopicRequest } from './topic-input.ts';

/** How long a change of topics may take to be seen by the brokers of a cluster. */
const PROPAGATION_DEADLINE_MS = 5_000;
const PROPAGATION_POLL_MS = 50;

export interface TopicView extends TopicMetadata {
  /** The metadata that named the topic; later requests about it go to the leaders named there. */
  readonly cluster: ClusterMetadata;
}

export interface PartitionOffsets {
  readonly startOffset: number | null;
  readonly endOffset: number | null;
}

export type CreateTopicOutcome =
  | { readonly kind: 'topic'; readonly topic: TopicView }
  | TopicExists
  | InvalidInput
  | BrokerRefused;

export type DeleteTopicOutcome =
  { readonly kind: 'topic-deleted'; readonly name: string } | TopicNotFound | BrokerRefused;

/** Topics as the cluster has them now: nothing here is cached. */
@Injectable()
export class TopicsService {
  readonly #cluster: InteractiveCluster;

  constructor(cluster: InteractiveCluster) {
    this.#cluster = cluster;
  }

  /** Topics by name, ascending; `filter` is a part of the name, in any case. */
  async list(options: {
    filter?: string | null;
    internal?: boolean | null;
    first?: number | null;
    after?: string | null;
  }): Promise<Page<TopicView>> {
    const cluster = await this.#cluster.metadata(null);
    const filter = (options.filter ?? '').toLowerCase();
    const topics = cluster.topics
      .filter((topic) => topic.errorCode === NO_ERROR)
      .filter((topic) => options.internal === true || !topic.internal)
      .filter((topic) => topic.name.toLowerCase().includes(filter))
      .map((topic) => ({ ...topic, cluster }))
      .sort((a, b) => byName(a.name, b.name));
    return pageByName(topics, (topic) => topic.name, options);
  }

  async find(name: string): Promise<TopicView | null> {
    const cluster = await this.#cluster.metadata([name]);
    const topic = cluster.topics.find((candidate) => candidate.name === name);
    if (topic === undefined || topic.errorCode !== NO_ERROR) {
      return null;
    }
    return { ...topic, cluster };
  }

  /** Start and end offsets by partition index, for all of `topics` in two requests per broker. */
  async offsets(topics: readonly TopicView[]): Promise<PartitionOffsets[][]> {
    const cluster = topics[0]?.cluster;
    if (cluster === undefined) {
      return [];
    }
    const [starts, ends] = await Promise.all([
      this.#cluster.listOffsets(cluster, topics, EARLIEST),
      this.#cluster.listOffsets(cluster, topics, LATEST),
    ]);
    return topics.map((topic) =>
      (ends.get(topic.name) ?? []).map((endOffset, partition) => ({
        startOffset: starts.get(topic.name)?.[partition] ?? null,
        endOffset,
      })),
    );
  }

  /** Bytes on disk by partition index; null where the cluster does not tell. */
  async sizes(topics: readonly TopicView[]): Promise<(number | null)[][]> {
    const cluster = topics[0]?.cluster;
    if (cluster === undefined) {
      return [];
    }
    const sizes = await this.#cluster.logSizes(cluster, topics);
    return topics.map((topic) => sizes.get(topic.name) ?? []);
  }

  async configs(names: readonly string[]): Promise<ConfigDescription[][]> {
    const configs = await this.#cluster.topicConfigs(names);
    return names.map((name) => configs.get(name) ?? []);
  }

  async create(request: CreateTopicRequest): Promise<CreateTopicOutcome> {
    const problem = checkCreateTopic(request);
    if (problem !== null) {
      return problem;
    }
    try {
      await this.#cluster.createTopic({
        name: request.name,
        partitions: request.partitions ?? -1,
        replicationFactor: request.replicationFactor ?? -1,
        configs: request.configs ?? [],
      });
    } catch (error) {
      if (!(error instanceof KafkaRefusal)) {
        throw error;
      }
      return error.kafkaError === 'TOPIC_ALREADY_EXISTS'
        ? topicExists(request.name)
        : brokerRefused(error.kafkaError, error.message);
    }
    const topic = await this.#seen(request.name, (found) => found !== null);
    return topic === null
      ? brokerRefused(
          'REQUEST_TIMED_OUT',
          `${request.name} was created, but the cluster does not show it yet.`,
        )
      : { kind: 'topic', topic };
  }

  async delete(name: string): Promise<DeleteTopicOutcome> {
    const topic = await this.find(name);
    if (topic === null) {
      return topicNotFound(name);
    }
    if (topic.internal) {
      return brokerRefused(
        'INVALID_TOPIC_EXCEPTION',
        `${name} is an internal topic of the cluster and cannot be deleted here.`,
      );
    }
    try {
      await this.#cluster.deleteTopic(name);
    } catch (error) {
      if (!(error instanceof KafkaRefusal)) {
        throw error;
      }
      return error.kafkaError === 'UNKNOWN_TOPIC_OR_PARTITION'
        ? topicNotFound(name)
        : brokerRefused(error.kafkaError, error.message);
    }
    await this.#seen(name, (found) => found === null);
    return { kind: 'topic-deleted', name };
  }

  /** Waits until the cluster's metadata shows the change, so that the next query shows it too. */
  async #seen(
    name: string,
    wanted: (topic: TopicView | null) => boolean,
  ): Promise<TopicView | null> {
    const deadline = performance.now() + PROPAGATION_DEADLINE_MS;
    for (;;) {
      const topic = await this.find(name);
      if (wanted(topic) || performance.now() > deadline) {
        return topic;
      }
      await new Promise((resolve) => setTimeout(resolve, PROPAGATION_POLL_MS));
    }
  }
}

/** Why a partition has no figures; null when it should have some. */
export function partitionProblem(partition: {
  leader: number | null;
  errorCode: number;
}): string | null {
  if (partition.errorCode !== NO_ERROR && partition.errorCode !== UNKNOWN_TOPIC_OR_PARTITION) {
    return kafkaErrorMessage(partition.errorCode);
  }
  return partition.leader === null ? 'The partition has no leader.' : null;
}

/** Kafka's words for where the value of a configuration comes from, by the number on the wire. */
export const configSources: Readonly<Record<number, string>> = {
  0: 'UNKNOWN',
  1: 'DYNAMIC_TOPIC_CONFIG',
  2: 'DYNAMIC_BROKER_CONFIG',
  3: 'DYNAMIC_DEFAULT_BROKER_CONFIG',
  4: 'STATIC_BROKER_CONFIG',
  5: 'DEFAULT_CONFIG',
  6: 'DYNAMIC_BROKER_LOGGER_CONFIG',
};
