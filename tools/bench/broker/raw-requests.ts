import { ApiKeys, encodeRecordBatch } from '@penstock/kafka-protocol';
import { createTopics, eventually, WireClient, type NewTopic } from '@penstock/testing';

/** Versions that both brokers and the null broker speak. */
const METADATA_VERSION = 9;
export const CREATE_TOPICS_VERSION = 5;
const DELETE_TOPICS_VERSION = 4;
const PRODUCE_VERSION = 9;
const LIST_OFFSETS_VERSION = 5;
const LATEST = -1;

/** True when a broker answers at the port and has itself in its list of brokers. */
export async function isServing(port: number): Promise<boolean> {
  await using client = await WireClient.connect(port);
  const body = { topics: [], includeTopicAuthorizedOperations: false };
  const { brokers } = await client.send(ApiKeys.Metadata, METADATA_VERSION, body);
  return brokers.length > 0;
}

/** Creates a topic and waits until it can be written to. */
export async function createTopic(port: number, topic: NewTopic): Promise<void> {
  await using client = await WireClient.connect(port);
  await createTopics(client, [topic], CREATE_TOPICS_VERSION);
  await eventually(() => hasLeaders(client, topic), { what: `leaders of ${topic.name}` });
}

/**
 * Metadata names a leader in Kafka before that leader knows; its offsets are told only by itself.
 */
async function hasLeaders(client: WireClient, { name, numPartitions }: NewTopic): Promise<boolean> {
  const asked = Array.from({ length: numPartitions }, (_, partitionIndex) => {
    return { partitionIndex, currentLeaderEpoch: -1, timestamp: LATEST };
  });
  const body = { replicaId: -1, isolationLevel: 0, topics: [{ name, partitions: asked }] };
  const { topics } = await client.send(ApiKeys.ListOffsets, LIST_OFFSETS_VERSION, body);
  return topics[0]?.partitions.every(({ errorCode }) => errorCode === 0) ?? false;
}

export async function deleteTopic(port: number, name: string): Promise<void> {
  await using client = await WireClient.connect(port);
  const body = { topicNames: [name], timeoutMs: 10_000 };
  await client.send(ApiKeys.DeleteTopics, DELETE_TOPICS_VERSION, body);
}

/** Produces one record with acks=all; the error code of the answer. */
export async function produceOne(client: WireClient, topic: string): Promise<number> {
  const records = encodeRecordBatch({
    records: [{ timestamp: Date.now(), value: Buffer.from('x') }],
  });
  const answer = await client.send(ApiKeys.Produce, PRODUCE_VERSION, {
    acks: -1,
    timeoutMs: 10_000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
  });
  return answer.responses[0]!.partitionResponses[0]!.errorCode;
}
