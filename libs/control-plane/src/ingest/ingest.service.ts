import { ClusterUnavailable } from '../cluster/cluster-error.ts';
import { partitionForKey } from '@penstock/platform';
import type { Appender } from './appender.ts';
import {
  IngestRefusal,
  refuseRecords,
  type IngestProblem,
  type RecordProblem,
} from './ingest-problem.ts';
import type { AppendResult } from './partition-queue.ts';
import type { Acks } from './produce-api.ts';
import { unanswered, type ProduceFailure } from './produce-failure.ts';
import { BATCH_HEADER_BYTES, recordBytesMax } from './record-batch.ts';
import type { IncomingRecord } from './record.ts';
import type { TopicDirectory, TopicRoute } from './topic-directory.ts';

/** Where one record went, or why it did not. */
export type RecordReport =
  | { readonly ok: true; readonly partition: number; /** -1: not known. */ readonly offset: number }
  | RecordFailure;

/** Why a record is not acknowledged. */
export type RecordFailure = { readonly ok: false } & Omit<ProduceFailure, 'ofRecords'>;

export interface IngestReport {
  /** One report per record, in the order of the request. */
  readonly records: readonly RecordReport[];
  readonly refused: number;
}

export type IngestOutcome =
  | { readonly ok: true; readonly report: IngestReport }
  | { readonly ok: false; readonly problem: IngestProblem };

export interface IngestServiceOptions {
  readonly directory: TopicDirectory;
  readonly appender: Appender;
  readonly inflightBytesMax: number;
}

/** Where consecutive records of a request that share a partition were put. */
interface Chunk {
  readonly partition: number;
  readonly indexes: number[];
  readonly records: IncomingRecord[];
  bytes: number;
}

/** Records without a key stay on one partition until it is batched, then go on to the next. */
interface Sticky {
  partition: number;
}

const STICKY_MAX = 10_000;
/** How long accepted records may still wait for their answer while the process stops. */
const DRAIN_MS = 2_000;

/**
 * Takes records that came in over HTTP, in whatever form, and appends them to a topic. A request is
 * checked as a whole first: if any of its records cannot be taken, none is. What then fails at the
 * broker is reported per record.
 */
export class IngestService {
  readonly #directory: TopicDirectory;
  readonly #appender: Appender;
  readonly #inflightBytesMax: number;
  readonly #sticky = new Map<string, Sticky>();
  #inflightBytes = 0;

  constructor(options: IngestServiceOptions) {
    this.#directory = options.directory;
    this.#appender = options.appender;
    this.#inflightBytesMax = options.inflightBytesMax;
    this.#appender.onTaken((topic, partition) => this.#moveOn(topic, partition));
  }

  /** Bytes of requests that are being worked on. */
  get inflightBytes(): number {
    return this.#inflightBytes;
  }

  /** Partitions for which records wait or are under way. */
  get busyPartitions(): number {
    return this.#appender.queueCount;
  }

  /** Counts `bytes` of a request in; false when there is too much under way already. */
  admit(bytes: number): boolean {
    if (this.#inflightBytes > 0 && this.#inflightBytes + bytes > this.#inflightBytesMax) {
      return false;
    }
    this.#inflightBytes += bytes;
    return true;
  }

  /** Counts the bytes of an admitted request out. */
  release(bytes: number): void {
    this.#inflightBytes -= bytes;
  }

  /** The id of the cluster, for clients that must name it. */
  clusterId(): Promise<string> {
    return this.#directory.clusterId();
  }

  /** Why a topic cannot take records; asked before there are any, and creates no topic. */
  async topicProblem(topic: string): Promise<IngestProblem | undefined> {
    try {
      await this.#directory.require(topic);
      return undefined;
    } catch (error) {
      return toProblem(error);
    }
  }

  /** Asks the cluster for its brokers. @throws ClusterUnavailable */
  async reachBroker(): Promise<void> {
    await this.#directory.connectAny();
  }

  /** Settles when everything that was accepted is answered, or given up after two seconds. */
  async drain(): Promise<void> {
    await this.#appender.drain(DRAIN_MS);
  }

  /**
   * Appends the records that `read` makes, in their order within each partition.
   * @param read may throw IngestRefusal
   */
  async append(topic: string, acks: Acks, read: () => IncomingRecord[]): Promise<IngestOutcome> {
    try {
      const records = read();
      const route = this.#directory.known(topic) ?? (await this.#directory.find(topic));
      const chunks = this.#split(route, records);
      const results = await Promise.all(
        chunks.map((chunk) =>
          this.#appender.append(route, chunk.partition, acks, chunk.records, chunk.bytes),
        ),
      );
      return { ok: true, report: toReport(records.length, chunks, results) };
    } catch (error) {
      return { ok: false, problem: toProblem(error) };
    }
  }

