import type { RecordsBatch } from '@platformatic/kafka';
import type { SourceRecord } from '../topology/source-record.ts';
import type { BytesConsumer, KafkaPort } from './runtime-ports.ts';

/**
 * Reads partitions from given offsets, one long poll per broker at a time, the next one under way
 * while the caller works on the last. It is a fetcher only: no group, no commits. The position
 * moves by whole batches, so it passes over control markers and compacted offsets.
 */

export interface PartitionPosition {
  readonly topic: string;
  readonly partition: number;
  /** Next offset to read. */
  readonly offset: number;
}

/** What one poll brought of one partition. */
export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly records: SourceRecord[];
  /** Position after these records, which may be far behind the last of them. */
  readonly nextOffset: number;
  /** Whether the log held nothing behind these records when the broker answered. */
  readonly atEnd: boolean;
}

interface Poll {
  readonly node: number;
  readonly partitions?: FetchedPartition[];
  readonly error?: unknown;
}

/** The client does not export the name of this type. */
type FetchResponse = Awaited<ReturnType<BytesConsumer['fetch']>>;

const POLL_WAIT_MS = 500;
const POLL_BYTES_MAX = 4 * 1024 * 1024;
const PARTITION_BYTES_MAX = 1024 * 1024;
/** Attribute bits of a record batch: KIP-32 (timestamp type), KIP-98 (control). */
const LOG_APPEND_TIME = 1 << 3;
const CONTROL = 1 << 5;

export class PartitionReader {
  readonly #kafka: KafkaPort;
  readonly #consumer: BytesConsumer;
  readonly #topics: string[];
  readonly #polls = new Map<number, Promise<Poll>>();
  #positions = new Map<string, { topic: string; partition: number; offset: number }>();
  #closed = false;

  /** @param name names the client to the broker; no group of this name is joined */
  constructor(kafka: KafkaPort, name: string, topics: readonly string[]) {
    this.#kafka = kafka;
    this.#topics = [...topics];
    this.#consumer = kafka.consumer(name, { autocommit: false });
    this.#consumer.on('error', () => {});
    this.#consumer.topics.trackAll(...topics);
  }

  /** Reads these partitions from now on. Polls that are under way are waited for and dropped. */
  async assign(positions: readonly PartitionPosition[]): Promise<void> {
    this.#positions = new Map();
    await Promise.allSettled(this.#polls.values());
    this.#polls.clear();
    this.#positions = new Map(positions.map((position) => [keyOf(position), { ...position }]));
  }

  /**
   * What the next poll brings: the partitions that have records, and those that were found at their
   * end. Nothing when no poll ended within `waitMs`. Rejects with the client's error when no broker
   * answers or one refuses; the positions are unchanged then, and the next call goes on from them.
   */
  async next(waitMs = Infinity): Promise<FetchedPartition[]> {
    await this.#startPolls();
    const poll = await this.#firstPoll(waitMs);
    if (poll === null) {
      return [];
    }
    this.#polls.delete(poll.node);
    if (poll.error !== undefined) {
      throw poll.error;
    }
    const fetched = poll.partitions ?? [];
    for (const partition of fetched) {
      const position = this.#positions.get(keyOf(partition));
      if (position !== undefined) {
        position.offset = partition.nextOffset;
      }
    }
    if (fetched.some(({ records }) => records.length > 0)) {
      // A failure here shows in the next call, which asks for the metadata again.
      await this.#startPolls().catch(() => {});
    }
    return fetched;
  }

  async #firstPoll(waitMs: number): Promise<Poll | null> {
    if (waitMs === Infinity) {
      return this.#polls.size === 0 ? null : Promise.race(this.#polls.values());
    }
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, waitMs, null);
    });
    try {
      return await Promise.race([...this.#polls.values(), over]);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#kafka.release(this.#consumer);
  }

  async #startPolls(): Promise<void> {
    if (this.#closed || this.#positions.size === 0) {
      return;
    }
    const { topics } = await this.#consumer.metadata({ topics: this.#topics });
    const names = new Map<string, string>();
    const wanted = new Map<number, Map<string, { partition: number; offset: number }[]>>();
    for (const { topic, partition, offset } of this.#positions.values()) {
      const metadata = topics.get(topic);
      const leader = metadata?.partitions[partition]?.leader;
      if (metadata === undefined || leader === undefined || this.#polls.has(leader)) {
        continue;
      }
      names.set(metadata.id, topic);
      const ofLeader =
        wanted.get(leader) ?? new Map<string, { partition: number; offset: number }[]>();
      wanted.set(leader, ofLeader);
      const ofTopic = ofLeader.get(metadata.id) ?? [];
      ofLeader.set(metadata.id, ofTopic);
      ofTopic.push({ partition, offset });
    }
    for (const [node, ofNode] of wanted) {
      this.#polls.set(node, this.#poll(node, ofNode, names));
    }
  }

  /** Never rejects, so that a poll that is not awaited cannot end the process. */
  async #poll(
    node: number,
    ofNode: Map<string, { partition: number; offset: number }[]>,
    names: Map<string, string>,
  ): Promise<Poll> {
    const requested = new Map<string, number>();
    const topics = [...ofNode].map(([topicId, partitions]) => ({
      topicId,
      partitions: partitions.map(({ partition, offset }) => {
        requested.set(keyOf({ topic: names.get(topicId) ?? '', partition }), offset);
        return {
          partition,
          fetchOffset: BigInt(offset),
          currentLeaderEpoch: -1,
          lastFetchedEpoch: -1,
          partitionMaxBytes: PARTITION_BYTES_MAX,
        };
      }),
    }));
    try {
      const response = await this.#consumer.fetch({
        node,
        topics,
        maxWaitTime: POLL_WAIT_MS,
        minBytes: 1,
        maxBytes: POLL_BYTES_MAX,
      });
      return { node, partitions: decode(response, names, requested) };
    } catch (error) {
      return { node, error };
    }
  }
}

