import {
  ApiKeys,
  encodeResponse,
  ErrorCodes,
  type RequestOf,
  type ResponseInputOf,
} from '@penstock/kafka-protocol';
import type { PartitionLog } from '@penstock/kafka-log';
import { LEADER_EPOCH, type BrokerContext } from '../broker-context.ts';
import type { Topic } from '../metadata/topic-catalog.ts';
import { acknowledgedRecordsVisible } from '../fetching/acknowledged-records.ts';
import { recordBytes, type AwaitedPartition } from '../fetching/parked-fetches.ts';
import { EncodedAnswer, handler, type RequestContext } from './handler.ts';
import { withoutRepeats } from './repeated-partitions.ts';

/**
 * Fetch (key 1), versions 4 to 17.
 *
 * - Whole batches, from the one that contains the offset on; the client skips what lies before it.
 *   The first batch of an answer may exceed every limit (KIP-74); then `maxBytes`,
 *   `fetch.max.bytes` and the partition's own limit hold. Partitions are answered in request order.
 * - What a partition answers holds a record at or behind the offset if there is one below the high
 *   watermark: batches that compaction emptied are passed over, and do not count for `minBytes`.
 *   Where only such batches are left they are the answer, after the wait: clients that go by
 *   batches reach the end, and those that go by records wait as at any end. Apache Kafka may answer
 *   a batch without records wherever it keeps one for its producer.
 * - Answered at once when `minBytes` are there, when nothing may be waited for or when any
 *   partition has an error; else parked until then, at most `maxWaitMs`.
 * - Topics by id from version 13 on: UNKNOWN_TOPIC_ID 100.
 * - A partition that is named twice is answered once, as Kafka.
 * - Never past the high watermark, which in `fsync` durability is the durable end. An answer that
 *   would end there at once, while acknowledged records lie behind it, waits for them: see
 *   `acknowledged-records.ts`.
 * - Deviations: no fetch sessions (KIP-227): the session id is always 0, which clients take as
 *   "send full fetches"; a request that names a session gets FETCH_SESSION_ID_NOT_FOUND 70. No
 *   transactions, so `read_committed` reads as far as `read_uncommitted`.
 */
export const fetchHandler = handler({
  key: ApiKeys.Fetch,
  handle(asked, context) {
    const topics = withoutRepeats(
      asked.topics,
      ({ topic, topicId }) => topic || topicId,
      ({ partition }) => partition,
    );
    const request = topics === asked.topics ? asked : { ...asked, topics: [...topics] };
    if (request.sessionId !== 0 || request.sessionEpoch > 0) {
      return { errorCode: ErrorCodes.FETCH_SESSION_ID_NOT_FOUND, sessionId: 0, responses: [] };
    }
    const { broker } = context;
    const targets = resolveTargets(broker, request);
    const awaited = targets.flatMap(({ log, fetchOffset, bytesMax }) =>
      log ? [{ log, fetchOffset, bytesMax }] : [],
    );
    const mayWait =
      request.maxWaitMs > 0 &&
      awaited.length > 0 &&
      awaited.length === targets.length &&
      !broker.isStopping;
    if (!mayWait || awaited.reduce((sum, each) => sum + recordBytes(each), 0) >= request.minBytes) {
      const visible = acknowledgedRecordsVisible(broker, readToTheirEnd(awaited));
      if (visible === undefined) return respond(request, context, targets);
      return visible.then(() => respond(request, context, resolveTargets(broker, request)));
    }
    return broker.parkedFetches
      .park({
        partitions: awaited,
        minBytes: request.minBytes,
        maxWaitMs: request.maxWaitMs,
        onDisconnect: context.onDisconnect,
      })
      .then(() => respond(request, context, resolveTargets(broker, request)));
  },
});

/** The logs that have acknowledged records behind the high watermark and would be read up to it. */
function readToTheirEnd(awaited: readonly AwaitedPartition[]): PartitionLog[] {
  return awaited
    .filter(
      ({ log, fetchOffset, bytesMax }) =>
        log.isBehindAcknowledged && log.readableBytes(fetchOffset) <= bytesMax,
    )
    .map(({ log }) => log);
}

type FetchRequest = RequestOf<typeof ApiKeys.Fetch>;
type FetchResponse = ResponseInputOf<typeof ApiKeys.Fetch>;
type PartitionResponse = FetchResponse['responses'][number]['partitions'][number];

/** A requested partition: its log, or why it cannot be read. */
interface Target {
  readonly topic: Topic | undefined;
  readonly log: PartitionLog | undefined;
  readonly errorCode: number;
  readonly fetchOffset: number;
  readonly bytesMax: number;
}

