import { PipelineDefinitionError } from '../definition/definition-error.ts';
import { type PipelineDefinition, sinkTopics } from '../definition/pipeline-definition.ts';
import type { SourceRecord } from '../definition/source-record.ts';
import { BackOff, pause } from './back-off.ts';
import { processChunk } from './chunk-processor.ts';
import { deadLetterReason } from './dead-letter.ts';
import { GroupMember } from './group-member.ts';
import { hasKafkaError, reasonOf } from './kafka-errors.ts';
import { obstacleOf } from './obstacle.ts';
import { deliver, UndeliverableRecord } from './output-delivery.ts';
import { OutputWriter } from './output-writer.ts';
import {
  type FetchedPartition,
  type PartitionPosition,
  PartitionReader,
} from './partition-reader.ts';
import type { KafkaPort, LoggerPort } from './runtime-ports.ts';
import { createMissingOutputs, createMissingTopics } from './topic-creation.ts';

export type StreamProcessorState =
  'starting' | 'running' | 'paused' | 'retrying' | 'failed' | 'stopped';

export interface StreamProcessorStatus {
  readonly state: StreamProcessorState;
  readonly consumed: number;
  readonly produced: number;
  readonly deadLettered: number;
  readonly partitions: number;
  /** Why it retries or failed last; null while all is well. */
  readonly lastError: string | null;
}

export interface StreamProcessorOptions {
  readonly definition: PipelineDefinition;
  readonly kafka: KafkaPort;
  readonly logger: LoggerPort;
  readonly paused?: boolean;
  /** Told at each change of state. */
  readonly onState?: (state: StreamProcessorState, reason: string | null) => void;
  /** Told once per poll that had dead letters: the reason of each. */
  readonly onDeadLetters?: (reasons: readonly string[]) => void;
}

const IDLE_MS = 200;
const TOPICS_CHECKED_EVERY_MS = 5_000;
const BACK_OFF = { minMs: 250, maxMs: 5_000 };

/**
 * Runs a pipeline continuously, as a member of its consumer group, at least once.
 *
 * Order of steps per poll: operators, then output and dead letters acknowledged by all in-sync
 * replicas, then the offsets committed. If the process is killed between two steps, the poll is
 * processed again. Nothing is skipped: an offset is committed only when everything before it is in
 * the sink, in the dead-letter topic, or was filtered out.
 *
 * It supervises itself. Any error ends the session (membership, reader, writer); after a back-off
 * a new one begins at the committed offsets. While the brokers are away it is `retrying`, for ever;
 * after an error of our own, or a broker's refusal, it is `failed` until the next session runs.
 * Paused, it stays a member and keeps its partitions, so that records wait, resuming is immediate
 * and offsets do not expire.
 */
export class StreamProcessor {
  readonly #options: StreamProcessorOptions;
  readonly #definition: PipelineDefinition;
  readonly #stop = new AbortController();
  readonly #counts = { consumed: 0, produced: 0, deadLettered: 0 };
  readonly #backOff = new BackOff(BACK_OFF);
  #state: StreamProcessorState = 'stopped';
  #lastError: string | null = null;
  #partitions = 0;
  #paused: boolean;
  #sourcesCreated = false;
  #ended: Promise<void> | null = null;

  constructor(options: StreamProcessorOptions) {
    const { definition } = options;
    if (!definition.runsAs.stream) {
      throw new PipelineDefinitionError(definition.name, 'it does not run as a stream processor');
    }
    this.#options = options;
    this.#definition = definition;
    this.#paused = options.paused ?? false;
  }

  get status(): StreamProcessorStatus {
    return {
      state: this.#state,
      ...this.#counts,
      partitions: this.#partitions,
      lastError: this.#lastError,
    };
  }

  /** Begins; the returned promise resolves when it has stopped, and never rejects. */
  start(): Promise<void> {
    this.#ended ??= this.#supervise();
    return this.#ended;
  }