function decode(
  response: FetchResponse,
  names: Map<string, string>,
  requested: Map<string, number>,
): FetchedPartition[] {
  const fetched: FetchedPartition[] = [];
  const quiet = new Map(requested);
  let bytes = 0;
  for (const { topicId, partitions } of response.responses) {
    const topic = names.get(topicId);
    for (const { partitionIndex: partition, records: batches, highWatermark } of partitions) {
      // A fetch session may still serve partitions that are no longer asked for.
      const from = topic === undefined ? undefined : requested.get(keyOf({ topic, partition }));
      if (topic === undefined || from === undefined || !batches || batches.length === 0) {
        continue;
      }
      const records: SourceRecord[] = [];
      let nextOffset = from;
      for (const batch of batches) {
        bytes += batch.length;
        nextOffset = Math.max(nextOffset, Number(batch.firstOffset) + batch.lastOffsetDelta + 1);
        if ((batch.attributes & CONTROL) === 0) {
          decodeBatch(batch, topic, partition, from, records);
        }
      }
      quiet.delete(keyOf({ topic, partition }));
      if (nextOffset > from) {
        const atEnd = nextOffset >= Number(highWatermark);
        fetched.push({ topic, partition, records, nextOffset, atEnd });
      }
    }
  }
  // A session leaves out partitions without news, and a full answer those that did not fit.
  if (bytes < POLL_BYTES_MAX - PARTITION_BYTES_MAX) {
    for (const [key, nextOffset] of quiet) {
      fetched.push({ ...partitionOf(key), records: [], nextOffset, atEnd: true });
    }
  }
  return fetched;
}

function decodeBatch(
  batch: RecordsBatch,
  topic: string,
  partition: number,
  from: number,
  into: SourceRecord[],
): void {
  const firstOffset = Number(batch.firstOffset);
  const firstTimestamp = Number(batch.firstTimestamp);
  const appendTime = (batch.attributes & LOG_APPEND_TIME) === 0 ? null : Number(batch.maxTimestamp);
  for (const record of batch.records) {
    const offset = firstOffset + record.offsetDelta;
    // A poll returns the whole batch that the position lies in.
    if (offset < from) {
      continue;
    }
    into.push({
      topic,
      partition,
      offset,
      timestamp: appendTime ?? firstTimestamp + Number(record.timestampDelta),
      key: record.key,
      value: record.value,
      headers: record.headers as [Buffer, Buffer | null][],
    });
  }
}

export function keyOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}\u0000${partition}`;
}

function partitionOf(key: string): { topic: string; partition: number } {
  const [topic = '', partition] = key.split('\u0000');
  return { topic, partition: Number(partition) };
}
