import type { PipelineDefinition } from '../definition/pipeline-definition.ts';
import type { SourceRecord } from '../definition/source-record.ts';
import {
  accumulate,
  type Accumulators,
  parseAccumulators,
  serializeAccumulators,
} from '../execution/aggregate.ts';
import { BackOff, pause } from './back-off.ts';
import type { TimeBounds } from './batch-window.ts';
import { processChunk } from './chunk-processor.ts';
import { hasKafkaError } from './kafka-errors.ts';
import { obstacleOf } from './obstacle.ts';
import { deliver } from './output-delivery.ts';
import { OutputWriter } from './output-writer.ts';
import { type FetchedPartition, PartitionReader } from './partition-reader.ts';
import type { KafkaPort, LoggerPort } from './runtime-ports.ts';

/** Where a step stands: everything before `nextOffset` is in `accumulator` or in the sink. */
export interface StepCheckpoint {
  readonly nextOffset: number;
  readonly accumulator: string | null;
  /** Records dead-lettered since the checkpoint before. */
  readonly deadLettered: number;
  readonly done: boolean;
}

export interface BatchStepOptions {
  readonly definition: PipelineDefinition;
  readonly kafka: KafkaPort;
  readonly logger: LoggerPort;
  readonly runId: string;
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: number;
  readonly endOffset: number;
  readonly bounds: TimeBounds;
  readonly accumulator: string | null;
  /** Saves a checkpoint; false: the claim is lost or the run was cancelled. */
  readonly checkpoint: (checkpoint: StepCheckpoint) => Promise<boolean>;
  /** Renews the claim while there is no checkpoint to save; false as above. */
  readonly renew: () => Promise<boolean>;
  /** Says what the step waits for before it tries again. */
  readonly meet: (obstacle: string) => Promise<void>;
  /** Aborts when the worker ends. */
  readonly signal: AbortSignal;
}

/** `lost`: another worker has the step, or the run was cancelled. */
export type BatchStepOutcome = 'done' | 'lost' | 'stopped';

const RENEW_EVERY_MS = 3_000;
const CHECKPOINT_EVERY_MS = 250;
const BACK_OFF = { minMs: 250, maxMs: 5_000 };

/**
 * Reads one partition's window and aggregates it, or writes what the operators make of it.
 *
 * It ends when the position, not a record, has reached the window's end: the last offsets may be
 * control markers or compacted away. While there is an obstacle (`obstacleOf`) it waits for ever,
 * then goes on from its last checkpoint. Rejects when the window can no longer be read, a broker
 * refuses for good, or the aggregate fails.
 */
export async function runBatchStep(options: BatchStepOptions): Promise<BatchStepOutcome> {
  const step = new BatchStep(options);
  const renewing = setInterval(() => void step.renew(), RENEW_EVERY_MS);
  const backOff = new BackOff(BACK_OFF);
  try {
    for (;;) {
      try {
        return await step.run(() => backOff.reset());
      } catch (error) {
        const { topic, partition, runId, kafka, logger, signal } = options;
        if (hasKafkaError(error, 'OFFSET_OUT_OF_RANGE')) {
          const message = `${topic}/${partition}: the log no longer holds the window's records`;
          throw new Error(message, { cause: error });
        }
        const obstacle = obstacleOf(error);
        if (obstacle === null) {
          throw error;
        }
        await throwIfGone(kafka, topic, error);
        logger.warn(
          { runId, topic, partition, err: error },
          'batch step interrupted; it will go on',
        );
        await step.meet(obstacle);
        await pause(backOff.next(), signal);
      }
    }
  } finally {
    clearInterval(renewing);
  }
}

/** A topic that a broker does not know may come to be known, but not one that was deleted. */
async function throwIfGone(kafka: KafkaPort, topic: string, cause: unknown): Promise<void> {
  if (!hasKafkaError(cause, 'UNKNOWN_TOPIC_OR_PARTITION')) {
    return;
  }
  // While nobody answers, the obstacle is the broker.
  const topics = await kafka
    .admin()
    .listTopics()
    .catch(() => [topic]);
  if (!topics.includes(topic)) {
    throw new Error(`the source topic ${topic} does not exist any more`, { cause });
  }
}

class BatchStep {
  readonly #options: BatchStepOptions;
  #nextOffset: number;
  #accumulator: string | null;
  #lost = false;

