import {
  ApiKeys,
  BATCH_ATTRIBUTES,
  BATCH_POSITIONS,
  compressionOf,
  ErrorCodes,
  isInternalTopic,
  readRecordBatchHeader,
  RECORD_BATCH_HEADER_BYTES,
  type RequestOf,
  type ResponseInputOf,
} from '@penstock/kafka-protocol';
import type { AppendRefused } from '@penstock/kafka-log';
import { LEADER_EPOCH, type BrokerContext } from '../broker-context.ts';
import { CloseConnection, handler } from './handler.ts';
import { withoutRepeats } from './repeated-partitions.ts';

/**
 * Produce (key 0), versions 3 to 11; advertised from 0.
 *
 * - One record batch (magic 2) per partition, stored as received. The log checks header, CRC-32C,
 *   size (`max.message.bytes`), timestamps and the idempotent producer's sequence.
 * - acks −1 and 1 are answered with offsets, 0 with nothing; an error under acks 0 closes the
 *   connection, which is all such a producer can notice. Others: INVALID_REQUIRED_ACKS 21.
 * - Durability `fsync`: acks −1 is answered once the bytes are on the disk, acks 1 once they are
 *   written. Durability `os`: both once they are written.
 * - To an internal topic (`__consumer_offsets`) only brokers write: INVALID_TOPIC_EXCEPTION 17,
 *   unless the client id is `__admin_client`, as in Kafka (`ReplicaManager.appendRecords`).
 * - A partition that is named twice gets the last of its batches, as in Kafka.
 * - zstd before version 7: UNSUPPORTED_COMPRESSION_TYPE 76.
 * - A transactional batch in a request without transactional id:
 *   TRANSACTIONAL_ID_AUTHORIZATION_FAILED 53 for all, as Kafka.
 * - Deviations: no transactions (a transactional batch is refused with INVALID_TXN_STATE 48);
 *   `min.insync.replicas` has no effect, as on any single Kafka node; `timeoutMs` is not applied,
 *   because nothing here waits for other brokers.
 */
export const produceHandler = handler({
  key: ApiKeys.Produce,
  isPipelined: true,
  handle(request, { broker, apiVersion, clientId }) {
    const { acks } = request;
    if (acks !== -1 && acks !== 0 && acks !== 1) {
      return answer(request, () => refusal(ErrorCodes.INVALID_REQUIRED_ACKS));
    }
    if (request.transactionalId === null && hasTransactionalRecords(request)) {
      return answer(request, () => refusal(ErrorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED));
    }
    const now = broker.clock.now();
    const waits: Promise<void>[] = [];
    const waitsForDisk = acks === -1 && broker.durability === 'fsync';
    const response = answer(request, (topic, partition) =>
      isInternalTopic(topic) && clientId !== ADMIN_CLIENT
        ? refusal(ErrorCodes.INVALID_TOPIC_EXCEPTION, `Cannot append to internal topic ${topic}`)
        : append(broker, apiVersion, now, topic, partition, waitsForDisk ? waits : undefined),
    );
    if (acks === 0) {
      const failed = response.responses.some((topic) =>
        topic.partitionResponses.some((partition) => partition.errorCode !== ErrorCodes.NONE),
      );
      if (failed) throw new CloseConnection('a batch sent with acks=0 was refused');
      return null;
    }
    return waits.length === 0 ? response : Promise.all(waits).then(() => response);
  },
});

type ProduceRequest = RequestOf<typeof ApiKeys.Produce>;
type ProduceResponse = ResponseInputOf<typeof ApiKeys.Produce>;
type PartitionResponse = ProduceResponse['responses'][number]['partitionResponses'][number];
type PartitionData = ProduceRequest['topicData'][number]['partitionData'][number];
/** Mutable: a promise of durability that is broken turns success into an error. */
type Outcome = {
  -readonly [Name in keyof Omit<PartitionResponse, 'index'>]: PartitionResponse[Name];
};

