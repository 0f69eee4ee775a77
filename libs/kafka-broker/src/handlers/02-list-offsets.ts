import {
  ApiKeys,
  ErrorCodes,
  type RequestOf,
  type ResponseInputOf,
} from '@penstock/kafka-protocol';
import type { PartitionLog } from '@penstock/kafka-log';
import { LEADER_EPOCH, type BrokerContext } from '../broker-context.ts';
import {
  acknowledgedRecordsVisible,
  NONE_LATE,
  type LateLogs,
} from '../fetching/acknowledged-records.ts';
import { handler } from './handler.ts';

/**
 * ListOffsets (key 2), versions 1 to 9.
 *
 * - −1 latest: the high watermark (there are no open transactions); −2 and −4 earliest: the log
 *   start; −3: the offset of the record with the largest timestamp; −5: nothing is tiered, so −1.
 * - What was acknowledged lies below the latest offset and is found by its time: see
 *   `acknowledged-records.ts`. A disk that does not get there: KAFKA_STORAGE_ERROR 56.
 * - A timestamp ≥ 0: the first record with at least that timestamp, and its own timestamp;
 *   none: offset −1, timestamp −1, no error.
 * - Other negative timestamps: UNSUPPORTED_VERSION 35 per partition, as Kafka.
 * - A partition that is asked for twice: INVALID_REQUEST 42 once; an isolation level that does not
 *   exist: UNKNOWN_SERVER_ERROR for all, as Kafka.
 */
export const listOffsetsHandler = handler({
  key: ApiKeys.ListOffsets,
  handle(request, { broker, apiVersion }) {
    const visible = acknowledgedRecordsVisible(broker, logsOf(broker, request));
    if (visible === undefined) return answer(request, broker, apiVersion, NONE_LATE);
    return visible.then((late) => answer(request, broker, apiVersion, late));
  },
});

type Request = RequestOf<typeof ApiKeys.ListOffsets>;

/** The logs whose end is asked for, or records that may lie at their end. */
function logsOf(broker: BrokerContext, { topics }: Request): PartitionLog[] {
  return topics.flatMap(({ name, partitions }) => {
    const topic = broker.topics.byName(name);
    return partitions
      .filter(({ timestamp }) => !START_TIMESTAMPS.has(timestamp))
      .flatMap(({ partitionIndex }) => topic?.log(partitionIndex) ?? []);
  });
}

function answer(
  { topics, isolationLevel }: Request,
  broker: BrokerContext,
  apiVersion: number,
  late: LateLogs,
): ResponseInputOf<typeof ApiKeys.ListOffsets> {
  const isKnownLevel = isolationLevel === 0 || isolationLevel === 1;
  return {
    topics: topics.map(({ name, partitions }) => {
      const repeated = repeatedOf(partitions.map(({ partitionIndex }) => partitionIndex));
      const asked = new Map(partitions.map((each) => [each.partitionIndex, each]));
      return {
        name,
        partitions: [...asked.values()].map((partition) => {
          const { partitionIndex } = partition;
          if (!isKnownLevel) {
            return { partitionIndex, errorCode: ErrorCodes.UNKNOWN_SERVER_ERROR };
          }
          return repeated.has(partitionIndex)
            ? { partitionIndex, errorCode: ErrorCodes.INVALID_REQUEST }
            : listOffset(broker, apiVersion, late, name, partition);
        }),
      };
    }),
  };
}

function repeatedOf(numbers: readonly number[]): ReadonlySet<number> {
  const [seen, repeated] = [new Set<number>(), new Set<number>()];
  for (const number of numbers) (seen.has(number) ? repeated : seen).add(number);
  return repeated;
}

type AskedPartition = Request['topics'][number]['partitions'][number];
type PartitionAnswer = ResponseInputOf<
  typeof ApiKeys.ListOffsets
>['topics'][number]['partitions'][number];

/** They ask for the log start, or for what does not exist. */
const START_TIMESTAMPS: ReadonlySet<number> = new Set([-2, -4, -5]);

/** First version that knows a special timestamp. */
const SPECIAL_SINCE: Readonly<Record<number, number>> = {
  [-1]: 1,
  [-2]: 1,
  [-3]: 7,
  [-4]: 8,
  [-5]: 9,
};

function listOffset(
  broker: BrokerContext,
  apiVersion: number,
  late: LateLogs,
  topic: string,
  { partitionIndex, currentLeaderEpoch, timestamp }: AskedPartition,
): PartitionAnswer {
  const log = broker.topics.byName(topic)?.log(partitionIndex);
  const failed = (errorCode: number): PartitionAnswer => ({ partitionIndex, errorCode });
  if (!log) return failed(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  if (log.isOffline || late.has(log)) return failed(ErrorCodes.KAFKA_STORAGE_ERROR);
  if (currentLeaderEpoch > LEADER_EPOCH) return failed(ErrorCodes.UNKNOWN_LEADER_EPOCH);
  if (timestamp < 0 && apiVersion < (SPECIAL_SINCE[timestamp] ?? Infinity)) {
    return failed(ErrorCodes.UNSUPPORTED_VERSION);
  }
  let found: { offset: number; timestamp: number };
  try {
    found = find(log, timestamp);
  } catch (error) {
    const partition = { topic, partition: partitionIndex };
    broker.logger.error({ err: error, ...partition }, 'offset not found: the log cannot be read');
    return failed(ErrorCodes.KAFKA_STORAGE_ERROR);
  }
  return {
    partitionIndex,
    errorCode: ErrorCodes.NONE,
    ...found,
    leaderEpoch: found.offset < 0 ? -1 : LEADER_EPOCH,
  };
}

function find(log: PartitionLog, timestamp: number): { offset: number; timestamp: number } {
  switch (timestamp) {
    case -1:
      return { offset: log.highWatermark, timestamp: -1 };
    case -2:
    case -4:
      return { offset: log.logStartOffset, timestamp: -1 };
    case -3:
      return log.maxTimestampOffset();
    case -5:
      return { offset: -1, timestamp: -1 };
    default:
      return log.offsetForTimestamp(timestamp);
  }
}
