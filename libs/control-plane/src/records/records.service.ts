import { Injectable } from '@nestjs/common';
import { KafkaClients, type BytesProducer } from '@penstock/platform';
import type { KafkaRecord } from '@platformatic/kafka';
import { findErrorBy } from '@platformatic/kafka';
import { ClusterUnavailable, EARLIEST, InteractiveCluster, LATEST } from '../cluster/index.ts';
import {
  type BrokerRefused,
  brokerRefused,
  type InvalidInput,
  type TopicNotFound,
  topicNotFound,
} from '../cluster/problem.ts';
import { TopicsService, type TopicView } from '../topics/index.ts';
import type { PartitionPlace } from './partition-reader.ts';
import {
  checkPartition,
  checkProduce,
  checkRecordsQuery,
  type ProduceRequest,
  type RecordsQuery,
} from './record-input.ts';
import { mergeNewest, mergeOldest } from './record-merge.ts';
import { ScanBudget, scanBackward, scanForward } from './record-scan.ts';
import type { RecordView } from './record-view.ts';

const PAGE_SIZE_DEFAULT = 50;
/** A query stops looking after this much; `next` says where to go on. */
const SCAN = { records: 100_000, keptBytes: 16 * 1024 * 1024, durationMs: 4_000 };

export interface RecordPage {
  readonly kind: 'record-page';
  /** Newest first when the page is the newest, otherwise by time. */
  readonly records: RecordView[];
  readonly next: { readonly partition: number; readonly offset: number }[];
  readonly scanned: number;
}

export interface RecordProduced {
  readonly kind: 'record-produced';
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

interface PartitionRange extends PartitionPlace {
  readonly from: number;
  readonly to: number;
}

/** Records of a topic, read without a consumer group: looking changes nothing. */
@Injectable()
export class RecordsService {
  readonly #cluster: InteractiveCluster;
  readonly #topics: TopicsService;
  readonly #clients: KafkaClients;
  #producer: BytesProducer | null = null;

  constructor(cluster: InteractiveCluster, topics: TopicsService, clients: KafkaClients) {
    this.#cluster = cluster;
    this.#topics = topics;
    this.#clients = clients;
  }

  async browse(query: RecordsQuery): Promise<RecordPage | TopicNotFound | InvalidInput> {
    const topic = await this.#topics.find(query.topic);
    if (topic === null) {
      return topicNotFound(query.topic);
    }
    const problem =
      checkRecordsQuery(query) ??
      (query.partition == null ? null : checkPartition(query.partition, topic.partitions.length));
    if (problem !== null) {
      return problem;
    }
    const limit = query.limit ?? PAGE_SIZE_DEFAULT;
    const ranges = await this.#ranges(topic, query);
    const options = { budget: new ScanBudget(SCAN), matches: matcherOf(query.contains) };
    const newest = query.offset == null && query.timestamp == null && query.from !== 'OLDEST';
    if (newest) {
      const parts = await Promise.all(
        ranges.map((range) => scanBackward(this.#cluster, range, { ...range, limit }, options)),
      );
      return {
        kind: 'record-page',
        records: mergeNewest(parts, limit),
        next: ranges.map(({ partition, to }) => ({ partition, offset: to })),
        scanned: options.budget.scanned,
      };
    }
    const parts = await Promise.all(
      ranges.map((range) => scanForward(this.#cluster, range, { ...range, limit }, options)),
    );
    const records = mergeOldest(
      parts.map((part) => part.records),
      limit,
    );
    return {
      kind: 'record-page',
      records,
      next: ranges.map(({ partition }, index) => {
        const part = parts[index];
        const taken = records.filter((record) => record.partition === partition).length;
        // The first record of this partition that the page had no room for, if there is one.
        const offset = part?.records[taken]?.offset ?? part?.nextOffset ?? 0;
        return { partition, offset };
      }),
      scanned: options.budget.scanned,
    };
  }

  /** Sends one record, acknowledged by all in-sync replicas. Never creates the topic. */
  async produce(
    request: ProduceRequest,
  ): Promise<RecordProduced | TopicNotFound | InvalidInput | BrokerRefused> {
    const problem = checkProduce(request);
    if (problem !== null) {
      return problem;
    }
    const topic = await this.#topics.find(request.topic);
    if (topic === null) {
      return topicNotFound(request.topic);
    }
    const wrongPartition =
      request.partition == null ? null : checkPartition(request.partition, topic.partitions.length);
    if (wrongPartition !== null) {
      return wrongPartition;
    }
    this.#producer ??= this.#clients.producer();
    try {
      const { offsets } = await this.#producer.send({ messages: [toMessage(request)], acks: -1 });
      const place = offsets?.[0];
      if (place === undefined) {
        throw new ClusterUnavailable('The broker acknowledged without an offset.');
      }
      return {
        kind: 'record-produced',
        topic: request.topic,
        partition: place.partition,
        offset: Number(place.offset),
      };
    } catch (error) {
      return refusalOf(error);
    }
  }

  async #ranges(topic: TopicView, query: RecordsQuery): Promise<PartitionRange[]> {
    const wanted = topic.partitions.filter(
      ({ partition }) => query.partition == null || partition === query.partition,
    );
    const asked = [{ ...topic, partitions: wanted }];
    const [starts, ends, atTime] = await Promise.all([
      this.#cluster.listOffsets(topic.cluster, asked, EARLIEST),
      this.#cluster.listOffsets(topic.cluster, asked, LATEST),
      query.timestamp == null
        ? null
        : this.#cluster.listOffsets(topic.cluster, asked, query.timestamp),
    ]);
    return wanted.flatMap(({ partition, leader }) => {
      const start = starts.get(topic.name)?.[partition];
      const end = ends.get(topic.name)?.[partition];
      if (leader === null || start == null || end == null) {
        return [];
      }
      // No record at or after the time: the page starts, and ends, at the log end.
      const timed = atTime === null ? start : (atTime.get(topic.name)?.[partition] ?? end);
      const from = Math.min(Math.max(query.offset ?? timed, start), end);
      const place = { metadata: topic.cluster, topic: topic.name, partition, leader };
      return [{ ...place, from, to: end }];
    });
  }
}

/** Whether key or value contain a text, compared as bytes: case matters, encodings do not. */
function matcherOf(contains: string | null | undefined): (record: KafkaRecord) => boolean {
  if (contains == null || contains === '') {
    return () => true;
  }
  const needle = Buffer.from(contains);
  return ({ key, value }) =>
    (value !== null && value.includes(needle)) || (key !== null && key.includes(needle));
}

function toMessage(request: ProduceRequest) {
  const bytes = (text: string | null | undefined): Buffer | undefined =>
    text == null ? undefined : Buffer.from(text);
  const key = bytes(request.key);
  const value = bytes(request.value);
  return {
    topic: request.topic,
    ...(key === undefined ? {} : { key }),
    ...(value === undefined ? {} : { value }),
    ...(request.partition == null ? {} : { partition: request.partition }),
    ...(request.timestamp == null ? {} : { timestamp: BigInt(request.timestamp) }),
    headers: new Map(
      (request.headers ?? []).map((header) => [Buffer.from(header.key), Buffer.from(header.value)]),
    ),
  };
}

function refusalOf(error: unknown): BrokerRefused {
  if (error instanceof Error) {
    const refused = findErrorBy(error, 'code', 'PLT_KFK_PROTOCOL');
    const name: unknown = refused?.['apiId'];
    if (refused !== null && typeof name === 'string') {
      return brokerRefused(name, refused.message);
    }
  }
  throw new ClusterUnavailable('The record could not be sent: the broker does not answer.', {
    cause: error,
  });
}