  /** Takes effect after the poll that is in progress. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
  }

  /** Stops fetching, finishes what is in flight, commits, and leaves the group. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      if (this.#backOff.failures === 0) {
        this.#setState('starting', null);
      }
      try {
        await this.#runSession(signal);
      } catch (error) {
        this.#partitions = 0;
        const wait = this.#backOff.next();
        const log = { pipeline: this.#definition.name, err: error, waitMs: Math.round(wait) };
        this.#options.logger.warn(log, 'stream processor interrupted; it will go on');
        this.#setState(obstacleOf(error) === null ? 'failed' : 'retrying', reasonOf(error));
        await pause(wait, signal);
      }
    }
    this.#partitions = 0;
    this.#setState('stopped', null);
  }

  async #runSession(signal: AbortSignal): Promise<void> {
    const { kafka } = this.#options;
    const { groupId, source } = this.#definition;
    await this.#createTopics();
    const member = new GroupMember(kafka, groupId, source.topics);
    const reader = new PartitionReader(kafka, groupId, source.topics);
    const writer = new OutputWriter(kafka, source.topics);
    try {
      await unlessAborted(member.join(), signal);
      while (!signal.aborted) {
        await this.#runAssignment(member, reader, writer, signal);
      }
      await member.flush();
    } finally {
      // The member first: leaving lets the others take over while we close the rest.
      await member.close();
      await Promise.all([reader.close(), writer.close()]);
    }
  }

  /** Runs until the group gives another assignment, or the processor stops. */
  async #runAssignment(
    member: GroupMember,
    reader: PartitionReader,
    writer: OutputWriter,
    signal: AbortSignal,
  ): Promise<void> {
    const { joins } = member;
    await member.flush();
    const { positions, moved } = await member.positions();
    for (const { topic, partition, offset } of moved) {
      const log = { pipeline: this.#definition.name, topic, partition, offset };
      this.#options.logger.warn(
        log,
        'the log no longer holds the committed offset; from its start',
      );
    }
    await reader.assign(positions);
    this.#partitions = positions.length;
    let topicsCheckedAt = performance.now();
    while (!signal.aborted && member.joins === joins) {
      member.throwIfFailed();
      if (performance.now() - topicsCheckedAt > TOPICS_CHECKED_EVERY_MS) {
        topicsCheckedAt = performance.now();
        await member.rejoinIfTopicsGrew();
      }
      this.#setState(this.#paused ? 'paused' : 'running', null);
      if (this.#paused || positions.length === 0) {
        await pause(IDLE_MS, signal);
        continue;
      }
      const fetched = await this.#poll(member, reader);
      // Records fetched before a new assignment may be another member's now and are left to it.
      if (fetched.length > 0 && member.joins === joins) {
        await this.#processAndCommit(fetched, writer, member);
        this.#backOff.reset();
      }
    }
  }

  async #poll(member: GroupMember, reader: PartitionReader): Promise<FetchedPartition[]> {
    try {
      return await reader.next();
    } catch (error) {
      if (hasKafkaError(error, 'OFFSET_OUT_OF_RANGE')) {
        // Retention deleted the records at our position between two polls. Everything committed was
        // processed; reading the positions again finds the log start.
        await member.flush();
        const { positions } = await member.positions();
        await reader.assign(positions);
        return [];
      }
      throw error;
    }
  }

  /** If no topic takes a record, all before it is committed, so that the next try begins there. */
  async #processAndCommit(
    fetched: readonly FetchedPartition[],
    writer: OutputWriter,
    member: GroupMember,
  ): Promise<void> {
    try {
      await this.#process(fetched, writer);
      member.commit(positionsBefore(fetched, null));
    } catch (error) {
      if (error instanceof UndeliverableRecord && error.source !== null) {
        member.commit(positionsBefore(fetched, error.source));
        await member.flush();
      }
      throw error;
    }
  }

  async #process(fetched: readonly FetchedPartition[], writer: OutputWriter): Promise<void> {
    const records: SourceRecord[] =
      fetched.length === 1 ? (fetched[0]?.records ?? []) : fetched.flatMap((part) => part.records);
    const { messages, produced, deadLettered } = await processChunk(
      this.#definition,
      records,
      null,
    );
    const { refused, letters } = await deliver(this.#definition, writer, messages);
    this.#counts.consumed += records.length;
    this.#counts.produced += produced - refused;
    this.#counts.deadLettered += deadLettered + letters.length;
    const { deadLetterTopic } = this.#definition;
    const dead = [...messages.filter(({ topic }) => topic === deadLetterTopic), ...letters];
    if (dead.length > 0) {
      this.#options.onDeadLetters?.(dead.map(deadLetterReason));
    }
  }

  /**
   * Creates sources once: a topic that is deleted later stays deleted. Creates missing sinks
   * whenever a session begins.
   */
  async #createTopics(): Promise<void> {
    const { source } = this.#definition;
    const sinks = sinkTopics(this.#definition);
    const { kafka } = this.#options;
    const created = this.#sourcesCreated ? [] : await createMissingTopics(kafka, source.topics);
    this.#sourcesCreated = true;
    created.push(...(await createMissingOutputs(kafka, sinks, source.topics)));
    if (created.length > 0) {
      this.#options.logger.info({ pipeline: this.#definition.name, created }, 'topics created');
    }
  }

  #setState(state: StreamProcessorState, reason: string | null): void {
    const changed = state !== this.#state;
    this.#state = state;
    this.#lastError = reason;
    if (changed) {
      this.#options.onState?.(state, reason);
    }
  }
}

/** The positions after a poll; with an obstacle, those up to which it is processed. */
function positionsBefore(
  fetched: readonly FetchedPartition[],
  obstacle: SourceRecord | null,
): PartitionPosition[] {
  const positions: PartitionPosition[] = [];
  for (const { topic, partition, nextOffset } of fetched) {
    if (obstacle?.topic === topic && obstacle.partition === partition) {
      positions.push({ topic, partition, offset: obstacle.offset });
      break;
    }
    positions.push({ topic, partition, offset: nextOffset });
  }
  return positions;
}

/** Waits for a promise or for the abort; after the abort the promise's outcome is ignored. */
async function unlessAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  promise.catch(() => {});
  try {
    if (!signal.aborted) {
      await Promise.race([promise, stopped]);
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