/** Kafka: `AdminUtils.ADMIN_CLIENT_ID`. */
const ADMIN_CLIENT = '__admin_client';
/** Kafka looks at the first batch of each partition (`RequestUtils.hasTransactionalRecords`). */
function hasTransactionalRecords({ topicData }: ProduceRequest): boolean {
  for (const { partitionData } of topicData) {
    for (const { records } of partitionData) {
      if (records === null || records.length < RECORD_BATCH_HEADER_BYTES) continue;
      const attributes = records.readInt16BE(BATCH_POSITIONS.attributes);
      if ((attributes & BATCH_ATTRIBUTES.transactional) !== 0) return true;
    }
  }
  return false;
}

function answer(
  request: ProduceRequest,
  outcomeOf: (topic: string, partition: PartitionData) => Outcome,
): ProduceResponse {
  const topics = withoutRepeats(
    request.topicData.map(({ name, partitionData: partitions }) => ({ name, partitions })),
    ({ name }) => name,
    ({ index }) => index,
  );
  return {
    responses: topics.map(({ name, partitions }) => ({
      name,
      partitionResponses: partitions.map((partition) =>
        Object.assign(outcomeOf(name, partition), { index: partition.index }),
      ),
    })),
  };
}

function append(
  broker: BrokerContext,
  apiVersion: number,
  now: number,
  topicName: string,
  { index, records }: PartitionData,
  waits: Promise<void>[] | undefined,
): Outcome {
  const topic = broker.topics.byName(topicName);
  const log = topic?.log(index);
  if (!topic || !log) return refusal(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  const problem = batchProblem(records, apiVersion);
  if (problem) return problem;
  if (!records) return refusal(ErrorCodes.INVALID_RECORD, 'No record batch.');
  const result = log.append(records, { leaderEpoch: LEADER_EPOCH, now });
  if (!result.ok) {
    broker.metrics.refusedBatchesTotal += 1;
    return refusedAppend(result);
  }
  broker.metrics.recordBatchesInTotal += 1;
  broker.metrics.bytesInTotal += records.length;
  topic.traffic.bytesIn += records.length;
  topic.traffic.recordsIn += result.lastOffset - result.baseOffset + 1;
  const outcome: Outcome = {
    errorCode: ErrorCodes.NONE,
    baseOffset: result.baseOffset,
    logAppendTimeMs: result.logAppendTime,
    logStartOffset: result.logStartOffset,
    recordErrors: [],
  };
  // Without `waits` the answer precedes the sync, and later requests must see an end behind it.
  if (!waits) log.noteAcknowledged(result.lastOffset + 1);
  else if (log.durableEndOffset <= result.lastOffset) {
    waits.push(
      log.whenDurable(result.lastOffset + 1).catch((error: unknown) => {
        Object.assign(outcome, refusal(ErrorCodes.KAFKA_STORAGE_ERROR, String(error)));
      }),
    );
  }
  return outcome;
}

/** What is wrong before the log is asked; the log checks everything else. */
function batchProblem(records: Buffer | null, apiVersion: number): Outcome | undefined {
  if (records === null || records.length < RECORD_BATCH_HEADER_BYTES) {
    return refusal(ErrorCodes.INVALID_RECORD, 'No whole record batch.');
  }
  if (apiVersion < 7 && compressionOf(readRecordBatchHeader(records, 0)) === 'zstd') {
    return refusal(
      ErrorCodes.UNSUPPORTED_COMPRESSION_TYPE,
      'Produce requests below version 7 cannot carry zstd.',
    );
  }
  return undefined;
}

function refusedAppend(result: AppendRefused): Outcome {
  return {
    ...refusal(result.errorCode, result.message),
    logStartOffset: result.logStartOffset,
    recordErrors: result.recordErrors.map(({ batchIndex, message }) => ({
      batchIndex,
      batchIndexErrorMessage: message,
    })),
  };
}

function refusal(errorCode: number, errorMessage: string | null = null): Outcome {
  return {
    errorCode,
    errorMessage,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    recordErrors: [],
  };
}
