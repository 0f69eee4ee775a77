import type { RecordsBatch } from '@platformatic/kafka';
import { clusterApis } from '../cluster/broker-connection.ts';
import {
  kafkaErrorMessage,
  KafkaRefusal,
  NO_ERROR,
  OFFSET_OUT_OF_RANGE,
} from '../cluster/cluster-error.ts';
import type { ClusterClient, ClusterMetadata } from '../cluster/index.ts';

const READ_UNCOMMITTED = 0;
const NO_SESSION = 0;
const NO_SESSION_EPOCH = -1;

export interface PartitionPlace {
  readonly metadata: ClusterMetadata;
  readonly topic: string;
  readonly partition: number;
  readonly leader: number;
}

export interface FetchedPart {
  readonly batches: readonly RecordsBatch[];
  readonly highWatermark: number;
  /** Set when the asked offset is not on the log any more, or not yet. */
  readonly outOfRange: boolean;
  readonly logStartOffset: number;
}

/**
 * Reads record batches of one partition from an offset, without a consumer group and without
 * committing anything. The first batch may begin before the offset: it is served whole.
 */
export async function fetchPart(
  client: ClusterClient,
  place: PartitionPlace,
  options: { offset: number; bytesMax: number; waitMs: number },
): Promise<FetchedPart> {
  const connection = await client.leaderConnection(place.metadata, place.leader);
  const answer = await connection.call(
    clusterApis.fetch,
    options.waitMs,
    1,
    options.bytesMax,
    READ_UNCOMMITTED,
    NO_SESSION,
    NO_SESSION_EPOCH,
    [
      {
        // Versions before 13 carry the topic's name in the field that the client calls topicId.
        topicId: place.topic,
        partitions: [
          {
            partition: place.partition,
            currentLeaderEpoch: -1,
            fetchOffset: BigInt(options.offset),
            lastFetchedEpoch: -1,
            partitionMaxBytes: options.bytesMax,
          },
        ],
      },
    ],
    [],
    '',
  );
  const part = answer.responses[0]?.partitions[0];
  if (part === undefined) {
    throw new KafkaRefusal(-1, `The broker did not answer for ${place.topic}-${place.partition}.`);
  }
  if (part.errorCode !== NO_ERROR && part.errorCode !== OFFSET_OUT_OF_RANGE) {
    throw new KafkaRefusal(part.errorCode, kafkaErrorMessage(part.errorCode));
  }
  return {
    batches: part.records ?? [],
    highWatermark: Number(part.highWatermark),
    outOfRange: part.errorCode === OFFSET_OUT_OF_RANGE,
    logStartOffset: Number(part.logStartOffset),
  };
}