  constructor(options: BatchStepOptions) {
    this.#options = options;
    this.#nextOffset = options.nextOffset;
    this.#accumulator = options.accumulator;
  }

  async renew(): Promise<void> {
    try {
      this.#lost ||= !(await this.#options.renew());
    } catch (error) {
      // control.db could not be written; the next checkpoint shows whether the claim is lost.
      this.#options.logger.warn({ runId: this.#options.runId, err: error }, 'lease not renewed');
    }
  }

  /** Says what it waits for; that this cannot be said does not end the wait. */
  async meet(obstacle: string): Promise<void> {
    const { meet, logger, runId } = this.#options;
    await meet(obstacle).catch((error: unknown) =>
      logger.warn({ runId, err: error, obstacle }, 'what a step waits for was not recorded'),
    );
  }

  /** From the last checkpoint to the end. Rejects when something on the way failed. */
  async run(onProgress: () => void): Promise<BatchStepOutcome> {
    const { kafka, definition, topic, partition, endOffset, runId, signal } = this.#options;
    const reader = new PartitionReader(kafka, `${definition.groupId}.${runId}`, [topic]);
    const writer = new OutputWriter(kafka, definition.source.topics);
    // An earlier try may have changed the accumulators after the checkpoint: begin from what was
    // saved.
    const fold = new Fold(definition, this.#accumulator);
    let position = this.#nextOffset;
    let deadLettered = 0;
    let keptAt = performance.now();
    try {
      await reader.assign([{ topic, partition, offset: position }]);
      while (!this.#lost && !signal.aborted) {
        const fetched = position < endOffset ? await reader.next() : [];
        for (const part of fetched) {
          deadLettered += await fold.add(this.#within(part), writer);
          position = Math.min(part.nextOffset, endOffset);
        }
        const done = position >= endOffset;
        if (done || performance.now() - keptAt > CHECKPOINT_EVERY_MS) {
          await this.#keep({
            nextOffset: position,
            accumulator: fold.serialize(),
            deadLettered,
            done,
          });
          deadLettered = 0;
          keptAt = performance.now();
          onProgress();
          if (done) {
            return this.#lost ? 'lost' : 'done';
          }
        }
      }
      return this.#lost ? 'lost' : 'stopped';
    } finally {
      await Promise.all([reader.close(), writer.close()]);
    }
  }

  /** The records of a poll that lie in the window. */
  #within({ records }: FetchedPartition): SourceRecord[] {
    const { endOffset, bounds } = this.#options;
    return records.filter(
      ({ offset, timestamp }) =>
        offset < endOffset &&
        (bounds.from === null || timestamp >= bounds.from) &&
        (bounds.to === null || timestamp < bounds.to),
    );
  }

  async #keep(checkpoint: StepCheckpoint): Promise<void> {
    if (await this.#options.checkpoint(checkpoint)) {
      this.#nextOffset = checkpoint.nextOffset;
      this.#accumulator = checkpoint.accumulator;
    } else {
      this.#lost = true;
    }
  }
}

/** What a step has made of its records so far: accumulators, or a count of records written. */
class Fold {
  readonly #definition: PipelineDefinition;
  readonly #accumulators: Accumulators;
  #written = 0;

  constructor(definition: PipelineDefinition, accumulator: string | null) {
    this.#definition = definition;
    const aggregates = definition.aggregation !== null;
    this.#accumulators = parseAccumulators(aggregates ? accumulator : null);
    this.#written = aggregates ? 0 : Number(accumulator ?? 0);
  }

  /** Returns how many records were dead-lettered; what it wrote is acknowledged. */
  async add(records: readonly SourceRecord[], writer: OutputWriter): Promise<number> {
    const { aggregation } = this.#definition;
    const collect =
      aggregation === null
        ? null
        : (emission: Parameters<typeof accumulate>[2]) =>
            accumulate(aggregation, this.#accumulators, emission);
    const outcome = await processChunk(this.#definition, records, collect);
    const { refused, letters } = await deliver(this.#definition, writer, outcome.messages);
    this.#written += outcome.produced - refused;
    return outcome.deadLettered + letters.length;
  }

  serialize(): string {
    return this.#definition.aggregation === null
      ? String(this.#written)
      : serializeAccumulators(this.#accumulators);
  }
}
