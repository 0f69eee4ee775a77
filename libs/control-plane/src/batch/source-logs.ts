import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Config } from '@penstock/platform';
import {
  ClusterClient,
  type ClusterMetadata,
  ClusterUnavailable,
  EARLIEST,
  LATEST,
  NO_RECORD,
  type TopicMetadata,
  UNKNOWN_TOPIC_OR_PARTITION,
} from '../cluster/index.ts';

/** What a partition's log holds that a batch run may read: the offsets [startOffset, endOffset). */
export interface SourceLog {
  readonly topic: string;
  /** Tells the topic from one of the same name that was made after it was deleted. */
  readonly topicId: string;
  readonly partition: number;
  /** The log start. */
  readonly startOffset: number;
  /** The last stable offset: no record before it can still be aborted. */
  readonly endOffset: number;
}

/** A topic that a run should read does not exist. */
export class SourceTopicMissing extends Error {
  override readonly name = 'SourceTopicMissing';

  constructor(topics: readonly string[]) {
    const list = topics.join(', ');
    super(`the source topic${topics.length > 1 ? 's' : ''} ${list} ${verb(topics)} not exist`);
  }
}

const CONNECT_TIMEOUT_MS = 2_000;
const REQUEST_TIMEOUT_MS = 6_000;

/** Where the logs of topics begin and end, and what offsets times have in them. */
@Injectable()
export class SourceLogs implements OnModuleDestroy {
  readonly #cluster: ClusterClient;

  constructor(config: Config) {
    this.#cluster = new ClusterClient({
      bootstrapServers: config.kafka.bootstrapServers,
      clientId: 'penstock-batch',
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    });
  }

  /**
   * The logs of all partitions of topics, in the order of topic and partition. All or none: a
   * partition that is left out would be a gap.
   *
   * @throws SourceTopicMissing when one of the topics does not exist; ClusterUnavailable when a
   *   partition cannot be asked now
   */
  async read(topics: readonly string[]): Promise<SourceLog[]> {
    const { metadata, described } = await this.#describe(topics);
    const [start, end] = await Promise.all([
      this.#offsets(metadata, described, EARLIEST),
      this.#offsets(metadata, described, LATEST),
    ]);
    const after = await this.#describe(topics);
    const isSame = described.every(({ id }, index) => after.described[index]?.id === id);
    if (!isSame) {
      throw new ClusterUnavailable('A source topic was made anew while its offsets were read.');
    }
    return described.flatMap(({ name: topic, id: topicId, partitions }) =>
      partitions.map(({ partition }) => ({
        topic,
        topicId,
        partition,
        startOffset: offsetOf(start, topic, partition),
        endOffset: offsetOf(end, topic, partition),
      })),
    );
  }

  /**
   * For each of these logs the first offset whose record is at or after a time; the log's end where
   * there is none.
   *
   * @param timestamp milliseconds since epoch
   * @throws as {@link read}
   */
  async offsetsAt(logs: readonly SourceLog[], timestamp: number): Promise<number[]> {
    if (logs.length === 0) {
      return [];
    }
    const topics = [...new Set(logs.map(({ topic }) => topic))];
    const { metadata, described } = await this.#describe(topics);
    const found = await this.#offsets(metadata, described, Math.max(0, Math.trunc(timestamp)));
    return logs.map(({ topic, partition, startOffset, endOffset }) => {
      const offset = offsetOf(found, topic, partition);
      return offset === NO_RECORD ? endOffset : Math.min(Math.max(offset, startOffset), endOffset);
    });
  }

  /** What each of these logs takes on disk; null where the brokers do not tell. */
  async bytesOf(logs: readonly SourceLog[]): Promise<(number | null)[]> {
    const { metadata, described } = await this.#describe(logs.map(({ topic }) => topic));
    const sizes = await this.#cluster.logSizes(metadata, described);
    return logs.map(({ topic, partition }) => sizes.get(topic)?.[partition] ?? null);
  }

  onModuleDestroy(): void {
    this.#cluster.close();
  }

  async #describe(
    topics: readonly string[],
  ): Promise<{ metadata: ClusterMetadata; described: TopicMetadata[] }> {
    const wanted = [...new Set(topics)].sort();
    const metadata = await this.#cluster.metadata(wanted);
    const byName = new Map(metadata.topics.map((topic) => [topic.name, topic] as const));
    const without = wanted.filter((topic) => (byName.get(topic)?.partitions.length ?? 0) === 0);
    const missing = without.filter((topic) => {
      const errorCode = byName.get(topic)?.errorCode ?? UNKNOWN_TOPIC_OR_PARTITION;
      return errorCode === UNKNOWN_TOPIC_OR_PARTITION;
    });
    if (missing.length > 0) {
      throw new SourceTopicMissing(missing);
    }
    if (without.length > 0) {
      throw new ClusterUnavailable(`The brokers do not describe ${without.join(', ')} yet.`);
    }
    return { metadata, described: wanted.map((topic) => byName.get(topic) as TopicMetadata) };
  }

  async #offsets(metadata: ClusterMetadata, topics: readonly TopicMetadata[], timestamp: number) {
    const found = await this.#cluster.listStableOffsets(metadata, topics, timestamp);
    for (const { name, partitions } of topics) {
      for (const { partition } of partitions) {
        if ((found.get(name)?.[partition] ?? null) === null) {
          throw new ClusterUnavailable(`The leader of ${name}/${partition} gave no offset.`);
        }
      }
    }
    return found;
  }
}

function offsetOf(
  found: ReadonlyMap<string, readonly (number | null)[]>,
  topic: string,
  partition: number,
): number {
  return found.get(topic)?.[partition] ?? NO_RECORD;
}

function verb(topics: readonly string[]): string {
  return topics.length > 1 ? 'do' : 'does';
}