/** One target per requested partition, in request order. */
function resolveTargets(broker: BrokerContext, request: FetchRequest): Target[] {
  const targets: Target[] = [];
  for (const { topic: name, topicId, partitions } of request.topics) {
    const topic = name === '' ? broker.topics.byId(topicId) : broker.topics.byName(name);
    const missing =
      name === '' ? ErrorCodes.UNKNOWN_TOPIC_ID : ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    for (const partition of partitions) {
      const { fetchOffset, partitionMaxBytes: bytesMax } = partition;
      const log = topic?.log(partition.partition);
      const errorCode = log
        ? fetchProblem(log, fetchOffset, partition.currentLeaderEpoch)
        : topic
          ? ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION
          : missing;
      const readable = errorCode === ErrorCodes.NONE ? log : undefined;
      targets.push({ topic, log: readable, errorCode, fetchOffset, bytesMax });
    }
  }
  return targets;
}

function fetchProblem(log: PartitionLog, fetchOffset: number, leaderEpoch: number): number {
  if (leaderEpoch > LEADER_EPOCH) return ErrorCodes.UNKNOWN_LEADER_EPOCH;
  if (leaderEpoch >= 0 && leaderEpoch < LEADER_EPOCH) return ErrorCodes.FENCED_LEADER_EPOCH;
  // An offline log knows only its durable end, and a reader may already be beyond that.
  if (log.isOffline) return ErrorCodes.KAFKA_STORAGE_ERROR;
  if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset) {
    return ErrorCodes.OFFSET_OUT_OF_RANGE;
  }
  return ErrorCodes.NONE;
}

/** Reads all partitions into one pooled buffer and encodes the answer around it. */
function respond(
  request: FetchRequest,
  context: RequestContext,
  targets: readonly Target[],
): EncodedAnswer {
  const { broker, apiVersion, correlationId } = context;
  const reader = new ResponseReader(broker, request, targets);
  let index = 0;
  const body: FetchResponse = {
    errorCode: ErrorCodes.NONE,
    sessionId: 0,
    responses: request.topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }) => reader.read(partition, targets[index++])),
    })),
  };
  const chunks = encodeResponse(ApiKeys.Fetch, apiVersion, correlationId, body);
  return new EncodedAnswer(chunks, () => reader.release());
}

class ResponseReader {
  readonly #broker: BrokerContext;
  readonly #isReadCommitted: boolean;
  #remaining: number;
  #buffer: Buffer;
  #position = 0;

  constructor(broker: BrokerContext, request: FetchRequest, targets: readonly Target[]) {
    this.#broker = broker;
    this.#isReadCommitted = request.isolationLevel === 1;
    let expected = 0;
    for (const { log, fetchOffset, bytesMax } of targets) {
      if (log) expected += Math.min(log.readableBytes(fetchOffset), bytesMax);
    }
    const bytesMax = Math.min(request.maxBytes, broker.configs.number('fetch.max.bytes'), expected);
    this.#remaining = broker.fetchBuffers.allowance(Math.max(bytesMax, 0));
    this.#buffer = broker.fetchBuffers.take(this.#remaining);
  }

  release(): void {
    this.#broker.fetchBuffers.release(this.#buffer);
  }

  read(partitionIndex: number, target: Target | undefined): PartitionResponse {
    const { log, errorCode } = target ?? {};
    if (!target || !log) {
      return failure(partitionIndex, errorCode ?? ErrorCodes.UNKNOWN_SERVER_ERROR);
    }
    const start = this.#position;
    const failed = this.#readRecords(log, target);
    if (failed !== ErrorCodes.NONE) return failure(partitionIndex, failed);
    const { highWatermark } = log;
    return {
      partitionIndex,
      errorCode: ErrorCodes.NONE,
      highWatermark,
      lastStableOffset: highWatermark,
      logStartOffset: log.logStartOffset,
      abortedTransactions: this.#isReadCommitted ? [] : null,
      records: this.#buffer.subarray(start, this.#position),
    };
  }

  /** Appends the partition's batches to the buffer; returns an error code. */
  #readRecords(log: PartitionLog, { topic, fetchOffset, bytesMax }: Target): number {
    const minOneBatch = this.#position === 0;
    for (;;) {
      const room = this.#buffer.length - this.#position;
      const limit = Math.min(bytesMax, this.#remaining, room);
      if (limit <= 0 && !minOneBatch) return ErrorCodes.NONE;
      const result = log.readInto(this.#buffer, this.#position, fetchOffset, Math.max(limit, 0), {
        minOneBatch,
      });
      if (result.ok) {
        this.#position += result.bytes;
        if (topic) topic.traffic.bytesOut += result.bytes;
        this.#remaining -= result.bytes;
        return ErrorCodes.NONE;
      }
      if (result.error !== 'bufferTooSmall') return result.errorCode;
      if (!minOneBatch) return ErrorCodes.NONE;
      // A first batch that is larger than all limits: nothing was read yet, so the buffer is free.
      this.release();
      this.#buffer = this.#broker.fetchBuffers.take(result.neededBytes);
    }
  }
}

function failure(partitionIndex: number, errorCode: number): PartitionResponse {
  return {
    partitionIndex,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: [],
    records: NO_RECORDS,
  };
}

const NO_RECORDS = Buffer.alloc(0);
