import { ApiKeys, encodeRecordBatch, ErrorCodes, type ResponseOf } from '@penstock/kafka-protocol';
import type { WireClient } from './wire-client.ts';

type CreatedTopic = ResponseOf<typeof ApiKeys.CreateTopics>['topics'][number];
type ProducedPartition = ResponseOf<
  typeof ApiKeys.Produce
>['responses'][number]['partitionResponses'][number];
type FetchedPartition = ResponseOf<typeof ApiKeys.Fetch>['responses'][number]['partitions'][number];

/** Null asks for all topics. */
export function metadataBody(topics: { topicId: string; name: string }[] | null) {
  return { topics, includeTopicAuthorizedOperations: false };
}

/** Creates a topic. @throws Error when the broker refuses */
export async function createTopic(
  client: WireClient,
  name: string,
  numPartitions = 1,
  configs: Readonly<Record<string, string>> = {},
): Promise<CreatedTopic> {
  const [created] = await createTopics(client, [{ name, numPartitions, configs }]);
  return created!;
}

export interface NewTopic {
  readonly name: string;
  readonly numPartitions: number;
  readonly configs?: Readonly<Record<string, string>>;
}

/** Creates topics in one request. @throws Error when the broker refuses one */
export async function createTopics(
  client: WireClient,
  wanted: readonly NewTopic[],
  version = 7,
): Promise<CreatedTopic[]> {
  const { topics } = await client.send(ApiKeys.CreateTopics, version, {
    topics: wanted.map(({ configs = {}, ...topic }) => ({
      ...topic,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
    })),
    timeoutMs: 30_000,
    validateOnly: false,
  });
  const refused = topics.find(({ errorCode }) => errorCode !== ErrorCodes.NONE);
  if (refused) {
    const { name, errorCode, errorMessage } = refused;
    throw new Error(`topic ${name} was not created: error ${errorCode}, ${errorMessage}`);
  }
  return topics;
}

/** One record batch of these values, of now. */
export function batch(values: readonly string[], producer = {}): Buffer {
  const timestamp = Date.now();
  const records = values.map((value) => ({ timestamp, value: Buffer.from(value) }));
  return encodeRecordBatch({ records, ...producer });
}

export function produceBody(name: string, records: Buffer, acks = -1) {
  return {
    acks,
    timeoutMs: 1000,
    topicData: [{ name, partitionData: [{ index: 0, records }] }],
  };
}

/** Appends to partition 0, with acks=all. */
export async function produce(
  client: WireClient,
  topic: string,
  values: readonly string[],
): Promise<ProducedPartition> {
  const answer = await client.send(ApiKeys.Produce, 9, produceBody(topic, batch(values)));
  return answer.responses[0]!.partitionResponses[0]!;
}

export interface FetchOptions {
  maxWaitMs?: number;
  minBytes?: number;
  partitionMaxBytes?: number;
}

export function fetchBody(topic: string, fetchOffset: number, options: FetchOptions) {
  const { maxWaitMs = 0, minBytes = 1, partitionMaxBytes = 1_048_576 } = options;
  return {
    maxWaitMs,
    minBytes,
    isolationLevel: 0,
    sessionId: 0,
    rackId: '',
    topics: [
      {
        topic,
        topicId: '00000000-0000-0000-0000-00000000000a',
        partitions: [{ partition: 0, fetchOffset, partitionMaxBytes }],
      },
    ],
  };
}

/** Reads partition 0 from an offset. */
export async function fetchRecords(
  client: WireClient,
  topic: string,
  offset: number,
  options: FetchOptions,
): Promise<FetchedPartition & { records: Buffer }> {
  const answer = await client.send(ApiKeys.Fetch, 12, fetchBody(topic, offset, options));
  const partition = answer.responses[0]!.partitions[0]!;
  return { ...partition, records: partition.records ?? Buffer.alloc(0) };
}