  /** Groups records by partition, in groups that fit into a batch. */
  #split(route: TopicRoute, records: readonly IncomingRecord[]): Chunk[] {
    const bytesMax = route.batchBytesMax - BATCH_HEADER_BYTES;
    const problems: RecordProblem[] = [];
    const open = new Map<number, Chunk>();
    const chunks: Chunk[] = [];
    const keyless = this.#stickyPartition(route);
    for (let index = 0; index < records.length; index++) {
      const record = records[index] as IncomingRecord;
      const bytes = recordBytesMax(record);
      const partition = partitionOf(route, record, keyless);
      const problem = problemOf(route, index, partition, bytes, bytesMax);
      if (problem !== undefined) {
        problems.push(problem);
        continue;
      }
      let chunk = open.get(partition);
      if (chunk === undefined || chunk.bytes + bytes > bytesMax) {
        chunk = { partition, indexes: [], records: [], bytes: 0 };
        open.set(partition, chunk);
        chunks.push(chunk);
      }
      chunk.indexes.push(index);
      chunk.records.push(record);
      chunk.bytes += bytes;
    }
    if (problems.length > 0) refuseRecords(problems);
    return chunks;
  }

  #stickyPartition(route: TopicRoute): number {
    let sticky = this.#sticky.get(route.name);
    if (sticky === undefined) {
      if (this.#sticky.size >= STICKY_MAX) this.#sticky.clear();
      sticky = { partition: Math.floor(Math.random() * route.leaders.length) };
      this.#sticky.set(route.name, sticky);
    }
    const count = route.leaders.length;
    for (let step = 0; step < count; step++) {
      const partition = (sticky.partition + step) % count;
      if ((route.leaders[partition] ?? -1) >= 0) return partition;
    }
    return sticky.partition % count;
  }

  #moveOn(topic: string, partition: number): void {
    const sticky = this.#sticky.get(topic);
    const count = this.#directory.known(topic)?.leaders.length ?? 0;
    if (sticky === undefined || count === 0 || sticky.partition % count !== partition) return;
    sticky.partition = (partition + 1) % count;
  }
}

function partitionOf(route: TopicRoute, record: IncomingRecord, keyless: number): number {
  if (record.partition !== undefined) return record.partition;
  return record.key === null ? keyless : partitionForKey(record.key, route.leaders.length);
}

function problemOf(
  route: TopicRoute,
  index: number,
  partition: number,
  bytes: number,
  bytesMax: number,
): RecordProblem | undefined {
  if (partition >= route.leaders.length) {
    const message = `${route.name} has no partition ${partition}: it has ${route.leaders.length}`;
    return { index, code: 'unknown-partition', message };
  }
  if (bytes > bytesMax) {
    const message = `a record of about ${bytes} bytes is larger than the ${bytesMax} bytes that ${route.name} takes (max.message.bytes)`;
    return { index, code: 'record-too-large', message };
  }
  return undefined;
}

function toReport(
  count: number,
  chunks: readonly Chunk[],
  results: readonly AppendResult[],
): IngestReport {
  const records = new Array<RecordReport>(count);
  let refused = 0;
  for (let i = 0; i < chunks.length; i++) {
    const { partition, indexes } = chunks[i] as Chunk;
    const result = results[i] as AppendResult;
    if (result.ok) {
      let offset = result.baseOffset;
      for (const index of indexes) {
        records[index] = { ok: true, partition, offset };
        if (offset >= 0) offset++;
      }
    } else {
      const reports = failureReports(result.failure, indexes.length);
      reports.forEach((report, at) => (records[indexes[at] as number] = report));
      refused += indexes.length;
    }
  }
  return { records, refused };
}

/** One report per record of an append; if the broker blames some, the others' reports say so. */
function failureReports(reason: ProduceFailure, count: number): RecordFailure[] {
  const { ofRecords, ...failure } = reason;
  const report: RecordFailure = { ok: false, ...failure };
  if (ofRecords === undefined || ofRecords.size === 0) {
    return Array.from({ length: count }, () => report);
  }
  const blameless = `${failure.message} (the broker refused other records that were sent with this one)`;
  return Array.from({ length: count }, (_, at) => {
    const words = ofRecords.get(at);
    const message =
      words === undefined
        ? blameless
        : `${failure.kafkaError ?? ''}: ${words.replace(/[.\s]+$/, '')}; nothing was appended`;
    return { ...report, message };
  });
}

function toProblem(error: unknown): IngestProblem {
  if (error instanceof IngestRefusal) return error.problem;
  if (error instanceof ClusterUnavailable) {
    const { code, message, retriable, mayBeAppended } = unanswered(error.message, false);
    return { code, message, retriable, mayBeAppended };
  }
  throw error;
}
