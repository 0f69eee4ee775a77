import { internalTopics, type PipelineDefinition } from '../../topology/pipeline-definition.ts';
import { keyOf, type PartitionPosition } from '../partition-reader.ts';
import type { KafkaPort, LoggerPort } from '../runtime-ports.ts';

const EVERY_MS = 60_000;

/**
 * Deletes from internal topics what their tasks have used. It goes up to where the tasks were at
 * the time before, so that a state that lost its newest commit in a power cut finds its records.
 */
export class InternalTopicCleaner {
  readonly #kafka: KafkaPort;
  readonly #topics: ReadonlySet<string>;
  readonly #logger: LoggerPort;
  #before = new Map<string, PartitionPosition>();
  #at = performance.now();
  #cleaning = false;

  constructor(kafka: KafkaPort, definition: PipelineDefinition, logger: LoggerPort) {
    this.#kafka = kafka;
    this.#topics = new Set(internalTopics(definition));
    this.#logger = logger;
  }

  /** Called at each commit, with the positions that it made durable. */
  follow(positions: readonly PartitionPosition[]): void {
    const isDue = performance.now() - this.#at >= EVERY_MS;
    if (this.#topics.size === 0 || this.#cleaning || !isDue) return;
    this.#at = performance.now();
    const used = [...this.#before.values()];
    this.#before = new Map(
      positions
        .filter(({ topic }) => this.#topics.has(topic))
        .map((position) => [keyOf(position), { ...position }]),
    );
    this.#cleaning = true;
    this.#clean(used)
      .catch((error: unknown) =>
        this.#logger.warn({ err: error }, 'internal topics could not be cleaned; tried again'),
      )
      .finally(() => {
        this.#cleaning = false;
      });
  }

  async #clean(used: readonly PartitionPosition[]): Promise<void> {
    if (used.length === 0) return;
    const topics = [...new Set(used.map(({ topic }) => topic))].map((name) => ({
      name,
      partitions: used
        .filter(({ topic }) => topic === name)
        .map(({ partition, offset }) => ({ partition, offset: BigInt(offset) })),
    }));
    await this.#kafka.admin().deleteRecords({ topics });
  }
}
